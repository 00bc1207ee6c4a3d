import { cloneJson, isObject } from '../object.ts';
import type { Schema } from './schema.ts';

/**
 * Fills in defaults of the schema, in place. A null where the schema is not nullable counts as missing: the default
 * takes its place, or the field goes. Lists and maps are walked; absent parents without a default stay absent.
 */
export function applyDefaults(value: unknown, schema: Schema): void {
  if (Array.isArray(value)) {
    if (schema.items !== undefined) for (const item of value) applyDefaults(item, schema.items);
    return;
  }
  if (!isObject(value)) return;
  const properties = schema.properties ?? {};
  for (const key of Object.keys(properties)) {
    const child = properties[key]!;
    if (value[key] === null && child.nullable !== true) delete value[key];
    if (child.default !== undefined && !Object.hasOwn(value, key)) value[key] = cloneJson(child.default);
    if (Object.hasOwn(value, key)) applyDefaults(value[key], child);
  }
  if (typeof schema.additionalProperties !== 'object') return;
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(properties, key)) continue;
    if (isStrayNull(value[key], schema.additionalProperties)) delete value[key];
    else applyDefaults(value[key], schema.additionalProperties);
  }
}

function isStrayNull(value: unknown, schema: Schema): boolean {
  return value === null && schema.nullable !== true;
}
