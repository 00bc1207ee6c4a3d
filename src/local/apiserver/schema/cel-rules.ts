import { limits } from '../../../base/limits.ts';
import { type FieldFault, fault } from '../api-error.ts';
import { canonicalJson, isObject, type KubeObject } from '../object.ts';
import { celProgram } from './cel-environment.ts';
import { celValue } from './cel-value.ts';
import { type CelRule, fieldPath, indexPath, keyPath, type Schema, schemaOfField } from './schema.ts';
import { keysOf } from './validate.ts';

const memo = new WeakMap<Schema, boolean>();

/** Whether a schema holds rules anywhere; recursive built-in schemas end at the first visit. */
export function hasRules(schema: Schema): boolean {
  const known = memo.get(schema);
  if (known !== undefined) return known;
  memo.set(schema, false);
  const children = [
    ...Object.values(schema.properties ?? {}),
    ...(schema.items === undefined ? [] : [schema.items]),
    ...(typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []),
  ];
  const found = (schema['x-kubernetes-validations']?.length ?? 0) > 0 || children.some(hasRules);
  memo.set(schema, found);
  return found;
}

/** Evaluates the CEL rules of a schema; rules on `oldSelf` only where the old value can be told. */
export function validateRules(
  object: KubeObject,
  live: KubeObject | undefined,
  schema: Schema,
): FieldFault[] {
  if (!hasRules(schema)) return [];
  const faults: FieldFault[] = [];
  walk(identified(object), live === undefined ? undefined : identified(live), schema, '', faults);
  return faults;
}

/** Of metadata, rules see the names only. */
function identified(object: KubeObject): KubeObject {
  const { name, generateName } = object.metadata;
  return {
    ...object,
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(generateName === undefined ? {} : { generateName }),
    },
  };
}

function walk(value: unknown, old: unknown, schema: Schema, path: string, faults: FieldFault[]): void {
  if (!hasRules(schema) || value === undefined || value === null || faults.length >= limits.apiFaults) return;
  for (const rule of schema['x-kubernetes-validations'] ?? []) {
    const found = evaluate(rule, value, old, schema, path);
    if (found !== undefined) faults.push(found);
  }
  if (Array.isArray(value)) {
    const before = itemsByKey(old, schema);
    for (const [index, item] of value.entries())
      walk(
        item,
        before?.get(canonicalJson(keysOf(item, schema))),
        schema.items!,
        indexPath(path, index),
        faults,
      );
  } else if (isObject(value)) {
    for (const key of Object.keys(value)) {
      const child = schemaOfField(schema, key);
      if (child === undefined) continue;
      const declared = schema.properties !== undefined && Object.hasOwn(schema.properties, key);
      walk(
        value[key],
        isObject(old) ? old[key] : undefined,
        child,
        declared ? fieldPath(path, key) : keyPath(path, key),
        faults,
      );
    }
  }
}

/** Only items of keyed lists have an identity that outlives an update. */
function itemsByKey(old: unknown, schema: Schema): Map<string, unknown> | undefined {
  if (!Array.isArray(old) || schema['x-kubernetes-list-type'] !== 'map') return undefined;
  return new Map(old.map((item) => [canonicalJson(keysOf(item, schema)), item]));
}

const usesOldSelf = /\boldSelf\b/;

function evaluate(
  rule: CelRule,
  value: unknown,
  old: unknown,
  schema: Schema,
  path: string,
): FieldFault | undefined {
  const transition = usesOldSelf.test(rule.rule);
  if (transition && old === undefined && rule.optionalOldSelf !== true) return undefined;
  const self = celValue(value, schema.properties?.metadata === undefined ? schema : withMetadata(schema));
  const variables = { self, oldSelf: old === undefined ? undefined : celValue(old, schema) };
  let held: unknown;
  try {
    held = celProgram(rule.rule)(variables);
  } catch (error) {
    const why = (error instanceof Error ? error.message : String(error)).split('\n')[0];
    return faultOf(rule, path, value, `rule evaluation error: ${why}: ${rule.rule}`);
  }
  return held === true ? undefined : faultOf(rule, path, value, messageOf(rule, variables));
}

/** The root's metadata holds only what rules may read by now, whatever its schema says. */
function withMetadata(schema: Schema): Schema {
  return {
    ...schema,
    properties: {
      ...schema.properties,
      metadata: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
  };
}

function messageOf(rule: CelRule, variables: Record<string, unknown>): string {
  if (rule.messageExpression !== undefined)
    try {
      const text = celProgram(rule.messageExpression)(variables);
      if (typeof text === 'string' && text.trim() !== '' && !text.includes('\n')) return text;
    } catch {
      // The rule's message stands in.
    }
  return rule.message ?? `failed rule: ${rule.rule.trim()}`;
}

function faultOf(rule: CelRule, path: string, value: unknown, message: string): FieldFault {
  const at = rule.fieldPath === undefined ? path : `${path}${rule.fieldPath}`.replace(/^\./, '');
  switch (rule.reason) {
    case 'FieldValueRequired':
      return fault.required(at, message);
    case 'FieldValueForbidden':
      return fault.forbidden(at, message);
    case 'FieldValueDuplicate':
      return fault.duplicate(at, typeText(value));
    default:
      return typeof value === 'object'
        ? fault.unnamed(at === '' ? '<nil>' : at, message)
        : fault.invalid(at, value, message);
  }
}

/** What failed, named by its type: whole objects are not repeated in messages. */
function typeText(value: unknown): unknown {
  if (Array.isArray(value)) return 'array';
  return isObject(value) ? 'object' : value;
}
