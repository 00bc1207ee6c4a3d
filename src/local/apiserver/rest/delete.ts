import { conflict, fault, invalid } from '../api-error.ts';
import type { ResourceType } from '../kinds/resource-type.ts';
import { isObject, type JsonObject, type KubeObject, kubeTime } from '../object.ts';
import type { StoredObject } from '../store/collection.ts';
import type { ServerContext } from './context.ts';
import { fromStored } from './decode.ts';
import { isFinalized, removeNow, save } from './write.ts';

export interface DeleteOptions {
  readonly dryRun: boolean;
  readonly graceSeconds: number | undefined;
  readonly propagation: 'Background' | 'Foreground' | 'Orphan' | undefined;
  readonly preconditions: { readonly uid?: string; readonly resourceVersion?: string };
}

/** Options from the query and the DeleteOptions body; the body wins. */
export function deleteOptions(query: URLSearchParams, body: unknown): DeleteOptions {
  const given: JsonObject = isObject(body) ? body : {};
  const propagation = given.propagationPolicy ?? query.get('propagationPolicy') ?? undefined;
  const orphan = given.orphanDependents ?? query.get('orphanDependents') ?? undefined;
  const policy =
    propagation ?? (orphan === undefined ? undefined : String(orphan) === 'true' ? 'Orphan' : 'Background');
  if (policy !== undefined && policy !== 'Background' && policy !== 'Foreground' && policy !== 'Orphan')
    throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', [
      fault.unsupported('propagationPolicy', policy, ['Foreground', 'Background', 'Orphan', 'nil']),
    ]);
  const grace = given.gracePeriodSeconds ?? query.get('gracePeriodSeconds') ?? undefined;
  const preconditions = isObject(given.preconditions) ? given.preconditions : {};
  return {
    dryRun:
      query.getAll('dryRun').includes('All') || (Array.isArray(given.dryRun) && given.dryRun.includes('All')),
    graceSeconds: grace === undefined || grace === null ? undefined : Number(grace),
    propagation: policy,
    preconditions: {
      ...(typeof preconditions.uid === 'string' ? { uid: preconditions.uid } : {}),
      ...(typeof preconditions.resourceVersion === 'string'
        ? { resourceVersion: preconditions.resourceVersion }
        : {}),
    },
  };
}

export interface Deleted {
  readonly object: KubeObject;
  /** False while finalizers, the namespace's content or a running pod hold it back. */
  readonly gone: boolean;
}

const propagationFinalizer = {
  Foreground: 'foregroundDeletion',
  Orphan: 'orphan',
  Background: undefined,
} as const;

/** Removes an object, or marks it terminating where something must happen first. */
export function deleteObject(
  context: ServerContext,
  type: ResourceType,
  stored: StoredObject,
  options: DeleteOptions,
): Deleted {
  const object = fromStored(stored.json, type);
  const { metadata } = object;
  const { uid, resourceVersion } = options.preconditions;
  // Deletion names the kind where every other conflict names the resource.
  const named = { group: type.group, plural: type.kind };
  if (uid !== undefined && uid !== metadata.uid)
    throw conflict(
      named,
      stored.name,
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    );
  if (resourceVersion !== undefined && resourceVersion !== String(stored.rv))
    throw conflict(
      named,
      stored.name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${stored.rv}). The object might have been modified`,
    );
  const before = JSON.stringify(object);
  applyPropagation(metadata, options.propagation);
  const graceSeconds = type.strategy.graceSeconds?.(object, options.graceSeconds) ?? 0;
  const already = metadata.deletionTimestamp !== undefined;
  if (already) {
    if (graceSeconds < (metadata.deletionGracePeriodSeconds ?? 0)) {
      metadata.deletionGracePeriodSeconds = graceSeconds;
      metadata.deletionTimestamp = kubeTime(context.clock.nowMs() + graceSeconds * 1000);
    }
  } else {
    metadata.deletionTimestamp = kubeTime(context.clock.nowMs() + graceSeconds * 1000);
    metadata.deletionGracePeriodSeconds = graceSeconds;
    if (object.kind === 'Namespace') {
      delete metadata.deletionGracePeriodSeconds;
      object.status = { ...(object.status as JsonObject | undefined), phase: 'Terminating' };
    } else if (metadata.generation !== undefined) metadata.generation++;
  }
  if (isFinalized(object)) {
    const last = already ? object : (JSON.parse(before) as KubeObject);
    return { object: removeNow(context, type, stored, last, options), gone: true };
  }
  if (JSON.stringify(object) === before) return { object, gone: false };
  return { object: save(context, type, stored.namespace, stored.name, object, options), gone: false };
}

function applyPropagation(metadata: KubeObject['metadata'], propagation: DeleteOptions['propagation']): void {
  if (propagation === undefined) return;
  const wanted = propagationFinalizer[propagation];
  const others = (metadata.finalizers ?? []).filter(
    (name) => name !== 'foregroundDeletion' && name !== 'orphan',
  );
  const finalizers = wanted === undefined ? others : [...others, wanted];
  if (finalizers.length === 0) delete metadata.finalizers;
  else metadata.finalizers = finalizers;
}
