import type { Reconciler } from '../../../controllers/controller.ts';
import { isFinished, isTerminating } from '../plan/pod-facts.ts';
import { type PodHost, PodWorker } from '../pod/worker.ts';
import type { Pod } from '../types.ts';
import { fieldManager, type NodeContext } from './context.ts';

/** The pods that run here: one worker per pod, found by its uid. */
export class PodWorkers {
  readonly #host: PodHost;
  readonly #workers = new Map<string, { key: string; namespace: string; worker: PodWorker }>();
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
    this.#workers.set(uid, { key, namespace, worker });
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

  dataChanged(namespace: string): void {
    for (const entry of this.#workers.values()) if (entry.namespace === namespace) entry.worker.dataChanged();
  }

  /** Ends all processes; pods and their data stay. No pod is started afterwards. */
  async stopAll(graceMs: number): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#workers.values()].map(({ worker }) => worker.stop(graceMs)));
  }
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
