import type { ErrorCode } from '../base/error-catalogue.ts';
import { limits } from '../base/limits.ts';
import { brokenRule } from './cel.ts';
import { objectSchema } from './crd.ts';
import { type FieldFault, type FieldPath, shorten } from './fault.ts';
import type { KindDefinition } from './kinds.ts';
import type { CelRule } from './schema.ts';
import { propertiesOf, type SchemaNode } from './structural.ts';
import { suggestName } from './suggestion.ts';

/**
 * Everything that the schema of a kind says about an object: types, unknown and missing fields, bounds, patterns, unique
 * keys, CEL rules. An API server checks the same, except for the parts that the CRD leaves open (httpConfig, nested
 * routes). `metadata` and `status` are not looked at. At most `limits.objectFaults` faults are told.
 */
export function checkObject(definition: KindDefinition, object: unknown): FieldFault[] {
  const walk = new Walk();
  const { status: _status, metadata: _metadata, ...checked } = propertiesOf(objectSchema(definition));
  const metadata = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const status = { 'x-kubernetes-preserve-unknown-fields': true };
  walk.value(
    object,
    {
      ...objectSchema(definition),
      additionalProperties: false,
      properties: { ...checked, metadata, status },
    },
    [],
  );
  return walk.faults;
}

/** Deepest nesting that is looked at; deeper values are a fault. */
const maxDepth = 64;

class Walk {
  readonly faults: FieldFault[] = [];
  private sawNull = false;

  value(value: unknown, schema: SchemaNode, path: FieldPath): void {
    if (this.full()) return;
    if (path.length > maxDepth)
      return this.add(path, 'FieldValueInvalid', `nested deeper than ${maxDepth} levels`);
    const before = this.faults.length;
    if (!this.typeHolds(value, schema, path)) return;
    if (typeof value === 'string') this.text(value, schema, path);
    else if (typeof value === 'number') this.number(value, schema, path);
    else if (Array.isArray(value)) this.list(value, schema, path);
    else if (typeof value === 'object' && value !== null)
      this.object(value as Record<string, unknown>, schema, path);
    if (this.faults.length > before) return;
    for (const rule of (schema['x-kubernetes-validations'] as readonly CelRule[] | undefined) ?? []) {
      const broken = brokenRule(rule, this.sawNull ? withoutNulls(value) : value);
      if (broken !== undefined) this.add(path, 'FieldsContradict', broken);
    }
  }

  private typeHolds(value: unknown, schema: SchemaNode, path: FieldPath): boolean {
    const wanted =
      schema['x-kubernetes-int-or-string'] === true
        ? 'a string or an integer'
        : typeNames[String(schema.type)];
    if (wanted === undefined || hasType(value, schema)) return true;
    const found = value === null ? 'nothing' : `${typeNames[typeOf(value)]}`;
    const hint =
      schema.type === 'string' && (typeof value === 'number' || typeof value === 'boolean')
        ? `; put it in quotes: "${value}"`
        : '';
    this.add(path, 'FieldTypeWrong', `must be ${wanted}, is ${found}${hint}`);
    return false;
  }

  private text(value: string, schema: SchemaNode, path: FieldPath): void {
    const { minLength, maxLength, pattern, format } = schema as TextBounds;
    // Length in code points, as an API server counts; the quick test spares long texts the count.
    const tooLong = maxLength !== undefined && value.length > maxLength && [...value].length > maxLength;
    if (tooLong) return this.add(path, 'FieldValueInvalid', `longer than ${maxLength} characters`);
    if (!value.isWellFormed()) return this.add(path, 'FieldValueInvalid', 'is no valid Unicode text');
    if (minLength !== undefined && value.length < minLength)
      return this.add(path, 'FieldValueInvalid', 'must not be empty');
    const words = schema.enum as readonly string[] | undefined;
    if (words !== undefined && !words.includes(value)) {
      const meant = suggestName(value, words);
      const hint = meant === undefined ? '' : `; did you mean ${quote(meant)}?`;
      return this.add(
        path,
        'FieldValueInvalid',
        `${quote(value)} is not one of ${words.map(quote).join(', ')}${hint}`,
      );
    }
    if (pattern !== undefined && !regex(pattern).test(value))
      return this.add(path, 'FieldValueInvalid', `${quote(value)} ${expectation(pattern)}`);
    if (format === 'date-time' && !isDateTime(value))
      this.add(
        path,
        'FieldValueInvalid',
        `${quote(value)} is no time in RFC 3339 form, such as 2026-11-20T22:00:00Z`,
      );
  }

  private number(value: number, schema: SchemaNode, path: FieldPath): void {
    const { minimum, maximum } = schema as { minimum?: number; maximum?: number };
    if (minimum !== undefined && value < minimum)
      this.add(path, 'FieldValueInvalid', `${value} is less than ${minimum}`);
    if (maximum !== undefined && value > maximum)
      this.add(path, 'FieldValueInvalid', `${value} is more than ${maximum}`);
  }

  private list(value: readonly unknown[], schema: SchemaNode, path: FieldPath): void {
    const { minItems, maxItems } = schema as { minItems?: number; maxItems?: number };
    if (minItems !== undefined && value.length < minItems)
      this.add(path, 'FieldValueInvalid', `needs at least ${minItems} ${minItems === 1 ? 'item' : 'items'}`);
    if (maxItems !== undefined && value.length > maxItems)
      return this.add(
        path,
        'FieldValueInvalid',
        `has ${value.length} items, at most ${maxItems} are possible`,
      );
    const items = schema.items as SchemaNode | undefined;
    if (items === undefined) return; // free value
    for (const [index, item] of value.entries()) this.value(item, items, [...path, index]);
    this.unique(value, schema, path);
  }

  /** Keys of a map list and items of a set list are unique. */
  private unique(value: readonly unknown[], schema: SchemaNode, path: FieldPath): void {
    const keys = schema['x-kubernetes-list-map-keys'] as readonly string[] | undefined;
    if (keys === undefined && schema['x-kubernetes-list-type'] !== 'set') return;
    const first = new Map<string, number>();
    for (const [index, item] of value.entries()) {
      const parts =
        keys === undefined ? [item] : keys.map((key) => (item as Record<string, unknown> | null)?.[key]);
      if (parts.some((part) => typeof part !== 'string' && typeof part !== 'number')) continue;
      const key = JSON.stringify(parts);
      const earlier = first.get(key);
      if (earlier === undefined) first.set(key, index);
      else {
        const place = keys?.length === 1 ? [...path, index, keys[0]!] : [...path, index];
        this.add(place, 'ItemDuplicate', `${quote(parts.join('/'))} occurs already as item ${earlier}`);
      }
    }
  }

  private object(value: Readonly<Record<string, unknown>>, schema: SchemaNode, path: FieldPath): void {
    const properties = propertiesOf(schema);
    const values = schema.additionalProperties;
    const { maxProperties } = schema as { maxProperties?: number };
    const names = Object.keys(value);
    const required = (schema.required as readonly string[] | undefined) ?? [];
    if (maxProperties !== undefined && names.length > maxProperties)
      return this.add(
        path,
        'FieldValueInvalid',
        `has ${names.length} entries, at most ${maxProperties} are possible`,
      );
    for (const name of names) {
      const below = [...path, name];
      const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (property !== undefined) {
        this.property(value[name], property, below, required.includes(name));
      } else if (typeof values === 'object' && values !== null)
        this.property(value[name], values as SchemaNode, below, false);
      else if (schema['x-kubernetes-preserve-unknown-fields'] !== true)
        this.unknownField(name, properties, value, below);
    }
    for (const name of required)
      if (!Object.hasOwn(value, name)) this.add(path, 'FieldMissing', `${name} is missing`);
  }

  /** As in an API server, a field without a value is as good as absent. */
  private property(value: unknown, schema: SchemaNode, path: FieldPath, isRequired: boolean): void {
    if (value !== null) return this.value(value, schema, path);
    this.sawNull = true;
    if (isRequired && schema.default === undefined) this.add(path, 'FieldMissing', 'has no value');
  }

  private unknownField(
    name: string,
    properties: Readonly<Record<string, SchemaNode>>,
    value: Readonly<Record<string, unknown>>,
    path: FieldPath,
  ): void {
    const free = Object.keys(properties).filter((property) => !Object.hasOwn(value, property));
    const meant = suggestName(name, free);
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
    this.add(path, 'FieldUnknown', `no field ${quote(name)} here${hint}`, true);
  }

  private full(): boolean {
    return this.faults.length >= limits.objectFaults;
  }

  private add(path: FieldPath, code: ErrorCode, message: string, inKey = false): void {
    if (!this.full()) this.faults.push({ path, code, message, ...(inKey ? { inKey } : {}) });
  }
}

/** The value as an API server stores it: fields without a value are gone; items of lists stay. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(entries.map(([name, field]) => [name, withoutNulls(field)]));
}

interface TextBounds {
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
}

const typeNames: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  integer: 'an integer',
  number: 'a number',
  object: 'an object',
  string: 'a string',
};

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return Number.isSafeInteger(value) ? 'integer' : typeof value;
}

function hasType(value: unknown, schema: SchemaNode): boolean {
  const type = typeOf(value);
  if (value === null) return false;
  if (schema['x-kubernetes-int-or-string'] === true) return type === 'string' || type === 'integer';
  return type === schema.type;
}

const quote = (text: string) => JSON.stringify(shorten(text, 80));

const expectations: readonly (readonly [test: (pattern: string) => boolean, text: string])[] = [
  [(pattern) => pattern.includes('(([0-9]+)y)?'), 'is no duration, such as 30s, 5m or 1h30m'],
  [(pattern) => pattern.includes('ns|us|µs'), 'is no duration, such as 30s or 1m30s'],
  [
    (pattern) => pattern.startsWith('^[0-9]+(\\.[0-9]+)?([KMGTPE]i'),
    'is no quantity, such as 50Gi, 500Mi or 50k',
  ],
  [(pattern) => pattern.startsWith('^https?'), 'is no address with http:// or https://'],
  [(pattern) => pattern.startsWith('^v[0-9]'), 'is no version, such as v3.5.3'],
  [
    (pattern) => pattern.startsWith('^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.'),
    'is no name of a Kubernetes object: lower-case letters, digits, dashes and dots',
  ],
];

function expectation(pattern: string): string {
  return expectations.find(([test]) => test(pattern))?.[1] ?? `does not match ${pattern}`;
}

/** Patterns of our own schemas, compiled once each; their number is fixed. */
const regexes = new Map<string, RegExp>();

function regex(pattern: string): RegExp {
  let found = regexes.get(pattern);
  if (found === undefined) {
    found = new RegExp(pattern, 'u');
    regexes.set(pattern, found);
  }
  return found;
}

const dateTimeForm = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

/** RFC 3339, with days that exist. */
export function isDateTime(text: string): boolean {
  const match = dateTimeForm.exec(text);
  if (match === null) return false;
  const [, year, month, day, hour, minute, second] = match.map(Number);
  const date = new Date(Date.UTC(year!, month! - 1, day!));
  return (
    date.getUTCMonth() === month! - 1 &&
    date.getUTCDate() === day! &&
    hour! < 24 &&
    minute! < 60 &&
    second! < 60
  );
}
