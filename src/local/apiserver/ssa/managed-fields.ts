import { ApiError, badRequest } from '../api-error.ts';
import { type JsonObject, type KubeObject, kubeTime, type ManagedFieldsEntry } from '../object.ts';
import type { Schema } from '../schema/schema.ts';
import {
  compareFields,
  decodeFieldSet,
  difference,
  emptySet,
  encodeFieldSet,
  type FieldSet,
  fieldsOf,
  intersection,
  isEmptySet,
  pathsOf,
  recursiveDifference,
  union,
} from './field-set.ts';
import { mergeApplied, removeUnowned } from './merge.ts';

interface Manager {
  readonly manager: string;
  readonly operation: string;
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string;
  readonly set: FieldSet;
}

export interface WriterIdentity {
  readonly manager: string;
  readonly apiVersion: string;
  readonly subresource: string;
  readonly nowMs: number;
  /** Fields that this endpoint resets (`status` on the main resource): nobody comes to own them here. */
  readonly resetFields: FieldSet;
}

/** Fields that the server owns in every object. */
const serverFields = decodeFieldSet({
  'f:apiVersion': {},
  'f:kind': {},
  'f:metadata': {
    '.': {},
    'f:name': {},
    'f:namespace': {},
    'f:creationTimestamp': {},
    'f:selfLink': {},
    'f:uid': {},
    'f:generation': {},
    'f:managedFields': {},
    'f:resourceVersion': {},
    'f:deletionTimestamp': {},
    'f:deletionGracePeriodSeconds': {},
  },
});
// The members above are leaves except metadata itself, which only loses its own membership.
const stripServerFields = (set: FieldSet): FieldSet => {
  const metadata = set.children.get('f:metadata');
  const children = new Map(set.children);
  children.delete('f:apiVersion');
  children.delete('f:kind');
  if (metadata !== undefined) {
    const kept = new Map(metadata.children);
    for (const step of serverFields.children.get('f:metadata')!.children.keys()) kept.delete(step);
    if (kept.size === 0) children.delete('f:metadata');
    else children.set('f:metadata', { member: false, children: kept });
  }
  return { member: false, children };
};

/** Ownership that follows from a create or an update by `writer`; `skeleton` is what a new object holds unasked. */
export function managersAfterUpdate(
  before: KubeObject | undefined,
  skeleton: JsonObject,
  after: KubeObject,
  schema: Schema,
  writer: WriterIdentity,
): ManagedFieldsEntry[] {
  const managers = decodeManagers(after.metadata.managedFields ?? before?.metadata.managedFields);
  // An object whose ownership was dropped stays without until somebody applies to it.
  if (before !== undefined && managers.length === 0) return [];
  const base = before ?? { ...skeleton, metadata: {} };
  const change = compareFields(strip(base), strip(after), schema);
  const touched = union(change.added, change.modified);
  const own = managers.find((entry) => isUpdateOf(entry, writer));
  const others = managers
    .filter((entry) => entry !== own)
    .map((entry) => ({ ...entry, set: difference(difference(entry.set, touched), change.removed) }));
  const set = recursiveDifference(
    stripServerFields(difference(union(own?.set ?? emptySet(), touched), change.removed)),
    writer.resetFields,
  );
  // A real API server stamps no time on changes through the scale subresource.
  const stamped = !isEmptySet(touched) && writer.subresource !== 'scale';
  const time = stamped ? kubeTime(writer.nowMs) : (own?.time ?? '');
  const updated: Manager = { ...identity(writer, 'Update'), time, set };
  return encodeManagers([...others, updated]);
}

const isUpdateOf = (entry: Manager, writer: WriterIdentity) =>
  entry.operation === 'Update' &&
  entry.manager === writer.manager &&
  entry.apiVersion === writer.apiVersion &&
  entry.subresource === writer.subresource;

const identity = (writer: WriterIdentity, operation: string) => ({
  manager: writer.manager,
  operation,
  apiVersion: writer.apiVersion,
  subresource: writer.subresource,
});

/**
 * Server-side apply (KEP-555): merges the configuration over the live object, removes what this manager
 * stated last time and nobody states now, and refuses to change what others own unless forced.
 */
export function applyConfiguration(
  live: KubeObject,
  configuration: KubeObject,
  skeleton: JsonObject,
  schema: Schema,
  writer: WriterIdentity,
  force: boolean,
): KubeObject {
  if (configuration.metadata.managedFields !== undefined && configuration.metadata.managedFields.length > 0)
    throw badRequest('metadata.managedFields must be nil');
  const managers = managersOf(live, skeleton, schema);
  const own = managers.find(
    (entry) =>
      entry.operation === 'Apply' &&
      entry.manager === writer.manager &&
      entry.subresource === writer.subresource,
  );
  const stated = recursiveDifference(stripServerFields(fieldsOf(configuration, schema)), writer.resetFields);
  const others = managers.filter((entry) => entry !== own);

  const liveValue = strip(live);
  let merged = mergeApplied(liveValue, strip(configuration), schema) as JsonObject;
  if (own !== undefined) {
    let owned = stated;
    for (const entry of others) owned = union(owned, entry.set);
    merged = (removeUnowned(merged, own.set, owned, schema) ?? {}) as JsonObject;
  }
  const change = compareFields(liveValue, merged, schema);
  const touched = union(change.added, change.modified);
  const conflicts = others
    .map((entry) => ({ entry, set: intersection(entry.set, touched) }))
    .filter(({ set }) => !isEmptySet(set));
  if (conflicts.length > 0 && !force) throw conflictError(conflicts);

  const kept = others.map((entry) => ({
    ...entry,
    set: difference(difference(entry.set, touched), change.removed),
  }));
  const applied: Manager = {
    ...identity(writer, 'Apply'),
    time: isEmptySet(touched) && isEmptySet(change.removed) ? (own?.time ?? '') : kubeTime(writer.nowMs),
    set: stated,
  };
  const metadata = {
    ...live.metadata,
    ...(merged.metadata as JsonObject | undefined),
  } as KubeObject['metadata'];
  for (const field of ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const)
    if ((merged.metadata as JsonObject | undefined)?.[field] === undefined) delete metadata[field];
  metadata.managedFields = encodeManagers([...kept, applied]);
  return { ...merged, apiVersion: live.apiVersion, kind: live.kind, metadata };
}

function conflictError(conflicts: readonly { entry: Manager; set: FieldSet }[]): ApiError {
  const causes = conflicts.flatMap(({ entry, set }) =>
    pathsOf(set).map((field) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${managerText(entry)}`,
      field,
    })),
  );
  const lines = conflicts.map(({ entry, set }) => {
    const fields = pathsOf(set);
    return fields.length === 1 && conflicts.length === 1
      ? `conflict with ${managerText(entry)}: ${fields[0]}`
      : `conflicts with ${managerText(entry)}:\n${fields.map((field) => `- ${field}`).join('\n')}`;
  });
  return new ApiError(
    409,
    'Conflict',
    `Apply failed with ${causes.length} conflict${causes.length === 1 ? '' : 's'}: ${lines.join('\n')}`,
    { causes },
  );
}

/** Who holds a field of an object that nobody was recorded for (Kubernetes names it so). */
function managersOf(live: KubeObject, skeleton: JsonObject, schema: Schema): Manager[] {
  const known = decodeManagers(live.metadata.managedFields);
  if (known.length > 0 || live.metadata.uid === undefined) return known;
  const { added, modified } = compareFields({ ...skeleton, metadata: {} }, strip(live), schema);
  const set = stripServerFields(union(added, modified));
  return [
    {
      manager: 'before-first-apply',
      operation: 'Update',
      apiVersion: live.apiVersion,
      subresource: '',
      time: live.metadata.creationTimestamp ?? '',
      set,
    },
  ];
}

function managerText(entry: Manager): string {
  const subresource =
    entry.subresource === '' ? '' : ` with subresource ${JSON.stringify(entry.subresource)}`;
  const version = entry.operation === 'Update' ? ` using ${entry.apiVersion}` : '';
  return `${JSON.stringify(entry.manager)}${subresource}${version}`;
}

/** The object as ownership sees it: without the fields of the server. */
function strip(object: JsonObject): JsonObject {
  const { apiVersion, kind, metadata, ...rest } = object;
  const kept: JsonObject = {};
  if (typeof metadata === 'object' && metadata !== null) {
    const hidden = serverFields.children.get('f:metadata')!.children;
    for (const [name, value] of Object.entries(metadata)) if (!hidden.has(`f:${name}`)) kept[name] = value;
  }
  return { ...rest, metadata: kept };
}

function decodeManagers(entries: readonly ManagedFieldsEntry[] | undefined): Manager[] {
  return (entries ?? [])
    .filter((entry) => entry.manager !== undefined || entry.fieldsV1 !== undefined)
    .map((entry) => ({
      manager: entry.manager ?? '',
      operation: entry.operation ?? 'Update',
      apiVersion: entry.apiVersion ?? '',
      subresource: entry.subresource ?? '',
      time: entry.time ?? '',
      set: decodeFieldSet(entry.fieldsV1),
    }));
}

function encodeManagers(managers: readonly Manager[]): ManagedFieldsEntry[] {
  return managers
    .filter((entry) => !isEmptySet(entry.set))
    .sort((a, b) => order(a, b))
    .map((entry) => ({
      manager: entry.manager,
      operation: entry.operation,
      apiVersion: entry.apiVersion,
      ...(entry.time === '' ? {} : { time: entry.time }),
      fieldsType: 'FieldsV1',
      fieldsV1: encodeFieldSet(entry.set),
      ...(entry.subresource === '' ? {} : { subresource: entry.subresource }),
    }));
}

/** Applied entries first, then by time, manager and version, as Kubernetes sorts them. */
function order(a: Manager, b: Manager): number {
  if (a.operation !== b.operation) return a.operation < b.operation ? -1 : 1;
  if (a.time !== b.time) return a.time < b.time ? -1 : 1;
  if (a.manager !== b.manager) return a.manager < b.manager ? -1 : 1;
  return a.apiVersion < b.apiVersion ? -1 : a.apiVersion > b.apiVersion ? 1 : 0;
}
