import type { Reconciler } from '../../../controllers/controller.ts';
import { isAlreadyExists } from '../../../kube/errors.ts';
import { listAll } from '../../../kube/list.ts';
import { controllerOf, controllerReference, type KubeObject, refOf } from '../../../kube/object.ts';
import { planDeployment } from '../plan/deployment.ts';
import { planReplicaSet } from '../plan/replica-set.ts';
import { canonicalJson, revisionHash, sameValue } from '../plan/revision.ts';
import { planStatefulSet, type StatefulSetAction } from '../plan/stateful-set.ts';
import type { Pod, PodTemplate, ReplicaSet, StatefulSet } from '../types.ts';
import { fieldManager, type NodeContext } from './context.ts';

/** Look again soon: what was just asked for may not be visible yet, and readiness ages. */
const again = { requeueAfterMs: 1_000 } as const;

/** Pods that an object controls, read from the server: a cache that lags would make one too many. */
async function podsOf(context: NodeContext, owner: KubeObject): Promise<readonly Pod[]> {
  const { namespace = '' } = owner.metadata;
  const { items } = await listAll<Pod>(context.client, { apiVersion: 'v1', kind: 'Pod', namespace });
  return items.filter((pod) => controllerOf(pod)?.uid === owner.metadata.uid);
}

async function createPod(context: NodeContext, owner: KubeObject, pod: Pod): Promise<void> {
  try {
    await context.client.create(await context.assign(pod), { fieldManager });
    context.event(owner, 'Normal', 'SuccessfulCreate', `create Pod ${pod.metadata.name} successful`);
  } catch (error) {
    // The name is taken by a pod on its way out, or by our own earlier call: the next look decides.
    if (!isAlreadyExists(error)) throw error;
  }
}

async function deletePod(context: NodeContext, owner: KubeObject, name: string, uid: string): Promise<void> {
  const { namespace = '' } = owner.metadata;
  await context.client.delete({ apiVersion: 'v1', kind: 'Pod', namespace, name }, { uid });
  context.event(owner, 'Normal', 'SuccessfulDelete', `delete Pod ${name} successful`);
}

async function writeStatus(context: NodeContext, object: KubeObject & { status?: unknown }, status: object) {
  if (sameValue(pick(object.status, status), status)) return;
  await context.client.mergePatch(refOf(object), { status }, { subresource: 'status', fieldManager });
}

/** The members of `present` that `wanted` has too; nothing else is compared. */
function pick(present: unknown, wanted: object): unknown {
  const source = (present ?? {}) as Record<string, unknown>;
  return Object.fromEntries(Object.keys(wanted).map((key) => [key, source[key]]));
}

export function statefulSetReconciler(context: NodeContext): Reconciler {
  return {
    async reconcile(key) {
      const set = context.caches.statefulSets.store.get(key);
      if (set === undefined) return undefined;
      const updateRevision = await storeRevision(context, set);
      const plan = planStatefulSet({
        set,
        pods: await podsOf(context, set),
        claims: context.caches.claims.store.list(set.metadata.namespace),
        updateRevision,
        currentTemplate: await templateOf(context, set),
        nowMs: context.clock.nowMs(),
      });
      // All ports are known before the first pod starts: members of a cluster name each other in their arguments.
      for (const action of plan.actions) if (action.do === 'createPod') await context.assign(action.pod);
      for (const action of plan.actions) await perform(context, set, action);
      await writeStatus(context, set, plan.status);
      const settled = plan.status.availableReplicas === (set.spec.replicas ?? 1) && plan.actions.length === 0;
      return settled ? undefined : again;
    },
  };
}

async function perform(context: NodeContext, set: StatefulSet, action: StatefulSetAction): Promise<void> {
  const { namespace = '' } = set.metadata;
  switch (action.do) {
    case 'createPod':
      return await createPod(context, set, action.pod);
    case 'deletePod':
      return await deletePod(context, set, action.name, action.uid);
    case 'createClaim':
      try {
        await context.client.create(action.claim, { fieldManager });
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
      return;
    case 'ownClaim':
      await context.client.mergePatch(
        refOf(action.claim),
        { metadata: { ownerReferences: action.claim.metadata.ownerReferences } },
        { fieldManager },
      );
      return;
    case 'deleteClaim':
      await context.client.delete({
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace,
        name: action.name,
      });
  }
}

interface ControllerRevision extends KubeObject {
  readonly data?: { readonly spec?: { readonly template?: PodTemplate } };
  readonly revision: number;
}

/** Keeps the present template under its revision's name; returns that name. */
async function storeRevision(context: NodeContext, set: StatefulSet): Promise<string> {
  const name = `${set.metadata.name}-${revisionHash(set.spec.template)}`;
  if (set.status?.updateRevision === name) return name;
  const revision: ControllerRevision = {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name,
      namespace: set.metadata.namespace ?? '',
      ...(set.spec.selector.matchLabels === undefined ? {} : { labels: set.spec.selector.matchLabels }),
      ownerReferences: [controllerReference(set)],
    },
    data: { spec: { template: set.spec.template } },
    revision: set.metadata.generation ?? 1,
  };
  try {
    await context.client.create(revision, { fieldManager });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
  return name;
}

async function templateOf(context: NodeContext, set: StatefulSet): Promise<PodTemplate | undefined> {
  const { namespace = '' } = set.metadata;
  const { currentRevision, updateRevision } = set.status ?? {};
  if (currentRevision === undefined || currentRevision === updateRevision) return undefined;
  const ref = { apiVersion: 'apps/v1', kind: 'ControllerRevision', namespace, name: currentRevision };
  return (await context.client.find<ControllerRevision>(ref))?.data?.spec?.template;
}

export function replicaSetReconciler(context: NodeContext): Reconciler {
  return {
    async reconcile(key) {
      const set = context.caches.replicaSets.store.get(key);
      if (set === undefined) return undefined;
      const pods = await podsOf(context, set);
      const suffix = () => revisionHash(`${context.random.next()}`).slice(0, 5);
      const plan = planReplicaSet(set, pods, context.clock.nowMs(), suffix);
      for (const action of plan.actions) {
        if (action.do === 'createPod') await createPod(context, set, action.pod);
        else await deletePod(context, set, action.name, action.uid);
      }
      await writeStatus(context, set, plan.status);
      const settled = plan.actions.length === 0 && plan.status.availableReplicas === plan.status.replicas;
      return settled ? undefined : again;
    },
  };
}

export function deploymentReconciler(context: NodeContext): Reconciler {
  return {
    async reconcile(key) {
      const deployment = context.caches.deployments.store.get(key);
      if (deployment === undefined) return undefined;
      const { namespace = '' } = deployment.metadata;
      const { items } = await listAll<ReplicaSet>(context.client, {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        namespace,
      });
      const owned = items.filter((set) => controllerOf(set)?.uid === deployment.metadata.uid);
      const { actions, status } = planDeployment(deployment, owned);
      for (const action of actions) {
        if (action.do === 'createReplicaSet') {
          try {
            await context.client.create(action.replicaSet, { fieldManager });
          } catch (error) {
            if (!isAlreadyExists(error)) throw error;
          }
          continue;
        }
        const ref = { apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace, name: action.name };
        if (action.do === 'deleteReplicaSet') await context.client.delete(ref);
        else await context.client.mergePatch(ref, { spec: { replicas: action.replicas } }, { fieldManager });
      }
      await writeStatus(
        context,
        deployment,
        withTransitions(deployment.status?.conditions, status, context.clock.nowMs()),
      );
      return undefined;
    },
  };
}

type Conditions = NonNullable<ReturnType<typeof planDeployment>['status']['conditions']>;

/** Adds times to conditions: a status that did not change keeps its time. */
function withTransitions(
  before: Conditions | undefined,
  status: { conditions?: Conditions },
  nowMs: number,
): object {
  const now = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  const conditions = (status.conditions ?? []).map((condition) => {
    const old = before?.find(({ type }) => type === condition.type) as
      | (Conditions[number] & { lastUpdateTime?: string })
      | undefined;
    const same =
      old !== undefined &&
      canonicalJson({ ...condition, t: 0 }) ===
        canonicalJson({ type: old.type, status: old.status, reason: old.reason, message: old.message, t: 0 });
    return {
      ...condition,
      lastTransitionTime: old?.status === condition.status ? (old.lastTransitionTime ?? now) : now,
      lastUpdateTime: same ? (old.lastUpdateTime ?? now) : now,
    };
  });
  return { ...status, conditions };
}
