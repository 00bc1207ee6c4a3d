import { type Fault, maxFaultsInStatus, maxStacksInStatus } from '../../crds/selection-status.ts';
import type { Silence, SilenceStackStatus, SilenceStatus, SilenceWindowStatus } from '../../crds/silence.ts';
import { mergeConditions, timeText } from '../conditions.ts';
import type { Verdict } from '../selection.ts';
import { decideStages, decideSuspended, loadedText, type StackStage } from '../stages.ts';
import type { ClusterPlan, ReplicaView } from './plan.ts';
import type { Window } from './windows.ts';

/** One stack as a Silence sees it. */
export interface ClusterState {
  readonly namespace: string;
  readonly name: string;
  readonly verdict: Verdict;
  readonly replicas: readonly ReplicaView[];
  /** Absent where the stack does not take the object. */
  readonly plan?: ClusterPlan;
  /** What an Alertmanager said that refused a request. */
  readonly error?: string;
}

export interface StatusInput {
  readonly object: Silence;
  readonly faults: readonly Fault[];
  /** Windows that should exist now. */
  readonly windows: readonly Window[];
  /** The current window or the next. */
  readonly next: Window | undefined;
  readonly clusters: readonly ClusterState[];
  readonly unselectedForMs: number;
}

export function silenceStatus(input: StatusInput, nowMs: number): SilenceStatus {
  const { object, faults } = input;
  const isSuspended = object.spec.suspend === true;
  const isLeft = isSuspended || faults.length > 0;
  const clusters = isLeft ? input.clusters.map(asLeft) : input.clusters;
  const next = isLeft ? shownWindow(clusters) : input.next;
  const generation = object.metadata.generation;
  const stages = clusters.map((cluster) =>
    isLeft ? stageLeft(cluster) : stageOf(cluster, input.windows, nowMs),
  );
  const accepted = faults.length === 0 ? 1 : 0;
  const conditions = mergeConditions(
    object.status?.conditions,
    isSuspended
      ? decideSuspended(stages, [])
      : decideStages({
          faults,
          accepted: { parts: accepted, of: 1, noun: 'silence' },
          stages,
          unselectedForMs: input.unselectedForMs,
        }),
    generation,
    nowMs,
  );
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    conditions,
    ...(faults.length === 0 ? {} : { faults: faults.slice(0, maxFaultsInStatus) }),
    ...(next === undefined
      ? {}
      : {
          state: stateOf(next, nowMs),
          startsAt: timeText(next.startsAtMs),
          endsAt: timeText(next.endsAtMs),
        }),
    confirmed: loadedText(stages),
    stacks: [...clusters]
      .sort((a, b) => Number(b.verdict.selected) - Number(a.verdict.selected))
      .slice(0, maxStacksInStatus)
      .map((cluster) => stackStatus(cluster, nowMs)),
  };
}

/** A faulty or suspended object changes nothing: what is in force is what was there before, if anything. */
function asLeft({ plan, ...cluster }: ClusterState): ClusterState {
  if (plan === undefined) return cluster;
  return { ...cluster, plan: { ...plan, kept: plan.live.map((silence) => ({ window: silence, silence })) } };
}

function shownWindow(clusters: readonly ClusterState[]): Window | undefined {
  return clusters
    .flatMap(({ plan }) => plan?.kept ?? [])
    .map(({ window }) => window)
    .sort((a, b) => a.startsAtMs - b.startsAtMs)[0];
}

function stageLeft(cluster: ClusterState): StackStage {
  const windows = (cluster.plan?.kept ?? []).map(({ window }) => window);
  const stage = stageOf(cluster, windows, Number.NEGATIVE_INFINITY);
  return { ...stage, programmed: true, loaded: windows.length === 0 ? 0 : stage.loaded };
}

/** A member counts as confirmed when it lists the silence of every window that should exist now. */
function stageOf(cluster: ClusterState, windows: readonly Window[], nowMs: number): StackStage {
  const { namespace, name, verdict, replicas, plan, error } = cluster;
  const due = windows.filter(({ endsAtMs }) => endsAtMs > nowMs).length;
  const kept = plan?.kept ?? [];
  const confirmed = replicas.filter(
    ({ silences }) =>
      silences !== undefined &&
      kept.length === due &&
      kept.every(({ silence }) => silences.some(({ id, state }) => id === silence.id && state !== 'expired')),
  );
  return {
    namespace,
    name,
    verdict,
    programmed: kept.length === due && (plan?.surplus ?? 0) === 0,
    loaded: confirmed.length,
    replicas: replicas.length,
    faults: [],
    ...(error === undefined ? {} : { quarantined: error }),
  };
}

const maxSilencesInStatus = 16;

function stackStatus(
  { namespace, name, verdict, replicas, plan }: ClusterState,
  nowMs: number,
): SilenceStackStatus {
  const silences = (plan?.kept ?? []).slice(0, maxSilencesInStatus).map(
    ({ window, silence }): SilenceWindowStatus => ({
      id: silence.id,
      startsAt: timeText(window.startsAtMs),
      endsAt: timeText(window.endsAtMs),
      state: stateOf(window, nowMs),
      replicas: replicas.map((replica) => ({
        name: replica.name,
        state: replicaState(replica, silence.id, nowMs),
      })),
    }),
  );
  return {
    namespace,
    name,
    selected: verdict.selected,
    reason: verdict.reason,
    ...(verdict.selected ? {} : { message: verdict.message }),
    ...(silences.length === 0 ? {} : { silences }),
  };
}

function stateOf({ startsAtMs, endsAtMs }: Window, nowMs: number): 'Pending' | 'Active' | 'Expired' {
  return nowMs < startsAtMs ? 'Pending' : nowMs < endsAtMs ? 'Active' : 'Expired';
}

function replicaState(
  { silences }: ReplicaView,
  id: string,
  nowMs: number,
): 'Pending' | 'Active' | 'Expired' | 'Missing' | 'Unreachable' {
  if (silences === undefined) return 'Unreachable';
  const found = silences.find((silence) => silence.id === id);
  if (found === undefined) return 'Missing';
  if (found.state === 'expired') return 'Expired';
  return stateOf(found, nowMs);
}
