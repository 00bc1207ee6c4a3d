import { define, isObject, type JsonObject } from '../object.ts';
import { matchesFormat, quantityPattern } from './format.ts';
import { canonicalQuantity } from './quantity.ts';
import { fieldPath, type Schema, schemaOfField } from './schema.ts';

/**
 * What decoding a built-in kind into its typed form would refuse: a value of a wrong type. Returns a copy
 * without nulls, which decode to absent fields. Throws TypeFault with the first fault.
 */
export function decodeTyped(value: unknown, schema: Schema, path = ''): unknown {
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return value;
  if (schema['x-kubernetes-int-or-string'] === true) {
    if (typeof value !== 'string' && typeof value !== 'number')
      throw new TypeFault(path, 'int or string', value);
    if (schema.format === 'quantity' && !quantityPattern.test(String(value)))
      throw new TypeFault(path, 'quantity', value);
    return schema.format === 'quantity' ? canonicalQuantity(String(value)) : value;
  }
  switch (schema.type) {
    case 'array':
      if (!Array.isArray(value)) throw new TypeFault(path, 'list', value);
      return value.map((item) => (schema.items === undefined ? item : decodeTyped(item, schema.items, path)));
    case 'object':
      if (!isObject(value)) throw new TypeFault(path, 'struct', value);
      return decodeFields(value, schema, path);
    case 'integer':
      if (!Number.isInteger(value)) throw new TypeFault(path, 'int32', value);
      return value;
    case 'boolean':
    case 'string':
    case 'number':
      if (typeof value !== schema.type)
        throw new TypeFault(path, schema.type === 'boolean' ? 'bool' : schema.type, value);
      if (schema.format === 'date-time' && Number.isNaN(Date.parse(value as string)))
        throw new TypeFault(path, 'time', value);
      if (schema.format === 'byte' && !matchesFormat('byte', value as string))
        throw new TypeFault(path, 'bytes', value, 'illegal base64 data at input byte 0');
      return value;
    default:
      return value;
  }
}

function decodeFields(value: JsonObject, schema: Schema, path: string): JsonObject {
  const decoded: JsonObject = {};
  for (const key of Object.keys(value)) {
    const child = schemaOfField(schema, key);
    if (value[key] === null) {
      // In a map of strings Go keeps the key with an empty value.
      const isMapOfStrings = schema.properties === undefined && child?.type === 'string';
      if (isMapOfStrings) define(decoded, key, '');
      continue;
    }
    define(
      decoded,
      key,
      child === undefined ? value[key] : decodeTyped(value[key], child, fieldPath(path, key)),
    );
  }
  return decoded;
}

/** A value that does not fit its field's type. */
export class TypeFault extends Error {
  override readonly name = 'TypeFault';
  constructor(path: string, expected: string, value: unknown, message?: string) {
    const actual = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
    super(
      message ??
        `json: cannot unmarshal ${actual === 'boolean' ? 'bool' : actual} into field ${path} of type ${expected}`,
    );
  }
}
