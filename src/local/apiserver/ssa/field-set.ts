import { canonicalJson, equalJson, isObject, type JsonObject } from '../object.ts';
import { type Schema, schemaOfField } from '../schema/schema.ts';
import { keysOf } from '../schema/validate.ts';

/**
 * A set of field paths as a tree. `member`: the path itself belongs to the set. Steps are written as in
 * FieldsV1: `f:name` a field, `k:{"name":"x"}` an item of a keyed list, `v:1` a value of a set.
 */
export interface FieldSet {
  member: boolean;
  readonly children: Map<string, FieldSet>;
}

export const emptySet = (): FieldSet => ({ member: false, children: new Map() });

export function isEmptySet(set: FieldSet): boolean {
  if (set.member) return false;
  for (const child of set.children.values()) if (!isEmptySet(child)) return false;
  return true;
}

/** From `fieldsV1` of a managedFields entry. */
export function decodeFieldSet(fields: unknown): FieldSet {
  const set = emptySet();
  if (!isObject(fields)) return set;
  for (const key of Object.keys(fields)) {
    if (key === '.') set.member = true;
    else {
      const child = decodeFieldSet(fields[key]);
      if (child.children.size === 0) child.member = true;
      set.children.set(key, child);
    }
  }
  return set;
}

export function encodeFieldSet(set: FieldSet): JsonObject {
  const fields: JsonObject = {};
  if (set.member && set.children.size > 0) fields['.'] = {};
  for (const step of [...set.children.keys()].sort()) {
    const child = set.children.get(step)!;
    if (!isEmptySet(child)) fields[step] = encodeFieldSet(child);
  }
  return fields;
}

const none = emptySet();

/** Paths by a rule over membership in a and b. */
function combine(a: FieldSet, b: FieldSet, rule: (inA: boolean, inB: boolean) => boolean): FieldSet {
  const result = emptySet();
  result.member = rule(a.member, b.member);
  for (const step of new Set([...a.children.keys(), ...b.children.keys()])) {
    const child = combine(a.children.get(step) ?? none, b.children.get(step) ?? none, rule);
    if (child.member || child.children.size > 0) result.children.set(step, child);
  }
  return result;
}

export const union = (a: FieldSet, b: FieldSet) => combine(a, b, (inA, inB) => inA || inB);
export const intersection = (a: FieldSet, b: FieldSet) => combine(a, b, (inA, inB) => inA && inB);
export const difference = (a: FieldSet, b: FieldSet) => combine(a, b, (inA, inB) => inA && !inB);
export const equalSets = (a: FieldSet, b: FieldSet) => isEmptySet(combine(a, b, (inA, inB) => inA !== inB));

/** `a` without every path that `b` has, and without everything below those. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  if (b.member) return emptySet();
  const result: FieldSet = { member: a.member, children: new Map() };
  for (const [step, child] of a.children) {
    const other = b.children.get(step);
    const kept = other === undefined ? child : recursiveDifference(child, other);
    if (!isEmptySet(kept)) result.children.set(step, kept);
  }
  return result;
}

/** How server-side apply sees a value: one value, a map by field, a keyed list, or a set. */
export type Shape = 'leaf' | 'map' | 'keyed' | 'set';

export function shapeOf(value: unknown, schema: Schema | undefined): Shape {
  if (Array.isArray(value)) {
    const kind = schema?.['x-kubernetes-list-type'];
    return kind === 'map' ? 'keyed' : kind === 'set' ? 'set' : 'leaf';
  }
  if (!isObject(value)) return 'leaf';
  return schema?.['x-kubernetes-map-type'] === 'atomic' ? 'leaf' : 'map';
}

export const fieldStep = (name: string): string => `f:${name}`;

/** The step of an item of a keyed list or a set. */
export const itemStep = (item: unknown, shape: Shape, schema: Schema | undefined): string =>
  shape === 'set' ? `v:${canonicalJson(item)}` : `k:${canonicalJson(keysOf(item, schema ?? {}))}`;

/**
 * All paths that a configuration states: leaves, empty maps, and items of keyed lists and sets. Entries of maps
 * (not of structs) count themselves, too.
 */
export function fieldsOf(value: unknown, schema: Schema | undefined): FieldSet {
  const set = emptySet();
  const shape = shapeOf(value, schema);
  if (shape === 'leaf') set.member = true;
  else if (shape === 'map') {
    const map = value as JsonObject;
    const names = Object.keys(map);
    if (names.length === 0) set.member = true;
    for (const name of names) {
      const child = fieldsOf(map[name], schemaOfField(schema, name));
      const declared = schema?.properties !== undefined && Object.hasOwn(schema.properties, name);
      if (!declared && schema?.additionalProperties !== undefined) child.member = true;
      if (!isEmptySet(child)) set.children.set(fieldStep(name), child);
    }
  } else
    for (const item of value as readonly unknown[]) {
      const child = fieldsOf(item, schema?.items);
      child.member = true;
      set.children.set(itemStep(item, shape, schema), child);
    }
  return set;
}

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** What differs between two values, path by path. */
export function compareFields(before: unknown, after: unknown, schema: Schema | undefined): Comparison {
  const result = { added: emptySet(), modified: emptySet(), removed: emptySet() };
  compareInto(before, after, schema, result.added, result.modified, result.removed);
  return result;
}

function compareInto(
  before: unknown,
  after: unknown,
  schema: Schema | undefined,
  added: FieldSet,
  modified: FieldSet,
  removed: FieldSet,
): void {
  if (before === undefined && after === undefined) return;
  const shape = shapeOf(after ?? before, schema);
  const comparable =
    before === undefined ||
    after === undefined ||
    before === null ||
    after === null ||
    shapeOf(before, schema) === shape;
  if (before === undefined) added.member = true;
  else if (after === undefined) removed.member = true;
  if (shape === 'leaf' || !comparable || (isEmptyValue(before) && isEmptyValue(after))) {
    if (before !== undefined && after !== undefined && !equalJson(before, after)) modified.member = true;
    return;
  }
  const old = partsOf(before, shape, schema);
  const fresh = partsOf(after, shape, schema);
  for (const step of new Set([...old.keys(), ...fresh.keys()])) {
    const childSchema = shape === 'map' ? schemaOfField(schema, step.slice(2)) : schema?.items;
    const sets = [emptySet(), emptySet(), emptySet()] as const;
    compareInto(old.get(step), fresh.get(step), childSchema, ...sets);
    for (const [index, target] of [added, modified, removed].entries())
      if (!isEmptySet(sets[index]!)) target.children.set(step, sets[index]!);
  }
}

const isEmptyValue = (value: unknown) =>
  value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);

/** Children of a map or list by step. */
export function partsOf(value: unknown, shape: Shape, schema: Schema | undefined): Map<string, unknown> {
  const parts = new Map<string, unknown>();
  if (shape === 'map' && isObject(value))
    for (const name of Object.keys(value)) parts.set(fieldStep(name), value[name]);
  else if (Array.isArray(value)) for (const item of value) parts.set(itemStep(item, shape, schema), item);
  return parts;
}

/** `.spec.groups[name="a"].rules`: paths as conflict messages write them, a set's own members before deeper ones. */
export function pathsOf(set: FieldSet, prefix = ''): string[] {
  const steps = [...set.children.keys()].sort();
  const own = steps
    .filter((step) => set.children.get(step)!.member)
    .map((step) => `${prefix}${stepText(step)}`);
  return [...own, ...steps.flatMap((step) => pathsOf(set.children.get(step)!, `${prefix}${stepText(step)}`))];
}

function stepText(step: string): string {
  const rest = step.slice(2);
  if (step.startsWith('f:')) return `.${rest}`;
  if (step.startsWith('v:')) return `[=${rest}]`;
  const keys = JSON.parse(rest) as JsonObject;
  return `[${Object.keys(keys)
    .sort()
    .map((key) => `${key}=${JSON.stringify(keys[key])}`)
    .join(',')}]`;
}
