import { badRequest, fault, invalid } from '../api-error.ts';
import { builtinTypes } from '../kinds/builtin.ts';
import { metadataTypeFault } from '../kinds/metadata-check.ts';
import { apiVersionOf, type ResourceType } from '../kinds/resource-type.ts';
import { isObject, type JsonObject, type KubeObject } from '../object.ts';
import { decodeTyped, TypeFault } from '../schema/decode-check.ts';
import { applyDefaults } from '../schema/default.ts';
import { prune } from '../schema/prune.ts';
import type { WriteOptions } from './context.ts';

/**
 * A request body as an object of this type: checked for kind, pruned of unknown fields (refused or warned of
 * as `fieldValidation` says), built-in kinds also checked for types. Defaults are not filled in yet.
 */
export function decodeObject(
  body: unknown,
  type: ResourceType,
  options: WriteOptions & { readonly unknown?: (paths: readonly string[]) => Error },
): KubeObject {
  if (!isObject(body))
    throw badRequest(
      `${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: the body is not an object`,
    );
  const expected = apiVersionOf(type);
  const kind = body.kind ?? type.kind;
  const apiVersion = body.apiVersion ?? expected;
  if (apiVersion !== expected)
    throw badRequest(
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${expected})`,
    );
  if (!type.builtin && typeof body.kind !== 'string') {
    const text = JSON.stringify(body);
    throw badRequest(
      `the object provided is unrecognized (must be of type ${type.kind}): Object 'Kind' is missing in '${text}' (${text})`,
    );
  }
  if (!type.builtin && kind !== type.kind)
    throw invalid({ group: type.group, kind: String(kind) }, nameOf(body), [
      fault.invalid('kind', kind, `must be ${type.kind}`),
    ]);
  if (kind !== type.kind)
    throw badRequest(
      `the object provided is unrecognized (must be of type ${type.kind}): got kind ${JSON.stringify(kind)}`,
    );
  const cannot = (why: string) =>
    badRequest(`${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: ${why}`);
  const metadataFault = metadataTypeFault(body.metadata ?? {});
  if (metadataFault !== undefined) throw cannot(metadataFault);

  const unknown: string[] = [];
  const metadata = prune(withoutNulls(body.metadata ?? {}), builtinTypes.schema('ObjectMeta'), unknown, {
    path: 'metadata',
  }) as JsonObject;
  for (const field of emptyFields) {
    const value = metadata[field];
    if (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
      delete metadata[field];
  }
  if (type.builtin && metadata.creationTimestamp === null) delete metadata.creationTimestamp;
  let pruned = prune(body, type.schema, unknown, { root: true }) as JsonObject;
  if (!type.builtin) unknown.sort();
  if (unknown.length > 0 && options.unknown !== undefined) throw options.unknown(unknown);
  if (unknown.length > 0 && options.fieldValidation === 'Strict')
    throw cannot(`strict decoding error: ${unknown.map((path) => `unknown field "${path}"`).join(', ')}`);
  if (options.fieldValidation === 'Warn')
    options.warnings.push(...unknown.map((path) => `unknown field "${path}"`));
  if (type.builtin)
    try {
      pruned = decodeTyped({ ...pruned, metadata: {} }, type.schema) as JsonObject;
    } catch (error) {
      if (error instanceof TypeFault) throw cannot(error.message);
      throw error;
    }
  return { ...pruned, apiVersion: expected, kind: type.kind, metadata } as KubeObject;
}

/** Fields of metadata that are absent when they are empty (`omitempty` of ObjectMeta). */
const emptyFields = ['annotations', 'labels', 'finalizers', 'ownerReferences'];

const nameOf = (body: JsonObject) => (isObject(body.metadata) ? String(body.metadata.name ?? '') : '');

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== null)
      .map(([key, field]) => [key, withoutNulls(field)]),
  );
}

/** Fills in the defaults of schema and kind, in place. */
export function defaultObject(object: KubeObject, type: ResourceType): void {
  applyDefaults(object, type.schema);
  type.strategy.applyDefaults?.(object);
}

/** The object as stored, from its form in this version: kind and apiVersion first, so that lists can cut them off. */
export function toStored(object: KubeObject, type: ResourceType): KubeObject {
  const { kind, apiVersion: _, metadata, ...rest } = type.toStorage?.(object) ?? object;
  return { kind, apiVersion: type.storageApiVersion, metadata, ...rest };
}

/** The JSON of an item of a list: items of built-in kinds come without kind and apiVersion. */
export function itemJson(json: string, type: ResourceType): string {
  const whole = storedJson(json, type);
  const head = `{"kind":${JSON.stringify(type.kind)},"apiVersion":${JSON.stringify(apiVersionOf(type))},`;
  return type.builtin && whole.startsWith(head) ? `{${whole.slice(head.length)}` : whole;
}

/** A stored object in this version. */
export function fromStored(json: string, type: ResourceType): KubeObject {
  const object = JSON.parse(json) as KubeObject;
  if (type.fromStorage !== undefined) return type.fromStorage(object);
  const expected = apiVersionOf(type);
  return object.apiVersion === expected ? object : { ...object, apiVersion: expected };
}

/** The JSON of a stored object in this version; the stored text itself where nothing differs. */
export function storedJson(json: string, type: ResourceType): string {
  if (type.fromStorage === undefined && type.storageApiVersion === apiVersionOf(type)) return json;
  return JSON.stringify(fromStored(json, type));
}
