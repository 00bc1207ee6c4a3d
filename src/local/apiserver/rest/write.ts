import { limits } from '../../../base/limits.ts';
import { randomBelow } from '../../../base/random.ts';
import {
  ApiError,
  alreadyExists,
  badRequest,
  conflict,
  type FieldFault,
  fault,
  forbidden,
  invalid,
  notFound,
  staleObject,
} from '../api-error.ts';
import { builtinTypes } from '../kinds/builtin.ts';
import { checkMetadata, checkMetadataUpdate } from '../kinds/metadata-check.ts';
import { apiVersionOf, type ResourceType } from '../kinds/resource-type.ts';
import { equalJson, type JsonObject, type KubeObject, kubeTime, stringAt } from '../object.ts';
import { hasRules, validateRules } from '../schema/cel-rules.ts';
import { withoutUntouched } from '../schema/ratchet.ts';
import { validate } from '../schema/validate.ts';
import { decodeFieldSet, emptySet } from '../ssa/field-set.ts';
import { managersAfterUpdate, type WriterIdentity } from '../ssa/managed-fields.ts';
import type { StoredObject } from '../store/collection.ts';
import type { ServerContext, WriteOptions } from './context.ts';
import { defaultObject, fromStored, toStored } from './decode.ts';

/** Result of a write: the object as answered, and whether it was created. */
export interface Written {
  readonly object: KubeObject;
  readonly created: boolean;
}

const nameAlphabet = 'bcdfghjklmnpqrstvwxz2456789';
const maxGeneratedBase = 58;

export function writerOf(
  context: ServerContext,
  type: ResourceType,
  options: WriteOptions,
  subresource: string,
): WriterIdentity {
  return {
    manager: options.fieldManager,
    apiVersion: apiVersionOf(type),
    subresource,
    nowMs: context.clock.nowMs(),
    resetFields: subresource === 'status' ? mainFields : type.status ? statusFields : emptySet(),
  };
}

const statusFields = decodeFieldSet({ 'f:status': {} });
const mainFields = decodeFieldSet({ 'f:spec': {} });

/** Gives a new object its identity and refuses it where its namespace cannot take it. */
export function checkPlace(type: ResourceType, namespace: string, object: KubeObject): void {
  const { metadata } = object;
  if (type.namespaced) {
    if (metadata.namespace !== undefined && metadata.namespace !== '' && metadata.namespace !== namespace)
      throw badRequest(
        'the namespace of the provided object does not match the namespace sent on the request',
      );
    metadata.namespace = namespace;
  } else if (metadata.namespace) throw badRequest('namespace is not allowed on this type');
  else delete metadata.namespace;
}

export function create(
  context: ServerContext,
  type: ResourceType,
  namespace: string,
  object: KubeObject,
  options: WriteOptions,
  managedAlready = false,
): Written {
  const { metadata } = object;
  checkPlace(type, namespace, object);
  if (metadata.resourceVersion)
    throw new ApiError(500, '', 'resourceVersion should not be set on objects to be created');
  if (!metadata.name && metadata.generateName)
    metadata.name = generateName(context, type, namespace, metadata.generateName);
  if (!metadata.name)
    throw invalid(type, '', [fault.required('metadata.name', 'name or generateName is required')]);
  const name = metadata.name;
  metadata.uid = context.newUid();
  metadata.creationTimestamp = kubeTime(context.clock.nowMs());
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.resourceVersion;
  delete metadata.selfLink;
  delete metadata.generation;
  if (!type.builtin && type.status) delete object.status;
  if (!type.builtin || type.strategy.generation === true) metadata.generation = 1;
  type.strategy.prepareCreate?.(object);
  defaultObject(object, type);
  checkNamespace(context, type, namespace, name);
  const faults = faultsOf(object, undefined, type);
  if (faults.length > 0) throw invalid(type, name, faults);
  const existing = context.store.get(type.storageKey, namespace, name);
  if (existing !== undefined) throw alreadyExists(type, name, existing.json.includes('"deletionTimestamp"'));
  if (!managedAlready)
    setManagers(
      object,
      managersAfterUpdate(
        undefined,
        skeletonOf(type),
        object,
        type.schema,
        writerOf(context, type, options, ''),
      ),
    );
  type.strategy.admit?.(object);
  return { object: save(context, type, namespace, name, object, options), created: true };
}

export const skeletonOf = (type: ResourceType) => (type.builtin ? builtinTypes.skeleton(type.schema) : {});

function setManagers(
  object: KubeObject,
  entries: NonNullable<KubeObject['metadata']['managedFields']>,
): void {
  if (entries.length === 0) delete object.metadata.managedFields;
  else object.metadata.managedFields = entries;
}

function generateName(context: ServerContext, type: ResourceType, namespace: string, base: string): string {
  for (let attempt = 0; attempt < 8; attempt++) {
    let suffix = '';
    for (let index = 0; index < 5; index++)
      suffix += nameAlphabet[randomBelow(context.random, nameAlphabet.length)];
    const name = base.slice(0, maxGeneratedBase) + suffix;
    if (context.store.get(type.storageKey, namespace, name) === undefined) return name;
  }
  throw alreadyExists(type, base);
}

/** Nothing is created in a namespace that is absent or ending. */
function checkNamespace(context: ServerContext, type: ResourceType, namespace: string, name: string): void {
  if (!type.namespaced) return;
  const stored = context.store.get('namespaces', '', namespace);
  if (stored === undefined) throw notFound({ group: '', plural: 'namespaces' }, namespace);
  const parsed = JSON.parse(stored.json) as KubeObject;
  if (
    stringAt(parsed, 'status', 'phase') !== 'Terminating' &&
    parsed.metadata.deletionTimestamp === undefined
  )
    return;
  throw forbidden(
    type,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
    [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  );
}

/** Faults after which rules are not evaluated: what they read may not be what it should. */
const blocking = new Set([
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
  'FieldValueDuplicate',
]);

const uncheckedRules = fault.invalid(
  '<nil>',
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
);

function faultsOf(
  object: KubeObject,
  live: KubeObject | undefined,
  type: ResourceType,
): readonly FieldFault[] {
  const faults = checkMetadata(object, type);
  if (live !== undefined) faults.push(...checkMetadataUpdate(object, live));
  if (type.builtin) faults.push(...(type.strategy.validate?.(object) ?? []));
  // Status of built-in kinds comes from controllers; a real API server demands no field of it either.
  const { status: _, ...withoutStatus } = object;
  const checked = { ...(type.builtin ? withoutStatus : object), metadata: {} };
  const found = validate(checked, type.schema, '');
  const ratchets = live !== undefined && !type.builtin;
  const schemaFaults = ratchets ? withoutUntouched(found, object, live) : found;
  // What a kind's own check has said of a field is not said again.
  const said = new Set(faults.map((known) => known.field));
  const repeated = (again: FieldFault) => again.reason === 'FieldValueDuplicate' || said.has(again.field);
  faults.push(...schemaFaults.filter((known) => !type.builtin || !repeated(known)));
  // Rules read fields that the schema has just vouched for.
  if (found.some(({ reason }) => blocking.has(reason))) {
    if (hasRules(type.schema) && schemaFaults.length > 0) faults.push(uncheckedRules);
  } else {
    const broken = validateRules(object, live, type.schema);
    faults.push(...(ratchets ? withoutUntouched(broken, object, live) : broken));
  }
  if (live !== undefined) faults.push(...(type.strategy.validateUpdate?.(object, live) ?? []));
  return faults;
}

/** Endpoints that write through `update`. */
export type Subresource = '' | 'status' | 'scale';

export type Change = (live: KubeObject) => { readonly next: KubeObject; readonly managed?: boolean };

/**
 * Reads, changes and writes one object. `subresource` is '' or 'status' and decides which part may change.
 * Nothing is written when nothing differs. The last finalizer's removal from a terminating object removes it.
 */
export function update(
  context: ServerContext,
  type: ResourceType,
  stored: StoredObject,
  change: Change,
  options: WriteOptions,
  subresource: Subresource,
): Written {
  const live = fromStored(stored.json, type);
  const { next, managed } = change(live);
  const name = stored.name;
  const { metadata } = next;
  if (metadata.name === undefined || metadata.name === '') metadata.name = name;
  if (metadata.name !== name)
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    );
  checkPlace(type, stored.namespace, next);
  if (metadata.uid !== undefined && metadata.uid !== live.metadata.uid)
    throw uidConflict(type, stored, metadata.uid, options.patch === true);
  if (metadata.resourceVersion && metadata.resourceVersion !== String(stored.rv))
    throw staleObject(type, name);
  if (!metadata.resourceVersion && (type.strategy.needsVersion ?? !type.builtin))
    throw invalid({ group: type.group, kind: type.plural }, name, [
      fault.invalid('metadata.resourceVersion', 0, 'must be specified for an update'),
    ]);

  const prepared = prepareUpdate(next, live, type, subresource);
  if (managed !== true) defaultObject(prepared, type);
  if (managed !== true)
    setManagers(
      prepared,
      managersAfterUpdate(live, {}, prepared, type.schema, writerOf(context, type, options, subresource)),
    );
  else defaultObject(prepared, type);
  const faults = faultsOf(prepared, live, type);
  if (faults.length > 0) throw invalid(type, name, faults);
  prepared.metadata.resourceVersion = String(stored.rv);
  if (equalJson(prepared, live)) return { object: live, created: false };
  if (isFinalized(prepared))
    return { object: removeNow(context, type, stored, prepared, options), created: false };
  return { object: save(context, type, stored.namespace, name, prepared, options), created: false };
}

function uidConflict(type: ResourceType, stored: StoredObject, asked: string, patch: boolean): ApiError {
  if (patch) {
    const fixed = fault.invalid('metadata.uid', asked, 'field is immutable');
    return invalid(type, stored.name, [fixed, fixed]);
  }
  const key = `/registry/${type.storageKey}/${stored.key}`;
  return conflict(
    type,
    stored.name,
    `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${asked}, UID in object meta: ${stored.uid}`,
  );
}

/** Restores what this endpoint may not change and counts the generation. */
function prepareUpdate(
  next: KubeObject,
  live: KubeObject,
  type: ResourceType,
  subresource: Subresource,
): KubeObject {
  const metadata = next.metadata;
  for (const field of [
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'generation',
    'generateName',
    'selfLink',
  ] as const) {
    if (live.metadata[field] === undefined) delete metadata[field];
    else (metadata as JsonObject)[field] = live.metadata[field];
  }
  if (subresource === 'status') {
    const kept = type.builtin ? metadata : { ...live.metadata };
    if (metadata.managedFields !== undefined) kept.managedFields = metadata.managedFields;
    const result: KubeObject = { ...live, metadata: kept };
    if (next.status === undefined) delete result.status;
    else result.status = next.status;
    return result;
  }
  if (type.builtin) type.strategy.prepareUpdate?.(next, live);
  else if (type.status) {
    if (live.status === undefined) delete next.status;
    else next.status = live.status;
  }
  const counts = type.builtin ? type.strategy.generation === true : true;
  if (counts && !equalJson(generationPart(next, type), generationPart(live, type)))
    metadata.generation = (live.metadata.generation ?? 0) + 1;
  return next;
}

function generationPart(object: KubeObject, type: ResourceType): JsonObject {
  const { metadata: _, status, ...rest } = object;
  return type.builtin || type.status ? rest : { ...rest, status };
}

/** Terminating, and nobody holds it back any more. */
export function isFinalized(object: KubeObject): boolean {
  const { deletionTimestamp, finalizers, deletionGracePeriodSeconds } = object.metadata;
  if (deletionTimestamp === undefined || (finalizers ?? []).length > 0) return false;
  if (object.kind === 'Namespace' && object.apiVersion === 'v1')
    return (
      (((object.spec as JsonObject | undefined)?.finalizers as unknown[] | undefined) ?? []).length === 0
    );
  return (deletionGracePeriodSeconds ?? 0) === 0;
}

export function save(
  context: ServerContext,
  type: ResourceType,
  namespace: string,
  name: string,
  object: KubeObject,
  options: { readonly dryRun: boolean },
): KubeObject {
  const stored = toStored(object, type);
  const sizeBytes = Buffer.byteLength(JSON.stringify(stored));
  if (sizeBytes > limits.apiObjectBytes)
    throw new ApiError(
      413,
      'RequestEntityTooLarge',
      `Request entity too large: the object has ${sizeBytes} bytes, limit is ${limits.apiObjectBytes}`,
    );
  if (options.dryRun) return object;
  const written = context.store.put(type.storageKey, namespace, name, stored);
  object.metadata.resourceVersion = String(written.rv);
  return object;
}

export function removeNow(
  context: ServerContext,
  type: ResourceType,
  stored: StoredObject,
  last: KubeObject,
  options: { readonly dryRun: boolean },
): KubeObject {
  if (options.dryRun) return last;
  const removed = context.store.remove(type.storageKey, stored.namespace, stored.name);
  last.metadata.resourceVersion = String(removed.rv);
  return last;
}
