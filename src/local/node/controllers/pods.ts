import { limits } from '../../../base/limits.ts';
import type { Reconciler } from '../../../controllers/controller.ts';
import { controllerOf } from '../../../kube/object.ts';
import { isFinished, isTerminating } from '../plan/pod-facts.ts';
import { type PodHost, PodWorker } from '../pod/worker.ts';
import type { Pod } from '../types.ts';
import { fieldManager, type NodeContext } from './context.ts';

/** The pods that run here: one worker per pod, found by its uid. */
export class PodWorkers {
  readonly #host: PodHost;
  readonly #workers = new Map<string, Entry>();
  /** Pods that had a worker at any time. */
  readonly #seen = new Set<string>();
  #closed = false;

  constructor(host: PodHost) {
    this.#host = host;
  }

  /** Starts or informs the worker of a pod. */
  async follow(key: string, pod: Pod): Promise<void> {
    const { uid = '', namespace = '' } = pod.metadata;
    const present = this.#workers.get(uid);
    if (present !== undefined) return present.worker.update(pod);
    if (this.#closed) return;
    // A namesake that was deleted must have ended first: both would take the same address.
    await this.forget(key, uid);
    if (this.#closed || this.#workers.has(uid)) return;
    const worker = new PodWorker(pod, this.#host);
    this.#workers.set(uid, { key, namespace, worker, set: setOf(pod) });
    this.#seen.add(uid);
    void worker.done.finally(() => this.#workers.delete(uid));
  }

  /** Ends every pod of that key but `keptUid`; resolves when they have ended. */
  async forget(key: string, keptUid?: string): Promise<void> {
    for (const [uid, entry] of [...this.#workers]) {
      if (entry.key !== key || uid === keptUid) continue;
      entry.worker.remove();
      await entry.worker.done;
    }
  }

  /** Resolves when the present state of each of these pods has been reported, or the pod has ended or is gone. */
  async reported(pods: readonly Pod[], isPresent: (pod: Pod) => boolean): Promise<void> {
    for (const pod of pods) {
      const { uid = '' } = pod.metadata;
      while (!this.#closed && !this.#seen.has(uid) && isPresent(pod))
        await this.#host.clock.sleep(limits.localPollMs / 5);
      await this.#workers.get(uid)?.worker.reported;
    }
  }

  dataChanged(namespace: string): void {
    for (const entry of this.#workers.values()) if (entry.namespace === namespace) entry.worker.dataChanged();
  }

  /**
   * Ends all processes; pods and their data stay. No pod is started afterwards. Pods of one StatefulSet end one after the
   * other from the last: members of a cluster say goodbye to those that are left, which fails slowly when all go at once.
   */
  async stopAll(graceMs: number): Promise<void> {
    this.#closed = true;
    const groups = new Map<string, Entry[]>();
    for (const [uid, entry] of this.#workers) {
      const group = entry.set ?? uid;
      groups.set(group, [...(groups.get(group) ?? []), entry]);
    }
    await Promise.all(
      [...groups.values()].map(async (entries) => {
        const lastFirst = entries.sort((a, b) => (a.key < b.key ? 1 : -1));
        for (const { worker } of lastFirst) await worker.stop(graceMs);
      }),
    );
  }
}

interface Entry {
  readonly key: string;
  readonly namespace: string;
  readonly worker: PodWorker;
  /** Uid of the StatefulSet that the pod belongs to. */
  readonly set: string | null;
}

function setOf(pod: Pod): string | null {
  const owner = controllerOf(pod);
  return owner?.kind === 'StatefulSet' ? owner.uid : null;
}

export function podReconciler(context: NodeContext, workers: PodWorkers, nodeName: string): Reconciler {
  return {
    async reconcile(key) {
      const pod = context.caches.pods.store.get(key);
      if (pod === undefined) {
        await workers.forget(key);
        return undefined;
      }
      if (pod.spec.nodeName === undefined || pod.spec.nodeName === '') {
        if (!isTerminating(pod)) await bind(context, pod, nodeName);
        return undefined;
      }
      if (pod.spec.nodeName !== nodeName) return undefined;
      if (isFinished(pod) && !isTerminating(pod)) return undefined;
      await workers.follow(key, pod);
      return undefined;
    },
  };
}

/** Every pod fits: there is one node and nothing is measured. */
async function bind(context: NodeContext, pod: Pod, nodeName: string): Promise<void> {
  const { namespace = '', name = '' } = pod.metadata;
  await context.client.request({
    method: 'POST',
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/binding`,
    query: { fieldManager },
    body: {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, namespace },
      target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
    },
    what: `bind Pod ${namespace}/${name}`,
  });
  context.event(pod, 'Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${nodeName}`);
}
