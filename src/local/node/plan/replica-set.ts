import { controllerReference } from '../../../kube/object.ts';
import type { Pod, ReplicaSet, ReplicaSetStatus } from '../types.ts';
import { isActive, isAvailable, isReady } from './pod-facts.ts';

export type ReplicaSetAction =
  | { readonly do: 'createPod'; readonly pod: Pod }
  | { readonly do: 'deletePod'; readonly name: string; readonly uid: string };

/**
 * One step of the ReplicaSet controller. `suffix(n)` gives the n-th random-looking end of a pod name; names must
 * not collide with pods that exist.
 */
export function planReplicaSet(
  set: ReplicaSet,
  pods: readonly Pod[],
  nowMs: number,
  suffix: () => string,
): { actions: ReplicaSetAction[]; status: ReplicaSetStatus } {
  const minReady = set.spec.minReadySeconds ?? 0;
  const active = pods.filter(isActive);
  const status: ReplicaSetStatus = {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: active.length,
    fullyLabeledReplicas: active.length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: active.filter((pod) => isAvailable(pod, minReady, nowMs)).length,
  };
  const actions: ReplicaSetAction[] = [];
  if (set.metadata.deletionTimestamp !== undefined) return { actions, status };
  const wanted = set.spec.replicas ?? 1;
  const taken = new Set(pods.map((pod) => pod.metadata.name));
  for (let i = active.length; i < wanted; i++) {
    let name = `${set.metadata.name}-${suffix()}`;
    while (taken.has(name)) name = `${set.metadata.name}-${suffix()}`;
    taken.add(name);
    actions.push({ do: 'createPod', pod: podFor(set, name) });
  }
  // Pods that serve least go first: not ready before ready, younger before older.
  const leastFirst = [...active].sort(
    (a, b) =>
      Number(isReady(a)) - Number(isReady(b)) ||
      (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''),
  );
  for (const pod of leastFirst.slice(0, Math.max(0, active.length - wanted))) {
    actions.push({ do: 'deletePod', name: pod.metadata.name ?? '', uid: pod.metadata.uid ?? '' });
  }
  return { actions, status };
}

function podFor(set: ReplicaSet, name: string): Pod {
  const { template } = set.spec;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: set.metadata.namespace ?? '',
      ...(template.metadata?.labels === undefined ? {} : { labels: template.metadata.labels }),
      ...(template.metadata?.annotations === undefined ? {} : { annotations: template.metadata.annotations }),
      ownerReferences: [controllerReference(set)],
    },
    spec: template.spec,
  };
}
