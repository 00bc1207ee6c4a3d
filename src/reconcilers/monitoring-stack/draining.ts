import { limits } from '../../base/limits.ts';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { Drain } from '../../render/bundle/bundle-index.ts';
import type { ShipperReport } from '../../render/bundle/shipper-report.ts';
import { prometheusPodName, prometheusShardName } from '../../render/names.ts';
import { ships } from '../../render/workload/object-store.ts';
import type { KubeObject } from '../object.ts';
import type { StackFault } from './status.ts';

interface StatefulSet {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas?: number };
}

export interface Draining {
  /** The stack as its pods are to be now: with those that are to go, until all of them are drained. */
  readonly effective: MonitoringStack;
  /** What the pods are told; undefined where none is to go. */
  readonly drain: Drain | undefined;
  /** Pods that are waited for, with what they report. */
  readonly waiting: readonly { readonly pod: string; readonly state: string }[];
}

/**
 * Which Prometheus pods are to go and whether they may. A pod whose blocks are shipped goes only when it reports that
 * everything it ever took is in the bucket; until all may go none does. Without a shipper a pod goes at once.
 */
export function decideDraining(
  stack: MonitoringStack,
  live: ReadonlyMap<string, KubeObject>,
  reportOf: (pod: string) => ShipperReport | undefined,
): Draining {
  const none: Draining = { effective: stack, drain: undefined, waiting: [] };
  if (!ships(stack)) return none;
  const { shards = 1, replicas = 2 } = stack.spec.prometheus ?? {};
  const { name } = stack.metadata;
  let [liveShards, liveReplicas] = [shards, replicas];
  const leaving: string[] = [];
  for (let shard = 0; shard < maxShards; shard++) {
    const set = live.get(prometheusShardName(name, shard));
    if (set === undefined || set.metadata.deletionTimestamp !== undefined) continue;
    const { spec, status } = set as StatefulSet;
    const count = Math.max(spec?.replicas ?? 0, status?.replicas ?? 0);
    const kept = shard < shards ? replicas : 0;
    for (let replica = kept; replica < count; replica++)
      leaving.push(prometheusPodName(name, shard, replica));
    if (count > kept) {
      liveShards = Math.max(liveShards, shard + 1);
      liveReplicas = Math.max(liveReplicas, spec?.replicas ?? 0);
    }
  }
  if (leaving.length === 0) return none;
  const drain = { token: `${shards}x${replicas}`, pods: leaving };
  const waiting = leaving.flatMap((pod) => {
    const found = reportOf(pod)?.drain;
    if (found?.token === drain.token && found.state === 'Drained') return [];
    const state = found?.token === drain.token ? `${found.state}: ${found.detail}` : 'has not answered yet';
    return [{ pod, state }];
  });
  // They stay told to drain while they end: one that heard otherwise would take samples again.
  if (waiting.length === 0) return { effective: stack, drain, waiting };
  const prometheus = { ...stack.spec.prometheus, shards: liveShards, replicas: liveReplicas };
  return { effective: { ...stack, spec: { ...stack.spec, prometheus } }, drain, waiting };
}

/** As many as the kind allows. */
const maxShards = 64;

/** Why the stack is not as declared, once draining takes longer than it should. */
export function drainFault(
  { waiting }: Draining,
  sinceMs: number | undefined,
  nowMs: number,
): StackFault | undefined {
  const [first] = waiting;
  if (first === undefined || sinceMs === undefined || nowMs - sinceMs < limits.drainTimeoutMs)
    return undefined;
  return {
    path: 'spec.prometheus',
    code: 'DrainTimeout',
    message: `pod ${first.pod} does not get its samples into the bucket and is not removed: ${first.state}`,
  };
}
