import { limits } from '../../base/limits.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isNotFound, isTransient } from '../../kube/errors.ts';
import { type AnyObject, describeRef, type KubeObject, refOf } from '../../kube/object.ts';
import { persist } from './persist.ts';

const fieldManager = 'promfleet-local';

/**
 * Applies objects one after the other by server-side apply. An object whose namespace or kind is not served yet is tried
 * again for a while, as its definition may only just have been accepted.
 */
export async function applyAll(
  client: KubeClient,
  objects: readonly KubeObject[],
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  for (const object of objects) {
    say(describeRef(refOf(object)));
    await applyOne(client, object, signal);
  }
}

async function applyOne(client: KubeClient, object: KubeObject, signal: AbortSignal): Promise<void> {
  const { clock } = client;
  const startedMs = clock.monotonicMs();
  for (;;) {
    try {
      await client.apply(await placed(client, object), { fieldManager, force: true, signal });
      return;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const waitedMs = clock.monotonicMs() - startedMs;
      const mayPass = isNotFound(error) ? waitedMs < limits.localRestartMaxMs : isTransient(error);
      if (!mayPass || waitedMs > limits.localOutageMs) throw error;
    }
    await clock.sleep(limits.localPollMs, signal);
  }
}

/** kubectl's rule: an object of a namespaced kind that names no namespace goes to `default`. */
async function placed(client: KubeClient, object: KubeObject): Promise<KubeObject> {
  if (object.metadata.namespace !== undefined || !(await client.resolve(object)).namespaced) return object;
  return { ...object, metadata: { ...object.metadata, namespace: 'default' } };
}

/** Resolves when the API serves the kind of every definition. */
export async function untilEstablished(
  client: KubeClient,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (const name of names) {
    const ref = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name };
    for (;;) {
      const found = await persist(client.clock, signal, () => client.find<AnyObject>(ref, { signal }));
      const conditions =
        ((found?.status ?? {}) as { conditions?: { type: string; status: string }[] }).conditions ?? [];
      if (conditions.some(({ type, status }) => type === 'Established' && status === 'True')) break;
      await client.clock.sleep(limits.localPollMs / 2, signal);
    }
  }
}
