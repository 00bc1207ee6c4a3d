import { limits } from '../../../base/limits.ts';
import { ApiError, badRequest, fault, invalid, unsupportedMediaType } from '../api-error.ts';
import { apiVersionOf, type ResourceType } from '../kinds/resource-type.ts';
import { isObject, type JsonObject, type KubeObject } from '../object.ts';
import { applyJsonPatch, JsonPatchFault } from '../patch/json-patch.ts';
import { applyMergePatch } from '../patch/merge-patch.ts';
import { applyStrategicMergePatch, StrategicPatchFault } from '../patch/strategic-merge.ts';
import { applyConfiguration } from '../ssa/managed-fields.ts';
import type { StoredObject } from '../store/collection.ts';
import type { ServerContext, WriteOptions } from './context.ts';
import { decodeObject, defaultObject } from './decode.ts';
import { checkPlace, create, skeletonOf, update, type Written, writerOf } from './write.ts';

export const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
  applyCbor: 'application/apply-patch+cbor',
} as const;

/** JSON, merge or strategic merge patch of a stored object. */
export function patchObject(
  context: ServerContext,
  type: ResourceType,
  stored: StoredObject,
  mediaType: string,
  patch: unknown,
  options: WriteOptions,
  subresource: '' | 'status',
): Written {
  const patched = (live: KubeObject): KubeObject => {
    const result = patchedJson(live, type, mediaType, patch);
    if (!isObject(result)) throw badRequest('the patched document is not an object');
    try {
      return decodeObject(result, type, options);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 400) throw error;
      const why = error.message.replace(/^.*? cannot be handled as a \w+: /, '');
      throw invalid({ group: '', kind: '' }, '', [fault.invalid('patch', JSON.stringify(result), why)]);
    }
  };
  return update(context, type, stored, (live) => ({ next: patched(live) }), options, subresource);
}

function patchedJson(live: KubeObject, type: ResourceType, mediaType: string, patch: unknown): unknown {
  try {
    switch (mediaType) {
      case patchTypes.json:
        if (Array.isArray(patch) && patch.length > limits.apiPatchOperations)
          throw new ApiError(
            413,
            'RequestEntityTooLarge',
            `The allowed maximum operations in a JSON patch is ${limits.apiPatchOperations}, got ${patch.length}`,
          );
        return applyJsonPatch(live, patch);
      case patchTypes.merge:
        return applyMergePatch(live, patch);
      case patchTypes.strategic:
        if (!type.builtin) throw unsupportedPatch(type);
        return applyStrategicMergePatch(live, patch, {
          ...type.schema,
          properties: { ...type.schema.properties },
        });
      default:
        throw unsupportedPatch(type);
    }
  } catch (error) {
    if (error instanceof JsonPatchFault)
      throw new ApiError(422, 'Invalid', `the server rejected our request due to an error in our request`, {
        causes: [{ message: error.message }],
      });
    if (error instanceof StrategicPatchFault) throw new ApiError(500, '', error.message);
    throw error;
  }
}

function unsupportedPatch(type: ResourceType): ApiError {
  const { json, merge, strategic, apply } = patchTypes;
  return unsupportedMediaType(type.builtin ? [json, merge, strategic, apply] : [json, merge, apply]);
}

/** Server-side apply; creates the object where it is absent (not on a subresource). */
export function applyObject(
  context: ServerContext,
  type: ResourceType,
  place: { readonly namespace: string; readonly name: string },
  body: unknown,
  options: WriteOptions,
  subresource: '' | 'status',
): Written {
  if (!isObject(body)) throw badRequest('error decoding YAML: the configuration is not an object');
  if (typeof body.apiVersion !== 'string' || typeof body.kind !== 'string')
    throw badRequest('invalid object type: /, Kind=');
  const configuration = decodeObject(body, type, { ...options, unknown: (paths) => undeclared(body, paths) });
  for (const field of ignoredFields(type, subresource)) delete configuration[field];
  const { metadata } = configuration;
  if (metadata.name !== undefined && metadata.name !== place.name)
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${place.name})`,
    );
  checkPlace(type, place.namespace, configuration);
  metadata.name = place.name;
  const writer = writerOf(context, type, options, subresource);
  const stored = context.store.get(type.storageKey, place.namespace, place.name);
  if (stored === undefined) {
    if (metadata.uid) throw uidMissing(type, place.name, metadata.uid);
    const blank = {
      apiVersion: apiVersionOf(type),
      kind: type.kind,
      metadata: { ...identityOf(metadata) },
    } as KubeObject;
    const applied = applyConfiguration(blank, configuration, {}, type.schema, writer, options.force);
    if (applied.metadata.resourceVersion) delete applied.metadata.resourceVersion;
    return create(context, type, place.namespace, applied, options, true);
  }
  if (metadata.uid && metadata.uid !== stored.uid) {
    const fixed = fault.invalid('metadata.uid', metadata.uid, 'field is immutable');
    throw invalid(type, place.name, [fixed, fixed]);
  }
  const askedVersion = metadata.resourceVersion;
  return update(
    context,
    type,
    stored,
    (live) => {
      if (askedVersion !== undefined && askedVersion !== live.metadata.resourceVersion)
        return {
          next: { ...live, metadata: { ...live.metadata, resourceVersion: askedVersion } },
          managed: true,
        };
      const known = { ...live };
      const next = applyConfiguration(
        known,
        configuration,
        skeletonOf(type),
        type.schema,
        writer,
        options.force,
      );
      if (subresource === '' && type.status && live.status !== undefined) next.status = live.status;
      defaultObject(next, type);
      return { next, managed: true };
    },
    options,
    subresource,
  );
}

/** Parts that this endpoint does not write; what a configuration says of them is left aside. */
const ignoredFields = (type: ResourceType, subresource: '' | 'status') =>
  subresource === 'status' ? ['spec'] : type.status ? ['status'] : [];

function undeclared(body: JsonObject, paths: readonly string[]): ApiError {
  const metadata = isObject(body.metadata) ? body.metadata : {};
  const object = `${metadata.namespace ?? ''}/${metadata.name ?? ''}; ${String(body.apiVersion).includes('/') ? '' : '/'}${body.apiVersion}, Kind=${body.kind}`;
  const lines = paths.map((path) => `.${path}: field not declared in schema`);
  const text = lines.length === 1 ? lines[0] : `errors:\n${lines.map((line) => `  ${line}`).join('\n')}`;
  return new ApiError(500, '', `failed to create typed patch object (${object}): ${text}`);
}

const identityOf = (metadata: KubeObject['metadata']) => ({
  name: metadata.name,
  ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
});

function uidMissing(type: ResourceType, name: string, uid: string): ApiError {
  return new ApiError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${type.plural}${type.group === '' ? '' : `.${type.group}`} "${name}": uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
    { name, ...(type.group === '' ? {} : { group: type.group }), kind: type.plural },
  );
}

export const forceNotAllowed = () =>
  invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
    fault.forbidden('force', 'may not be specified for non-apply patch'),
  ]);

export const managerRequired = () =>
  invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
    fault.required('fieldManager', 'is required for apply patch'),
  ]);
