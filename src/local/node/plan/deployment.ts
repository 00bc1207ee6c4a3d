import { controllerReference } from '../../../kube/object.ts';
import type { Deployment, DeploymentStatus, ReplicaSet } from '../types.ts';
import { resolveShare } from './pod-facts.ts';
import { canonicalJson, revisionHash } from './revision.ts';

export const templateHashLabel = 'pod-template-hash';
const revisionAnnotation = 'deployment.kubernetes.io/revision';

export type DeploymentAction =
  | { readonly do: 'createReplicaSet'; readonly replicaSet: ReplicaSet }
  | { readonly do: 'scaleReplicaSet'; readonly name: string; readonly replicas: number }
  | { readonly do: 'deleteReplicaSet'; readonly name: string };

/**
 * One step of the Deployment controller over the ReplicaSets it controls. RollingUpdate keeps at least
 * `replicas - maxUnavailable` pods available and at most `replicas + maxSurge` in all; Recreate ends the old pods
 * first.
 */
export function planDeployment(
  deployment: Deployment,
  owned: readonly ReplicaSet[],
): { actions: DeploymentAction[]; status: DeploymentStatus } {
  const replicas = deployment.spec.replicas ?? 1;
  const wanted = canonicalJson(deployment.spec.template);
  const current = owned.find((set) => canonicalJson(withoutHash(set)) === wanted);
  const old = owned.filter((set) => set !== current);
  const status = statusOf(deployment, owned, current);
  const actions: DeploymentAction[] = [];
  if (deployment.metadata.deletionTimestamp !== undefined) return { actions, status };

  const recreate = deployment.spec.strategy?.type === 'Recreate';
  const rolling = deployment.spec.strategy?.rollingUpdate;
  const maxSurge = resolveShare(rolling?.maxSurge, replicas, 'up', '25%');
  const maxUnavailable = Math.max(
    maxSurge === 0 ? 1 : 0,
    resolveShare(rolling?.maxUnavailable, replicas, 'down', '25%'),
  );
  const oldPods = sum(old, (set) => Math.max(set.spec.replicas ?? 0, set.status?.replicas ?? 0));
  const room = recreate
    ? oldPods === 0
      ? replicas
      : 0
    : replicas + maxSurge - sum(old, (set) => set.spec.replicas ?? 0);

  if (current === undefined) {
    actions.push({
      do: 'createReplicaSet',
      replicaSet: newReplicaSet(deployment, owned, Math.max(0, Math.min(replicas, room))),
    });
  } else {
    const size = current.spec.replicas ?? 0;
    const target = size > replicas ? replicas : Math.max(size, Math.min(replicas, room));
    if (target !== size) actions.push(scale(current, target));
  }

  let removable = recreate
    ? oldPods
    : sum(owned, (set) => set.status?.availableReplicas ?? 0) - (replicas - maxUnavailable);
  for (const set of old) {
    const size = set.spec.replicas ?? 0;
    if (size === 0) continue;
    // Pods that are not available protect nothing: they go first and count for nothing.
    const broken = Math.max(0, size - (set.status?.availableReplicas ?? 0));
    const drop = Math.min(size, broken + Math.max(0, removable));
    if (drop > 0) actions.push(scale(set, size - drop));
    removable -= Math.max(0, drop - broken);
  }
  actions.push(...outlived(deployment, old));
  return { actions, status };
}

function outlived(deployment: Deployment, old: readonly ReplicaSet[]): DeploymentAction[] {
  const keep = deployment.spec.revisionHistoryLimit ?? 10;
  return old
    .filter((set) => (set.spec.replicas ?? 0) === 0 && (set.status?.replicas ?? 0) === 0)
    .sort((a, b) => revisionOf(b) - revisionOf(a))
    .slice(keep)
    .map((set) => ({ do: 'deleteReplicaSet', name: set.metadata.name ?? '' }));
}

function scale(set: ReplicaSet, replicas: number): DeploymentAction {
  return { do: 'scaleReplicaSet', name: set.metadata.name ?? '', replicas };
}

function newReplicaSet(deployment: Deployment, owned: readonly ReplicaSet[], replicas: number): ReplicaSet {
  const hash = revisionHash(deployment.spec.template);
  const { template } = deployment.spec;
  const labels = { ...template.metadata?.labels, [templateHashLabel]: hash };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      namespace: deployment.metadata.namespace ?? '',
      labels,
      annotations: { [revisionAnnotation]: String(1 + Math.max(0, ...owned.map(revisionOf))) },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas,
      ...(deployment.spec.minReadySeconds === undefined
        ? {}
        : { minReadySeconds: deployment.spec.minReadySeconds }),
      selector: {
        ...deployment.spec.selector,
        matchLabels: { ...deployment.spec.selector.matchLabels, [templateHashLabel]: hash },
      },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

function revisionOf(set: ReplicaSet): number {
  return Number(set.metadata.annotations?.[revisionAnnotation] ?? 0);
}

function withoutHash(set: ReplicaSet): ReplicaSet['spec']['template'] {
  const { [templateHashLabel]: _hash, ...labels } = set.spec.template.metadata?.labels ?? {};
  return { ...set.spec.template, metadata: { ...set.spec.template.metadata, labels } };
}

function statusOf(
  deployment: Deployment,
  owned: readonly ReplicaSet[],
  current: ReplicaSet | undefined,
): DeploymentStatus {
  const wanted = deployment.spec.replicas ?? 1;
  const replicas = sum(owned, (set) => set.status?.replicas ?? 0);
  const availableReplicas = sum(owned, (set) => set.status?.availableReplicas ?? 0);
  const updatedReplicas = current?.status?.replicas ?? 0;
  const maxUnavailable = resolveShare(
    deployment.spec.strategy?.rollingUpdate?.maxUnavailable,
    wanted,
    'down',
    '25%',
  );
  const available = availableReplicas >= wanted - maxUnavailable;
  const complete = updatedReplicas === wanted && replicas === wanted && availableReplicas >= wanted;
  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas,
    updatedReplicas,
    readyReplicas: sum(owned, (set) => set.status?.readyReplicas ?? 0),
    availableReplicas,
    unavailableReplicas: Math.max(0, wanted - availableReplicas),
    conditions: [
      {
        type: 'Available',
        status: available ? 'True' : 'False',
        reason: available ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
        message: available
          ? 'Deployment has minimum availability.'
          : 'Deployment does not have minimum availability.',
      },
      {
        type: 'Progressing',
        status: 'True',
        reason: complete ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated',
        message: `ReplicaSet "${current?.metadata.name ?? ''}" ${complete ? 'has successfully progressed' : 'is progressing'}.`,
      },
    ],
  };
}

function sum(sets: readonly ReplicaSet[], value: (set: ReplicaSet) => number): number {
  return sets.reduce((total, set) => total + value(set), 0);
}
