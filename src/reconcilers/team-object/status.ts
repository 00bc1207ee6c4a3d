import {
  type Fault,
  maxFaultsInStack,
  maxFaultsInStatus,
  maxStacksInStatus,
  type TeamStatus,
} from '../../crds/selection-status.ts';
import { conditionOf, mergeConditions } from '../conditions.ts';
import { decideStages, decideSuspended, loadedText, type StackStage, unselectedGraceMs } from '../stages.ts';
import type { TeamKind, TeamObject, TeamStage } from './kind.ts';
import type { TeamRecord } from './record.ts';

export interface ObservedObject<O extends TeamObject, S extends TeamStage> {
  readonly object: O;
  /** Faults that hold for every stack. */
  readonly faults: readonly Fault[];
  /** Parts without a fault. */
  readonly accepted: number;
  readonly contentHash: string | undefined;
  readonly stages: readonly S[];
  readonly memory: TeamMemory;
}

/** What outlives one decision, so that passing states are not reported. */
export interface TeamMemory {
  /** Since when no stack selects the object. */
  readonly unselectedSinceMs?: number | undefined;
  /** Since when replicas that had loaded it do not report it. */
  readonly unloadedSinceMs?: number | undefined;
}

export interface TeamDecision {
  readonly status: TeamStatus;
  readonly memory: TeamMemory;
  /** Look again after this time although nothing happened. */
  readonly recheckAfterMs: number | undefined;
}

/** Replicas lost for less than this are not reported: they restart, and load the same. */
const dampingMs = 30_000;

export function decideTeamStatus<O extends TeamObject, R extends TeamRecord, S extends TeamStage>(
  kind: Pick<TeamKind<O, R, S>, 'parts' | 'conditions' | 'fields' | 'entry'>,
  observed: ObservedObject<O, S>,
  nowMs: number,
): TeamDecision {
  const { object, faults, stages, memory } = observed;
  const { generation } = object.metadata;
  const isSuspended = object.spec.suspend === true;
  const isSelected = stages.some(({ verdict }) => verdict.selected);
  const unselectedSinceMs =
    isSelected || isSuspended
      ? undefined
      : notAhead(memory.unselectedSinceMs ?? firstUnselectedMs(object, nowMs), nowMs);
  const unselectedForMs = unselectedSinceMs === undefined ? 0 : nowMs - unselectedSinceMs;
  const more = kind.conditions(stages);
  const drafts = isSuspended
    ? decideSuspended(stages, more)
    : decideStages({
        faults,
        accepted: { ...kind.parts(object), parts: observed.accepted },
        stages,
        unselectedForMs,
        more,
      });
  const status: TeamStatus = {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    conditions: [
      ...(isSuspended ? acceptedBefore(object) : []),
      ...mergeConditions(object.status?.conditions, drafts, generation, nowMs),
    ],
    ...(faults.length === 0 ? {} : { faults: faults.slice(0, maxFaultsInStatus) }),
    ...(observed.contentHash === undefined ? {} : { contentHash: observed.contentHash }),
    loaded: loadedText(stages),
    ...kind.fields(object, observed.accepted, stages),
    stacks: entries(kind, stages),
  };
  const recheckAfterMs =
    unselectedSinceMs !== undefined && unselectedForMs < unselectedGraceMs
      ? unselectedGraceMs - unselectedForMs
      : undefined;
  if (!isPassingLoss(object, status)) return { status, memory: { unselectedSinceMs }, recheckAfterMs };
  const unloadedSinceMs = notAhead(memory.unloadedSinceMs ?? nowMs, nowMs);
  const lostForMs = nowMs - unloadedSinceMs;
  const next = { unselectedSinceMs, unloadedSinceMs };
  return lostForMs >= dampingMs
    ? { status, memory: next, recheckAfterMs }
    : { status: object.status!, memory: next, recheckAfterMs: dampingMs - lostForMs };
}

/** A wall clock that was put back since must not let a grace time last for ever. */
const notAhead = (sinceMs: number, nowMs: number) => Math.min(sinceMs, nowMs);

/** What was said of the version that was judged last: a suspended object is not judged. */
function acceptedBefore({ status }: TeamObject) {
  const accepted = conditionOf(status?.conditions, 'Accepted');
  return accepted === undefined ? [] : [accepted];
}

/** An object that already was stalled for want of a stack stays so over a restart of the operator. */
function firstUnselectedMs({ status }: TeamObject, nowMs: number): number {
  const stalled = conditionOf(status?.conditions, 'Stalled');
  const isOld = stalled?.status === 'True' && ['NotSelected', 'NotPermitted'].includes(stalled.reason);
  return isOld ? nowMs - unselectedGraceMs : nowMs;
}

/** The same content of the same generation, loaded before and not now: a restart, or a rotated secret on its way. */
function isPassingLoss(object: TeamObject, truth: TeamStatus): boolean {
  const before = object.status;
  const was = (type: string) => conditionOf(before?.conditions, type)?.status;
  const is = (type: string) => conditionOf(truth.conditions, type)?.status;
  return (
    before?.contentHash === truth.contentHash &&
    before?.observedGeneration === truth.observedGeneration &&
    was('Accepted') === is('Accepted') &&
    was('Loaded') === 'True' &&
    is('Loaded') === 'False' &&
    truth.stacks?.some(({ selected }) => selected) === true &&
    conditionOf(truth.conditions, 'Loaded')?.reason !== 'Quarantined'
  );
}

function entries<S extends TeamStage>(
  kind: { entry(stage: S): object },
  stages: readonly S[],
): NonNullable<TeamStatus['stacks']> {
  const text = ({ namespace, name }: StackStage) => `${namespace}/${name}`;
  return [...stages]
    .sort((a, b) => Number(b.verdict.selected) - Number(a.verdict.selected) || (text(a) < text(b) ? -1 : 1))
    .slice(0, maxStacksInStatus)
    .map((stage) => {
      const { namespace, name, verdict } = stage;
      const base = { namespace, name, selected: verdict.selected, reason: verdict.reason };
      if (!verdict.selected) return { ...base, message: verdict.message };
      return {
        ...base,
        programmed: stage.programmed,
        loaded: stage.loaded,
        replicas: stage.replicas,
        ...(stage.faults.length === 0 ? {} : { faults: stage.faults.slice(0, maxFaultsInStack) }),
        ...(stage.lastGood ? { lastGood: true } : {}),
        ...kind.entry(stage),
      };
    });
}
