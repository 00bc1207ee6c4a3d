import type { Clock } from '../../base/clock.ts';
import type { AlertRuleSet } from '../../crds/alert-rule-set.ts';
import type { Fault } from '../../crds/selection-status.ts';
import { ruleFilePath } from '../../render/names.ts';
import type { Fleet, ObjectSource, StackVerdict } from '../fleet/fleet.ts';
import type { RuleSetCompilation } from '../monitoring-stack/rules.ts';
import { parseKey } from '../object.ts';
import type { EventSink, ObjectWriter } from '../ports.ts';
import { announceTransitions } from '../transitions.ts';
import { defaultDialect } from './compile.ts';
import {
  decideRuleSetStatus,
  type EvaluationError,
  type RuleSetMemory,
  type RuleSetStage,
} from './status.ts';

export interface RuleSetReconcilerParts {
  readonly fleet: Fleet;
  readonly ruleSets: ObjectSource<AlertRuleSet>;
  readonly compilation: RuleSetCompilation;
  readonly writer: ObjectWriter;
  readonly events: EventSink;
  readonly clock: Clock;
}

/** Keeps the status of one AlertRuleSet true. The rules themselves go live with their stacks. */
export class RuleSetReconciler {
  readonly #parts: RuleSetReconcilerParts;
  readonly #memories = new Map<string, RuleSetMemory>();

  constructor(parts: RuleSetReconcilerParts) {
    this.#parts = parts;
  }

  async reconcile(key: string): Promise<{ readonly requeueAfterMs?: number } | undefined> {
    const { fleet, ruleSets, writer, events, clock } = this.#parts;
    const object = ruleSets.get(key);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) {
      this.#memories.delete(key);
      return undefined;
    }
    if (object.spec.suspend === true) return undefined;
    const verdicts = fleet.verdicts('ruleSets', object);
    // A stack that has not looked at this version yet will say so when it has.
    if (verdicts.some((each) => isAwaited(each, key, object))) return undefined;
    const stages = verdicts.map((each) => stageOf(each, key));
    const faults = await this.#faults(object, verdicts, key);
    const records = verdicts.flatMap(({ stack, verdict }) =>
      verdict.selected ? [stack.ruleSets.records.get(key)] : [],
    );
    const first = records.find((record) => record !== undefined);
    const bad = new Set(
      faults.map((fault) => /^spec\.groups\[(.*?)\](\.|$)/.exec(fault.path)?.[1] ?? fault.path),
    );
    const groups = object.spec.groups?.length ?? 0;
    const decision = decideRuleSetStatus(
      {
        object,
        faults,
        acceptedGroups: first?.acceptedGroups ?? Math.max(0, groups - bad.size),
        contentHash: first?.contentHash,
        stages: stages.map((stage) => ({
          ...stage,
          faults: stage.faults.filter((fault) => !has(faults, fault)),
        })),
        memory: this.#memories.get(key) ?? {},
      },
      clock.nowMs(),
    );
    if (decision.memory.unselectedSinceMs === undefined && decision.memory.unsettledSinceMs === undefined)
      this.#memories.delete(key);
    else this.#memories.set(key, decision.memory);
    announceTransitions(events, object, object.status?.conditions, decision.status.conditions);
    await writer.setStatus(object, decision.status);
    return decision.recheckAfterMs === undefined ? undefined : { requeueAfterMs: decision.recheckAfterMs };
  }

  /** Faults in every selecting stack; where none selects, those by the default version. */
  async #faults(
    object: AlertRuleSet,
    verdicts: readonly StackVerdict[],
    key: string,
  ): Promise<readonly Fault[]> {
    const lists = verdicts.flatMap(({ stack, verdict }) => {
      const record = verdict.selected ? stack.ruleSets.records.get(key) : undefined;
      return record === undefined ? [] : [record.faults];
    });
    const [first, ...others] = lists;
    if (first !== undefined) return first.filter((fault) => others.every((list) => has(list, fault)));
    const compiled = await this.#parts.compilation.compile(object, defaultDialect);
    return compiled.groups.flatMap((group) => group.faults);
  }
}

function has(list: readonly Fault[], fault: Fault): boolean {
  return list.some(
    (each) => each.path === fault.path && each.code === fault.code && each.message === fault.message,
  );
}

function isAwaited({ stack, verdict }: StackVerdict, key: string, object: AlertRuleSet): boolean {
  if (!verdict.selected || stack.problem !== undefined) return false;
  const record = stack.ruleSets.records.get(key);
  const { uid, generation = 0 } = object.metadata;
  return (
    !stack.programmedOnce || record === undefined || record.uid !== uid || record.generation < generation
  );
}

function stageOf({ stack, verdict }: StackVerdict, key: string): RuleSetStage {
  const { namespace, name } = parseKey(key);
  const path = ruleFilePath(namespace, name);
  const record = stack.ruleSets.records.get(key);
  const bundle = stack.ruleBundle;
  const progress = bundle.progress(path);
  const refusal = bundle.refusal(path);
  const faults: Fault[] = [...(record?.faults ?? [])];
  if (refusal !== undefined) faults.push({ path: 'spec', code: 'BundleFull', message: refusal });
  if (stack.problem !== undefined)
    faults.push({ path: 'spec', code: stack.problem.code, message: `the stack: ${stack.problem.message}` });
  // Everything that the stack can take is there also when nothing of the object is left to take.
  const isEmpty = record !== undefined && record.contentHash === undefined;
  return {
    namespace: stack.key.namespace,
    name: stack.key.name,
    verdict,
    programmed: refusal === undefined && record !== undefined && (isEmpty || progress?.programmed === true),
    loaded: isEmpty ? bundle.replicas.size : (progress?.loaded ?? 0),
    replicas: bundle.replicas.size,
    faults,
    quarantined: progress?.quarantined,
    lastGood: record?.lastGood ?? false,
    evaluationErrors: evaluationErrors(stack.ruleBundle, path),
  };
}

function evaluationErrors(bundle: StackVerdict['stack']['ruleBundle'], path: string): EvaluationError[] {
  const errors = new Map<string, EvaluationError>();
  for (const [, report] of bundle.replicas.pods()) {
    for (const fault of report?.ruleHealth ?? []) {
      if (fault.path === path) errors.set(fault.group, { group: fault.group, error: fault.error });
    }
  }
  return [...errors.values()].sort((a, b) => (a.group < b.group ? -1 : 1));
}
