import { createHash } from 'node:crypto';
import type { CounterMetric, Metrics } from '../../base/metrics.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isNotFound } from '../../kube/errors.ts';
import { refOf } from '../../kube/object.ts';
import { canonicalJson, jsonEqual } from '../../reconcilers/json.ts';
import type { KubeObject } from '../../reconcilers/object.ts';
import type { ObjectGetter, ObjectWriter } from '../../reconcilers/ports.ts';
import { fieldManagers } from '../../render/names.ts';

/** A status that was written: it counts until the cache shows another version than the one it was written over. */
interface WrittenStatus {
  readonly overVersion: string | undefined;
  readonly hash: string;
}

/** Statuses that are remembered; beyond that the oldest are forgotten, at the cost of a needless write. */
const maxRememberedStatuses = 200_000;

/** Writes by server-side apply as the operator. Counts every write by verb and kind. */
export class KubeObjectWriter implements ObjectWriter {
  readonly #client: KubeClient;
  readonly #writes: CounterMetric;
  readonly #statuses = new Map<string, WrittenStatus>();

  constructor(client: KubeClient, metrics: Metrics) {
    this.#client = client;
    this.#writes = metrics.counter('promfleet_operator_writes_total', 'Writes to the Kubernetes API.', [
      'verb',
      'kind',
    ]);
  }

  async apply(manifest: KubeObject): Promise<KubeObject> {
    this.#writes.add(1, { verb: 'apply', kind: manifest.kind });
    const { object } = await this.#client.apply(manifest, {
      fieldManager: fieldManagers.operator,
      force: true,
    });
    return object as KubeObject;
  }

  async remove(object: KubeObject, propagation: 'Background' | 'Orphan' = 'Background'): Promise<boolean> {
    this.#writes.add(1, { verb: 'delete', kind: object.kind });
    const { uid } = object.metadata;
    return await this.#client.delete(refOf(object), {
      propagationPolicy: propagation,
      ...(uid === undefined ? {} : { uid }),
    });
  }

  async setStatus(object: KubeObject, status: object): Promise<void> {
    const { uid = '', resourceVersion, name, namespace } = object.metadata;
    const hash = createHash('sha256').update(canonicalJson(status)).digest('base64');
    const written = this.#statuses.get(uid);
    const isWritten = written !== undefined && written.overVersion === resourceVersion;
    if (isWritten ? written.hash === hash : jsonEqual((object as { status?: unknown }).status ?? {}, status))
      return;
    this.#writes.add(1, { verb: 'status', kind: object.kind });
    const manifest = {
      apiVersion: object.apiVersion,
      kind: object.kind,
      // The uid keeps a namesake that was made meanwhile from getting this status.
      metadata: { name, ...(namespace === undefined ? {} : { namespace }), ...(uid === '' ? {} : { uid }) },
      status,
    };
    try {
      await this.#client.apply(manifest, {
        fieldManager: fieldManagers.operator,
        force: true,
        subresource: 'status',
      });
    } catch (error) {
      if (isNotFound(error)) return;
      throw error;
    }
    this.#statuses.delete(uid);
    this.#statuses.set(uid, { overVersion: resourceVersion, hash });
    if (this.#statuses.size > maxRememberedStatuses)
      this.#statuses.delete(this.#statuses.keys().next().value!);
  }

  async setFinalizers(object: KubeObject, finalizers: readonly string[]): Promise<void> {
    this.#writes.add(1, { verb: 'patch', kind: object.kind });
    const { resourceVersion } = object.metadata;
    const patch = { metadata: { finalizers, ...(resourceVersion === undefined ? {} : { resourceVersion }) } };
    try {
      await this.#client.mergePatch(refOf(object), patch, { fieldManager: fieldManagers.operator });
    } catch (error) {
      // It is gone, which is all that removing a finalizer is for.
      if (!isNotFound(error)) throw error;
    }
  }
}

/** Reads single objects past the caches. */
export function kubeGetter(client: KubeClient): ObjectGetter {
  return {
    async get(apiVersion, kind, { namespace, name }) {
      return (await client.find({ apiVersion, kind, namespace, name })) as KubeObject | undefined;
    },
  };
}
