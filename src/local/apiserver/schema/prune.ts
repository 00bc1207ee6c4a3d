import { define, isObject, type JsonObject } from '../object.ts';
import { fieldPath, indexPath, preservesUnknown, type Schema, schemaOfField } from './schema.ts';

/**
 * A copy without the fields that the schema does not know. Their paths are added to `unknown`.
 * `root` values keep apiVersion, kind and metadata, which the server checks itself.
 */
export function prune(
  value: unknown,
  schema: Schema,
  unknown: string[],
  options: { root?: boolean; path?: string; preserve?: boolean } = {},
): unknown {
  const path = options.path ?? '';
  const preserve = options.preserve === true || preservesUnknown(schema);
  if (Array.isArray(value)) {
    if (schema.items === undefined) return value;
    return value.map((item, index) =>
      prune(item, schema.items!, unknown, { path: indexPath(path, index), preserve: false }),
    );
  }
  if (!isObject(value)) return value;
  const embedded = options.root === true || schema['x-kubernetes-embedded-resource'] === true;
  const kept: JsonObject = {};
  for (const key of Object.keys(value)) {
    const child = value[key];
    const childPath = fieldPath(path, key);
    const childSchema = schemaOfField(schema, key);
    if (childSchema !== undefined && !(embedded && key === 'metadata'))
      define(kept, key, prune(child, childSchema, unknown, { path: childPath }));
    else if (preserve || schema.additionalProperties === true || (embedded && rootFields.has(key)))
      define(kept, key, child);
    else unknown.push(childPath);
  }
  return kept;
}

const rootFields = new Set(['apiVersion', 'kind', 'metadata']);
