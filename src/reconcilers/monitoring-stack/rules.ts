import type { Clock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import { type AlertRuleSet, maxPartialRulesInStatus, type RuleGroup } from '../../crds/alert-rule-set.ts';
import type { BundleFile } from '../../render/bundle/slot.ts';
import { checkRuleGroup } from '../../render/checks/rule-group.ts';
import { ruleFilePath, ruleSetOfPath } from '../../render/names.ts';
import type { CompiledRuleSet, RuleDialect } from '../alert-rule-set/compile.ts';
import type { RuleSetRecord } from '../alert-rule-set/record.ts';
import { assembleRuleFile } from '../alert-rule-set/rule-file.ts';
import type { Fleet, ObjectSource } from '../fleet/fleet.ts';
import type { StackState } from '../fleet/stack-state.ts';
import { parseKey } from '../object.ts';
import type { Breather } from '../ports.ts';

/** Compiles one rule set: a small one at once, a large one elsewhere, as it must not hold up this thread. Never fails. */
export interface RuleSetCompilation {
  compile(object: AlertRuleSet, dialect: RuleDialect): CompiledRuleSet | Promise<CompiledRuleSet>;
}

export interface RuleUpdate {
  /** Rule sets whose part in the bundle, or whose faults, may have changed. */
  readonly touched: readonly string[];
  /** Slots that lost their last file. */
  readonly emptied: readonly string[];
}

interface Step {
  readonly key: string;
  readonly put?: BundleFile;
  readonly remove?: string;
  readonly record?: RuleSetRecord;
}

/**
 * Compiles what changed for this stack since the last call and packs it. What takes long is left for the next call, so that
 * no rule set waits for another one. When it fails nothing is taken over, and the same keys are looked at again.
 */
export async function updateRules(
  stack: StackState,
  dialect: RuleDialect,
  fleet: Pick<Fleet, 'verdict'>,
  ruleSets: ObjectSource<AlertRuleSet>,
  compilation: RuleSetCompilation,
  breather: Breather,
  clock: Clock,
): Promise<RuleUpdate> {
  if (stack.ruleDialect !== dialect.key) {
    for (const key of stack.ruleSets.records.keys()) stack.ruleSets.mark(key);
    stack.ruleDialect = dialect.key;
  }
  const keys = stack.ruleSets.take();
  const steps: Step[] = [];
  let deferred: readonly string[];
  let emptied: readonly string[];
  try {
    const slow = new Map<string, Promise<Step>>();
    for (const key of keys) {
      const step = stepOf(key, stack, dialect, fleet, ruleSets, compilation);
      if (step instanceof Promise) slow.set(key, step);
      else if (step !== undefined) steps.push(step);
      await breather.breathe();
    }
    deferred = await takeFinished(slow, steps, clock);
    ({ emptied } = await stack.ruleBundle.change(
      {
        put: steps.flatMap(({ put }) => (put === undefined ? [] : [put])),
        remove: steps.flatMap(({ remove }) => (remove === undefined ? [] : [remove])),
      },
      breather,
    ));
  } catch (error) {
    for (const key of keys) stack.ruleSets.mark(key);
    throw error;
  }
  for (const { key, record } of steps) {
    if (record === undefined) stack.ruleSets.records.delete(key);
    else stack.ruleSets.records.set(key, record);
  }
  stack.ruleSets.release();
  for (const key of deferred) stack.ruleSets.mark(key);
  return { touched: steps.map(({ key }) => key), emptied };
}

/** Adds the steps that are done within a moment; returns the keys of the others. */
async function takeFinished(
  slow: ReadonlyMap<string, Promise<Step>>,
  steps: Step[],
  clock: Clock,
): Promise<readonly string[]> {
  if (slow.size === 0) return [];
  const unfinished = new Set(slow.keys());
  let closed = false;
  const waiting = new AbortController();
  const all = Promise.all(
    [...slow].map(async ([key, step]) => {
      const done = await step;
      if (closed) return;
      steps.push(done);
      unfinished.delete(key);
    }),
  );
  // Whoever loses the race may still end badly; that is no longer of interest.
  all.catch(() => {});
  try {
    await Promise.race([all, clock.sleep(limits.compilePatienceMs, waiting.signal).catch(() => {})]);
  } finally {
    closed = true;
    waiting.abort();
  }
  return [...unfinished];
}

/** After a restart: what lies in the bundle of sets that may be gone by now is looked at as well. */
export function markRecovered(stack: StackState): void {
  for (const path of stack.ruleBundle.paths()) {
    const owner = ruleSetOfPath(path);
    if (owner !== undefined) stack.ruleSets.mark(`${owner.namespace}/${owner.name}`);
  }
}

function stepOf(
  key: string,
  stack: StackState,
  dialect: RuleDialect,
  fleet: Pick<Fleet, 'verdict'>,
  ruleSets: ObjectSource<AlertRuleSet>,
  compilation: RuleSetCompilation,
): Step | Promise<Step> | undefined {
  const { namespace, name } = parseKey(key);
  const path = ruleFilePath(namespace, name);
  const object = ruleSets.get(key);
  const isGone = object === undefined || object.metadata.deletionTimestamp !== undefined;
  if (isGone) return { key, remove: path };
  if (object.spec.suspend === true) return undefined;
  if (!fleet.verdict('ruleSets', stack, object).selected) return { key, remove: path };
  const { uid = '', generation = 0 } = object.metadata;
  const known = stack.ruleSets.records.get(key);
  if (
    known?.uid === uid &&
    known.generation === generation &&
    known.dialect === dialect.key &&
    stack.ruleBundle.refusal(path) === undefined
  )
    return undefined;
  const isKnownGood = known?.uid === uid && known.dialect === dialect.key;
  const finish = (compiled: CompiledRuleSet) =>
    assembledStep(key, object, compiled, { stack, dialect, isKnownGood });
  const compiled = compilation.compile(object, dialect);
  return compiled instanceof Promise ? compiled.then(finish) : finish(compiled);
}

/** `isKnownGood`: what the bundle holds was compiled for this dialect, so it need not be checked again. */
function assembledStep(
  key: string,
  { metadata }: AlertRuleSet,
  compiled: CompiledRuleSet,
  context: { readonly stack: StackState; readonly dialect: RuleDialect; readonly isKnownGood: boolean },
): Step {
  const { stack, dialect, isKnownGood } = context;
  const { namespace = '', name, uid = '', generation = 0 } = metadata;
  const path = ruleFilePath(namespace, name);
  const previous = stack.ruleBundle.file(path);
  const isStillGood = (group: RuleGroup) => isKnownGood || checkRuleGroup(group, dialect).length === 0;
  const assembled = assembleRuleFile({ namespace, name, uid }, compiled, previous, isStillGood);
  const record: RuleSetRecord = {
    uid,
    generation,
    dialect: dialect.key,
    accepted: compiled.groups.filter((group) => group.rendered !== undefined).length,
    faults: compiled.groups.flatMap((group) => group.faults),
    contentHash: assembled.contentHash,
    lastGood: assembled.lastGoodGroups.length > 0,
    partialRules: compiled.partialRules.slice(0, maxPartialRulesInStatus),
  };
  return assembled.file === undefined ? { key, record, remove: path } : { key, record, put: assembled.file };
}
