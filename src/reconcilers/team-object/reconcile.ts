import type { Clock } from '../../base/clock.ts';
import type { Fault } from '../../crds/selection-status.ts';
import type { Fleet, ObjectSource, StackVerdict } from '../fleet/fleet.ts';
import { parseKey } from '../object.ts';
import type { EventSink, ObjectWriter } from '../ports.ts';
import { announceTransitions } from '../transitions.ts';
import type { TeamKind, TeamObject, TeamStage } from './kind.ts';
import type { TeamRecord } from './record.ts';
import { decideTeamStatus, type TeamMemory } from './status.ts';

export interface TeamReconcilerParts<O> {
  readonly fleet: Fleet;
  readonly objects: ObjectSource<O>;
  readonly writer: ObjectWriter;
  readonly events: EventSink;
  readonly clock: Clock;
}

/**
 * Keeps the status of one team object true: what of it is accepted, written into the bundles of the stacks that select it, and
 * loaded by their replicas. The content itself goes live with its stacks.
 */
export class TeamObjectReconciler<O extends TeamObject, R extends TeamRecord, S extends TeamStage> {
  readonly #kind: TeamKind<O, R, S>;
  readonly #parts: TeamReconcilerParts<O>;
  readonly #memories = new Map<string, TeamMemory>();

  constructor(kind: TeamKind<O, R, S>, parts: TeamReconcilerParts<O>) {
    this.#kind = kind;
    this.#parts = parts;
  }

  async reconcile(key: string): Promise<{ readonly requeueAfterMs?: number } | undefined> {
    const { fleet, objects, writer, events, clock } = this.#parts;
    const kind = this.#kind;
    const object = objects.get(key);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) {
      this.#memories.delete(key);
      return undefined;
    }
    const verdicts = fleet.verdicts(kind.kind, object);
    // A stack that has not looked at this version yet will say so when it has.
    if (verdicts.some((each) => this.#isAwaited(each, key, object))) return undefined;
    const stages = verdicts.map((each) => this.#stageOf(each, key, object));
    const records = verdicts.flatMap(({ stack, verdict }) => {
      const record = verdict.selected ? kind.view(stack).records.get(key) : undefined;
      return record === undefined ? [] : [record];
    });
    const judged = await this.#judge(object, records);
    const decision = decideTeamStatus(
      kind,
      {
        object,
        ...judged,
        stages: stages.map((stage) => ({
          ...stage,
          faults: stage.faults.filter((fault) => !has(judged.faults, fault)),
        })),
        memory: this.#memories.get(key) ?? {},
      },
      clock.nowMs(),
    );
    const { unselectedSinceMs, unloadedSinceMs } = decision.memory;
    if (unselectedSinceMs === undefined && unloadedSinceMs === undefined) this.#memories.delete(key);
    else this.#memories.set(key, decision.memory);
    announceTransitions(events, object, object.status?.conditions, decision.status.conditions);
    await writer.setStatus(object, decision.status);
    return decision.recheckAfterMs === undefined ? undefined : { requeueAfterMs: decision.recheckAfterMs };
  }

  /** What holds for every selecting stack; where none selects, what the object says by itself. */
  async #judge(
    object: O,
    records: readonly R[],
  ): Promise<{
    readonly faults: readonly Fault[];
    readonly accepted: number;
    readonly contentHash: string | undefined;
  }> {
    const kind = this.#kind;
    const [first, ...others] = records;
    if (object.spec.suspend === true) {
      const { faults = [], contentHash } = object.status ?? {};
      return { faults, contentHash, accepted: kind.acceptedBefore(object) };
    }
    if (first === undefined) return { ...(await kind.judgeAlone(object)), contentHash: undefined };
    const faults = first.faults.filter((fault) => others.every((record) => has(record.faults, fault)));
    return { faults, accepted: first.accepted, contentHash: first.contentHash };
  }

  #isAwaited({ stack, verdict }: StackVerdict, key: string, object: O): boolean {
    if (!verdict.selected || stack.problem !== undefined) return false;
    if (!stack.programmedOnce) return true;
    // Its newest version is not looked at.
    if (object.spec.suspend === true) return false;
    const record = this.#kind.view(stack).records.get(key);
    const { uid, generation = 0 } = object.metadata;
    return record === undefined || record.uid !== uid || record.generation < generation;
  }

  #stageOf({ stack, verdict }: StackVerdict, key: string, object: O): S {
    const kind = this.#kind;
    const path = kind.path(parseKey(key));
    const record = kind.view(stack).records.get(key);
    const bundle = kind.bundle(stack);
    const progress = bundle.progress(path);
    const refusal = bundle.refusal(path);
    const faults: Fault[] = [...(record?.faults ?? [])];
    if (refusal !== undefined) faults.push({ path: 'spec', code: 'BundleFull', message: refusal });
    if (stack.problem !== undefined)
      faults.push({ path: 'spec', code: stack.problem.code, message: `the stack: ${stack.problem.message}` });
    const isSuspended = object.spec.suspend === true;
    // Everything that the stack can take is there also when nothing of the object is left to take, but not loaded.
    const isEmpty = record !== undefined && record.contentHash === undefined && !isSuspended;
    const isRefused = isEmpty && record.faults.length > 0;
    const base: TeamStage = {
      namespace: stack.key.namespace,
      name: stack.key.name,
      verdict,
      programmed:
        refusal === undefined &&
        (record !== undefined || isSuspended) &&
        (isEmpty || progress?.programmed === true),
      loaded: isRefused ? 0 : isEmpty ? bundle.replicas.size : (progress?.loaded ?? 0),
      ...(isRefused ? { refused: true } : {}),
      ...(stack.problem === undefined ? {} : { problem: stack.problem }),
      replicas: bundle.replicas.size,
      faults,
      quarantined: progress?.quarantined,
      lastGood: record?.lastGood ?? false,
    };
    return kind.stage(base, { stack, record, path }, object);
  }
}

function has(list: readonly Fault[], fault: Fault): boolean {
  return list.some(
    (each) => each.path === fault.path && each.code === fault.code && each.message === fault.message,
  );
}
