import { define, isObject, type JsonObject } from '../object.ts';
import { preservesUnknown, type Schema, schemaOfField } from './schema.ts';

const reserved = new Set([
  'true',
  'false',
  'null',
  'in',
  'as',
  'break',
  'const',
  'continue',
  'else',
  'for',
  'function',
  'if',
  'import',
  'let',
  'loop',
  'package',
  'namespace',
  'return',
  'var',
  'void',
  'while',
]);

/** Field names that are no CEL identifiers are escaped (kubernetes.io, "Validation rules", escaping). */
export function celName(name: string): string {
  if (reserved.has(name)) return `__${name}__`;
  return name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__');
}

/** A JSON value as CEL sees it through its schema: integers as int, typed strings as times, no unknown fields. */
export function celValue(value: unknown, schema: Schema | undefined): unknown {
  if (Array.isArray(value)) return value.map((item) => celValue(item, schema?.items));
  if (typeof value === 'number') {
    const integer =
      schema?.type === 'integer' ||
      schema?.['x-kubernetes-int-or-string'] === true ||
      schema?.type === undefined;
    return integer && Number.isInteger(value) ? BigInt(value) : value;
  }
  if (typeof value === 'string' && schema?.format === 'date-time') {
    const time = Date.parse(value);
    return Number.isNaN(time) ? value : new Date(time);
  }
  if (!isObject(value)) return value;
  const result: JsonObject = {};
  const free = schema === undefined || preservesUnknown(schema);
  for (const key of Object.keys(value)) {
    if (value[key] === null && schemaOfField(schema, key)?.nullable !== true) continue;
    const declared = schema?.properties !== undefined && Object.hasOwn(schema.properties, key);
    const child = schemaOfField(schema, key);
    if (child === undefined && !free) continue;
    define(result, declared ? celName(key) : key, celValue(value[key], child));
  }
  return result;
}
