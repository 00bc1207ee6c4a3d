import { controllerReference } from '../../../kube/object.ts';
import type { PersistentVolumeClaim, Pod, PodTemplate, StatefulSet, StatefulSetStatus } from '../types.ts';
import { isAvailable, isFinished, isReady, isTerminating, resolveShare } from './pod-facts.ts';

export const revisionLabel = 'controller-revision-hash';
const podNameLabel = 'statefulset.kubernetes.io/pod-name';
const podIndexLabel = 'apps.kubernetes.io/pod-index';

/** What the StatefulSet controller does next. */
export type StatefulSetAction =
  | { readonly do: 'createPod'; readonly pod: Pod }
  | { readonly do: 'createClaim'; readonly claim: PersistentVolumeClaim }
  | { readonly do: 'deletePod'; readonly name: string; readonly uid: string }
  | { readonly do: 'deleteClaim'; readonly name: string }
  | { readonly do: 'ownClaim'; readonly claim: PersistentVolumeClaim };

export interface StatefulSetPlan {
  readonly actions: readonly StatefulSetAction[];
  readonly status: StatefulSetStatus;
}

export interface StatefulSetObserved {
  readonly set: StatefulSet;
  /** Pods that the set controls, terminating ones included. */
  readonly pods: readonly Pod[];
  /** Claims of the namespace. */
  readonly claims: readonly PersistentVolumeClaim[];
  /** `<set>-<hash>` of the current template. */
  readonly updateRevision: string;
  /** Template of `status.currentRevision`, where it is still known: pods below the partition are made from it. */
  readonly currentTemplate?: PodTemplate | undefined;
  readonly nowMs: number;
}

/**
 * One step of the StatefulSet controller: ordinals start at `ordinals.start`; OrderedReady creates and removes one pod at
 * a time and waits for it, Parallel does all at once; a rolling update replaces from the highest ordinal down to
 * `partition`, at most `maxUnavailable` at a time; claims outlive pods unless the retention policy says Delete.
 * Pods of a revision that is neither current nor new are brought to the new one as well.
 */
export function planStatefulSet(observed: StatefulSetObserved): StatefulSetPlan {
  const { set, updateRevision } = observed;
  const replicas = set.spec.replicas ?? 1;
  const start = set.spec.ordinals?.start ?? 0;
  const ordered = set.spec.podManagementPolicy !== 'Parallel';
  const byOrdinal = new Map<number, Pod>();
  for (const pod of observed.pods) {
    const ordinal = ordinalOf(set, pod);
    if (ordinal !== null) byOrdinal.set(ordinal, pod);
  }
  const currentRevision = currentRevisionOf(observed);
  const status = statusOf(observed, currentRevision);
  const actions: StatefulSetAction[] = [];
  const done = () => ({ actions, status });

  actions.push(...claimOwnership(observed));
  if (set.metadata.deletionTimestamp !== undefined) return done();

  for (let ordinal = start; ordinal < start + replicas; ordinal++) {
    const pod = byOrdinal.get(ordinal);
    if (pod === undefined) {
      const kept = mayUpdate(set, ordinal - start) ? undefined : observed.currentTemplate;
      const pod = podFor(set, ordinal, kept ?? set.spec.template, kept ? currentRevision : updateRevision);
      actions.push(...missingClaims(observed, ordinal), { do: 'createPod', pod });
      if (ordered) return done();
      continue;
    }
    if (isFinished(pod) && !isTerminating(pod)) {
      actions.push(remove(pod));
      if (ordered) return done();
      continue;
    }
    if (ordered && (isTerminating(pod) || !isAvailable(pod, set.spec.minReadySeconds ?? 0, observed.nowMs))) {
      // A broken pod of an old revision may be replaced while it blocks the order: else a bad template is never repaired.
      const stale = pod.metadata.labels?.[revisionLabel] !== updateRevision;
      if (!isTerminating(pod) && stale && mayUpdate(set, ordinal - start)) actions.push(remove(pod));
      return done();
    }
  }

  const surplus = [...byOrdinal.entries()]
    .filter(([ordinal]) => ordinal < start || ordinal >= start + replicas)
    .sort(([a], [b]) => b - a);
  for (const [ordinal, pod] of surplus) {
    if (!isTerminating(pod)) {
      if (set.spec.persistentVolumeClaimRetentionPolicy?.whenScaled === 'Delete') {
        actions.push(...ownedByPod(observed, ordinal, pod));
      }
      actions.push(remove(pod));
    }
    if (ordered) return done();
  }
  if (actions.some((action) => action.do === 'createPod' || action.do === 'deletePod')) return done();
  actions.push(...updates(observed, byOrdinal, start, replicas));
  return done();
}

/** Pods to remove for the rolling update, highest ordinal first. */
function updates(
  observed: StatefulSetObserved,
  byOrdinal: ReadonlyMap<number, Pod>,
  start: number,
  replicas: number,
): StatefulSetAction[] {
  const { set, updateRevision } = observed;
  const rolling = set.spec.updateStrategy?.rollingUpdate;
  const allowed = Math.max(1, resolveShare(rolling?.maxUnavailable, replicas, 'up', 1));
  const actions: StatefulSetAction[] = [];
  let unavailable = 0;
  for (let ordinal = start; ordinal < start + replicas; ordinal++) {
    const pod = byOrdinal.get(ordinal);
    if (pod === undefined || !isAvailable(pod, set.spec.minReadySeconds ?? 0, observed.nowMs)) unavailable++;
  }
  for (let ordinal = start + replicas - 1; ordinal >= start; ordinal--) {
    const pod = byOrdinal.get(ordinal);
    if (pod === undefined || isTerminating(pod) || !mayUpdate(set, ordinal - start)) continue;
    if (pod.metadata.labels?.[revisionLabel] === updateRevision) continue;
    const alreadyDown = !isAvailable(pod, set.spec.minReadySeconds ?? 0, observed.nowMs);
    if (!alreadyDown && unavailable >= allowed) break;
    if (!alreadyDown) unavailable++;
    actions.push(remove(pod));
  }
  return actions;
}

function mayUpdate(set: StatefulSet, index: number): boolean {
  if (set.spec.updateStrategy?.type === 'OnDelete') return false;
  return index >= (set.spec.updateStrategy?.rollingUpdate?.partition ?? 0);
}

function remove(pod: Pod): StatefulSetAction {
  return { do: 'deletePod', name: pod.metadata.name ?? '', uid: pod.metadata.uid ?? '' };
}

function ordinalOf(set: StatefulSet, pod: Pod): number | null {
  const prefix = `${set.metadata.name}-`;
  const name = pod.metadata.name ?? '';
  const ordinal = name.startsWith(prefix) ? name.slice(prefix.length) : '';
  return /^(0|[1-9]\d{0,8})$/.test(ordinal) ? Number(ordinal) : null;
}

function podFor(set: StatefulSet, ordinal: number, template: PodTemplate, revision: string): Pod {
  const { serviceName, volumeClaimTemplates } = set.spec;
  const name = `${set.metadata.name}-${ordinal}`;
  const claims = (volumeClaimTemplates ?? []).map((claim) => claim.metadata.name ?? '');
  const volumes = (template.spec.volumes ?? []).filter((volume) => !claims.includes(volume.name));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: set.metadata.namespace ?? '',
      labels: {
        ...template.metadata?.labels,
        [podIndexLabel]: String(ordinal),
        [podNameLabel]: name,
        [revisionLabel]: revision,
      },
      ...(template.metadata?.annotations === undefined ? {} : { annotations: template.metadata.annotations }),
      ownerReferences: [controllerReference(set)],
    },
    spec: {
      ...template.spec,
      hostname: name,
      ...(serviceName === undefined ? {} : { subdomain: serviceName }),
      volumes: [
        ...volumes,
        ...claims.map((claim) => ({ name: claim, persistentVolumeClaim: { claimName: `${claim}-${name}` } })),
      ],
    },
  };
}

function missingClaims(observed: StatefulSetObserved, ordinal: number): StatefulSetAction[] {
  const { set } = observed;
  const present = new Set(observed.claims.map((claim) => claim.metadata.name));
  return (set.spec.volumeClaimTemplates ?? []).flatMap((template) => {
    const name = `${template.metadata.name}-${set.metadata.name}-${ordinal}`;
    if (present.has(name)) return [];
    const claim: PersistentVolumeClaim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        name,
        namespace: set.metadata.namespace ?? '',
        labels: { ...template.metadata.labels, ...set.spec.selector.matchLabels },
        ...(template.metadata.annotations === undefined
          ? {}
          : { annotations: template.metadata.annotations }),
        ...(deletesClaims(set) ? { ownerReferences: [controllerReference(set)] } : {}),
      },
      ...(template.spec === undefined ? {} : { spec: template.spec }),
    };
    return [{ do: 'createClaim', claim } as const];
  });
}

function deletesClaims(set: StatefulSet): boolean {
  return set.spec.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete';
}

/** Claims whose owner reference does not fit `whenDeleted`: the API server's garbage collection acts on it. */
function claimOwnership(observed: StatefulSetObserved): StatefulSetAction[] {
  const { set } = observed;
  return claimsOf(observed).flatMap((claim) => {
    const owners = claim.metadata.ownerReferences ?? [];
    const owned = owners.some((owner) => owner.uid === set.metadata.uid);
    if (owned === deletesClaims(set)) return [];
    const others = owners.filter((owner) => owner.uid !== set.metadata.uid);
    const ownerReferences = owned ? others : [...others, controllerReference(set)];
    return [
      { do: 'ownClaim', claim: { ...claim, metadata: { ...claim.metadata, ownerReferences } } } as const,
    ];
  });
}

/** On scaling down with `whenScaled: Delete` the pod owns its claims, so they go with it and not before. */
function ownedByPod(observed: StatefulSetObserved, ordinal: number, pod: Pod): StatefulSetAction[] {
  const suffix = `-${observed.set.metadata.name}-${ordinal}`;
  return claimsOf(observed)
    .filter((claim) => claim.metadata.name?.endsWith(suffix))
    .filter((claim) => !claim.metadata.ownerReferences?.some((owner) => owner.uid === pod.metadata.uid))
    .map((claim) => ({
      do: 'ownClaim' as const,
      claim: {
        ...claim,
        metadata: {
          ...claim.metadata,
          ownerReferences: [{ ...controllerReference(pod), controller: false }],
        },
      },
    }));
}

function claimsOf({ set, claims }: StatefulSetObserved): PersistentVolumeClaim[] {
  const prefixes = (set.spec.volumeClaimTemplates ?? []).map(
    (template) => `${template.metadata.name}-${set.metadata.name}-`,
  );
  return claims.filter((claim) =>
    prefixes.some((prefix) => {
      const name = claim.metadata.name ?? '';
      return name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length));
    }),
  );
}

/** The revision that an unfinished rollout comes from; the new one once every replica has it. */
function currentRevisionOf(observed: StatefulSetObserved): string {
  const { set, updateRevision } = observed;
  const replicas = set.spec.replicas ?? 1;
  const active = observed.pods.filter((pod) => !isTerminating(pod));
  const updated = active.filter((pod) => pod.metadata.labels?.[revisionLabel] === updateRevision);
  if (updated.length >= replicas && updated.every(isReady) && updated.length === active.length)
    return updateRevision;
  return set.status?.currentRevision ?? updateRevision;
}

function statusOf(observed: StatefulSetObserved, currentRevision: string): StatefulSetStatus {
  const { set, updateRevision, nowMs } = observed;
  const existing = observed.pods.filter((pod) => !isTerminating(pod));
  const count = (test: (pod: Pod) => boolean) => existing.filter(test).length;
  const hasRevision = (revision: string) => (pod: Pod) => pod.metadata.labels?.[revisionLabel] === revision;
  return {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: observed.pods.length,
    readyReplicas: count(isReady),
    availableReplicas: count((pod) => isAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs)),
    currentReplicas: count(hasRevision(currentRevision)),
    updatedReplicas: count(hasRevision(updateRevision)),
    currentRevision,
    updateRevision,
    collisionCount: 0,
  };
}
