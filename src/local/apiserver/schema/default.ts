import { cloneJson, isObject } from '../object.ts';
import type { Schema } from './schema.ts';

/**
 * Fills in defaults of the schema, in place. A null where the schema has a default and is not nullable counts
 * as missing. Lists and maps are walked; absent parents without a default of their own stay absent.
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
    if (child.default !== undefined) {
      const present = Object.hasOwn(value, key) ? value[key] : undefined;
      if (present === undefined || (present === null && child.nullable !== true))
        value[key] = cloneJson(child.default);
    }
    if (Object.hasOwn(value, key)) applyDefaults(value[key], child);
  }
  if (typeof schema.additionalProperties !== 'object') return;
  for (const key of Object.keys(value))
    if (!Object.hasOwn(properties, key)) applyDefaults(value[key], schema.additionalProperties);
}
