import { RE2JS } from 're2js';
import { limits } from '../../../base/limits.ts';
import { type FieldFault, fault } from '../api-error.ts';
import { canonicalJson, equalJson, isObject, type JsonObject } from '../object.ts';
import { matchesFormat } from './format.ts';
import { fieldPath, indexPath, type Schema, schemaOfField } from './schema.ts';

/** Checks a value against a structural schema; faults are worded as a Kubernetes API server words them. */
export function validate(value: unknown, schema: Schema, path: string): FieldFault[] {
  const faults: FieldFault[] = [];
  walk(value, schema, path, faults);
  return faults;
}

function walk(value: unknown, schema: Schema, path: string, faults: FieldFault[]): void {
  if (faults.length >= limits.apiFaults) return;
  if (value === null && schema.nullable === true) return;
  const expected = schema.type;
  if (schema['x-kubernetes-int-or-string'] === true) {
    if (!Number.isInteger(value) && typeof value !== 'string')
      faults.push(fault.type(path, typeName(value), 'integer,string'));
  } else if (expected !== undefined && !hasType(value, expected)) {
    faults.push(fault.type(path, typeName(value), expected));
    return;
  }
  if (typeof value === 'string') checkString(value, schema, path, faults);
  else if (typeof value === 'number') checkNumber(value, schema, path, faults);
  else if (Array.isArray(value)) checkList(value, schema, path, faults);
  else if (isObject(value)) checkMap(value, schema, path, faults);
  if (schema.enum !== undefined && !schema.enum.some((allowed) => equalJson(allowed, value)))
    faults.push(fault.unsupported(path, value, schema.enum));
  checkJunctors(value, schema, path, faults);
}

function hasType(value: unknown, type: string): boolean {
  switch (type) {
    case 'object':
      return isObject(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'number':
      return typeof value === 'number';
    default:
      return typeof value === type;
  }
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

const bad = (path: string, value: unknown, rest: string) =>
  fault.invalid(path, value, `${path} in body ${rest}`);

/** The first fault of a string only, as the validator of Kubernetes reports them. */
function checkString(value: string, schema: Schema, path: string, faults: FieldFault[]): void {
  const length = codePoints(value, schema);
  if (schema.maxLength !== undefined && length > schema.maxLength)
    faults.push(fault.tooLong(path, schema.maxLength));
  else if (schema.minLength !== undefined && length < schema.minLength)
    faults.push(bad(path, value, `should be at least ${schema.minLength} chars long`));
  else if (schema.pattern !== undefined && !compiled(schema.pattern)(value))
    faults.push(bad(path, value, `should match '${schema.pattern}'`));
  if (schema.format !== undefined && !matchesFormat(schema.format, value))
    faults.push(fault.format(path, value, schema.format));
}

function codePoints(value: string, schema: Schema): number {
  if (schema.maxLength === undefined && schema.minLength === undefined) return 0;
  let count = 0;
  for (const _ of value) count++;
  return count;
}

const patterns = new Map<string, (text: string) => boolean>();

/** Patterns come from CRDs: compiled once each, by a linear-time engine with RE2's syntax. */
function compiled(pattern: string): (text: string) => boolean {
  let test = patterns.get(pattern);
  if (test === undefined) {
    const program = RE2JS.compile(pattern);
    test = (text) => program.matcher(text).find();
    patterns.set(pattern, test);
  }
  return test;
}

function checkNumber(value: number, schema: Schema, path: string, faults: FieldFault[]): void {
  const { minimum, maximum, multipleOf } = schema;
  if (minimum !== undefined && (schema.exclusiveMinimum === true ? value <= minimum : value < minimum))
    faults.push(
      bad(path, value, `should be greater than ${schema.exclusiveMinimum ? '' : 'or equal to '}${minimum}`),
    );
  if (maximum !== undefined && (schema.exclusiveMaximum === true ? value >= maximum : value > maximum))
    faults.push(
      bad(path, value, `should be less than ${schema.exclusiveMaximum ? '' : 'or equal to '}${maximum}`),
    );
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf))
    faults.push(bad(path, value, `should be a multiple of ${multipleOf}`));
  if (schema.format === 'int32' && (value > 2147483647 || value < -2147483648))
    faults.push(bad(path, value, `must be of type int32: "${value}"`));
}

function checkList(value: readonly unknown[], schema: Schema, path: string, faults: FieldFault[]): void {
  if (schema.maxItems !== undefined && value.length > schema.maxItems)
    faults.push(fault.tooMany(path, value.length, schema.maxItems));
  if (schema.minItems !== undefined && value.length < schema.minItems)
    faults.push(bad(path, value.length, `should have at least ${schema.minItems} items`));
  if (schema.items !== undefined)
    for (const [index, item] of value.entries()) walk(item, schema.items, indexPath(path, index), faults);
  const kind = schema['x-kubernetes-list-type'];
  if (kind === 'map') checkUnique(value, path, faults, (item) => keysOf(item, schema));
  else if (kind === 'set' || schema.uniqueItems === true) checkUnique(value, path, faults, (item) => item);
}

/** Keys whose default the built-in kinds' reduced schemas do not state: ports of Services and containers. */
const impliedKeys: JsonObject = { protocol: 'TCP' };

/** The identifying fields of an item of a keyed list, with defaults of the keys filled in. */
export function keysOf(item: unknown, schema: Schema): JsonObject {
  const keys: JsonObject = {};
  if (!isObject(item)) return keys;
  for (const name of schema['x-kubernetes-list-map-keys'] ?? []) {
    const value = item[name] ?? schema.items?.properties?.[name]?.default ?? impliedKeys[name];
    if (value !== undefined) keys[name] = value;
  }
  return keys;
}

function checkUnique(
  value: readonly unknown[],
  path: string,
  faults: FieldFault[],
  identity: (item: unknown) => unknown,
): void {
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    const id = identity(item);
    const text = canonicalJson(id);
    if (seen.has(text)) faults.push(fault.duplicate(indexPath(path, index), id));
    seen.add(text);
  }
}

function checkMap(value: JsonObject, schema: Schema, path: string, faults: FieldFault[]): void {
  const names = Object.keys(value);
  if (schema.maxProperties !== undefined && names.length > schema.maxProperties)
    faults.push(fault.tooMany(path, names.length, schema.maxProperties));
  if (schema.minProperties !== undefined && names.length < schema.minProperties)
    faults.push(bad(path, names.length, `should have at least ${schema.minProperties} properties`));
  for (const name of schema.required ?? [])
    if (!Object.hasOwn(value, name)) faults.push(fault.required(fieldPath(path, name)));
  for (const name of names) {
    const child = schemaOfField(schema, name);
    if (child !== undefined) walk(value[name], child, fieldPath(path, name), faults);
  }
}

function checkJunctors(value: unknown, schema: Schema, path: string, faults: FieldFault[]): void {
  for (const part of schema.allOf ?? []) walk(value, part, path, faults);
  // These name the field in the text and not in the cause.
  const junctor = (text: string) => fault.invalid('<nil>', '', `${JSON.stringify(path)} ${text}`);
  if (schema.anyOf !== undefined && bestOf(value, schema.anyOf, path).length > 0)
    faults.push(junctor('must validate at least one schema (anyOf)'), ...bestOf(value, schema.anyOf, path));
  if (schema.oneOf !== undefined) {
    const matches = schema.oneOf.filter((part) => validate(value, part, path).length === 0).length;
    const found = matches === 0 ? 'Found none valid' : `Found ${matches} valid alternatives`;
    if (matches !== 1) faults.push(junctor(`must validate one and only one schema (oneOf). ${found}`));
    if (matches === 0) faults.push(...bestOf(value, schema.oneOf, path));
  }
  if (schema.not !== undefined && validate(value, schema.not, path).length === 0)
    faults.push(junctor('must not validate the schema (not)'));
}

/** The faults of the alternative that comes closest; none when one matches. */
function bestOf(value: unknown, alternatives: readonly Schema[], path: string): readonly FieldFault[] {
  let best: readonly FieldFault[] | undefined;
  for (const part of alternatives) {
    const found = validate(value, part, path);
    if (best === undefined || found.length < best.length) best = found;
  }
  return best ?? [];
}
