import type { AlertRoute, AlertRouteStatus } from '../../crds/alert-route.ts';
import { type Fault, maxFaultsInStatus, maxStacksInStatus } from '../../crds/selection-status.ts';
import { conditionOf, mergeConditions } from '../conditions.ts';
import { decideStages, loadedText, type StackStage, unselectedGraceMs } from '../stages.ts';

export interface RouteStage extends StackStage {
  readonly lastGood: boolean;
}

export interface ObservedRoute {
  readonly object: AlertRoute;
  /** Faults that hold for every stack. */
  readonly faults: readonly Fault[];
  readonly receivers: { readonly total: number; readonly accepted: number };
  readonly contentHash: string | undefined;
  readonly stages: readonly RouteStage[];
  /** Since when no stack selects the object, and since when replicas that had loaded it do not report it. */
  readonly memory: RouteMemory;
}

export interface RouteMemory {
  readonly unselectedSinceMs?: number | undefined;
  readonly unloadedSinceMs?: number | undefined;
}

export interface RouteDecision {
  readonly status: AlertRouteStatus;
  readonly memory: RouteMemory;
  readonly recheckAfterMs: number | undefined;
}

/** Replicas lost for less than this are not reported: they restart, and load the same. */
const dampingMs = 30_000;

export function decideRouteStatus(observed: ObservedRoute, nowMs: number): RouteDecision {
  const { object, faults, stages, memory } = observed;
  const isSelected = stages.some((stage) => stage.verdict.selected);
  const stalled = conditionOf(object.status?.conditions, 'Stalled');
  const wasUnselected =
    stalled?.status === 'True' && ['NotSelected', 'NotPermitted'].includes(stalled.reason);
  const unselectedSinceMs = isSelected
    ? undefined
    : (memory.unselectedSinceMs ?? (wasUnselected ? nowMs - unselectedGraceMs : nowMs));
  const unselectedForMs = unselectedSinceMs === undefined ? 0 : nowMs - unselectedSinceMs;
  const { generation } = object.metadata;
  const status: AlertRouteStatus = {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    conditions: mergeConditions(
      object.status?.conditions,
      decideStages({
        faults,
        accepted: { parts: observed.receivers.accepted, of: observed.receivers.total, noun: 'receivers' },
        stages,
        unselectedForMs,
      }),
      generation,
      nowMs,
    ),
    ...(faults.length === 0 ? {} : { faults: faults.slice(0, maxFaultsInStatus) }),
    ...(observed.contentHash === undefined ? {} : { contentHash: observed.contentHash }),
    loaded: loadedText(stages),
    receivers: observed.receivers,
    stacks: entries(stages),
  };
  const recheckAfterMs =
    unselectedSinceMs !== undefined && unselectedForMs < unselectedGraceMs
      ? unselectedGraceMs - unselectedForMs
      : undefined;
  if (!isPassingLoss(object, status)) return { status, memory: { unselectedSinceMs }, recheckAfterMs };
  const unloadedSinceMs = memory.unloadedSinceMs ?? nowMs;
  const lostForMs = nowMs - unloadedSinceMs;
  if (lostForMs >= dampingMs)
    return { status, memory: { unselectedSinceMs, unloadedSinceMs }, recheckAfterMs };
  return {
    status: object.status!,
    memory: { unselectedSinceMs, unloadedSinceMs },
    recheckAfterMs: dampingMs - lostForMs,
  };
}

/** The same content of the same generation, loaded before and not now: a restart, or a rotated secret on its way. */
function isPassingLoss(object: AlertRoute, truth: AlertRouteStatus): boolean {
  const before = object.status;
  const was = (type: string) => conditionOf(before?.conditions, type)?.status;
  const is = (type: string) => conditionOf(truth.conditions, type)?.status;
  return (
    before?.contentHash === truth.contentHash &&
    before?.observedGeneration === truth.observedGeneration &&
    was('Accepted') === is('Accepted') &&
    was('Loaded') === 'True' &&
    is('Loaded') === 'False' &&
    truth.stacks?.some((stack) => stack.selected) === true &&
    conditionOf(truth.conditions, 'Loaded')?.reason !== 'Quarantined'
  );
}

function entries(stages: readonly RouteStage[]): NonNullable<AlertRouteStatus['stacks']> {
  const text = (stage: StackStage) => `${stage.namespace}/${stage.name}`;
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
        ...(stage.faults.length === 0 ? {} : { faults: stage.faults.slice(0, 20) }),
        ...(stage.lastGood ? { lastGood: true } : {}),
      };
    });
}
