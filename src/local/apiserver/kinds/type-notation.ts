import { assert } from '../../../base/assert.ts';
import type { JsonObject } from '../object.ts';
import type { Schema } from '../schema/schema.ts';

/**
 * Compact notation for the fields of built-in kinds. One type: `field!#3:type` separated by blanks, `!` marks a
 * required field, `*` a struct that is there even when empty, `#3` its number in protobuf (`#2.3`: inline in the message of field 2), a leading `#` a map that is one value for server-side apply. Types: none or `string`, `int`,
 * `number`, `bool`, `time` (RFC 3339), `ios` (integer or string), `qty` (quantity), `bytes` (base64), `any`,
 * a name of another type, `{T}` a map (`{T}#` one that is one value), `[T]` a list that is one value, `[T/a,b]` a list keyed by fields a and b,
 * `[/set]` a set, `~k` a strategic merge key that server-side apply does not use, `^` strategic retainKeys.
 */
export class TypeNotation {
  readonly #table: Readonly<Record<string, string>>;
  readonly #compiled = new Map<string, Schema>();
  readonly #numbers = new Map<Schema, ReadonlyMap<string, string>>();
  readonly #held = new Map<Schema, readonly string[]>();
  readonly #lists = new Map<Schema, readonly string[]>();
  readonly #names = new Map<Schema, string>();

  constructor(table: Readonly<Record<string, string>>) {
    this.#table = table;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#table, name);
  }

  /** The schema of a named type; types that refer to themselves are finite only as a graph. */
  schema(name: string): Schema {
    const known = this.#compiled.get(name);
    if (known !== undefined) return known;
    const text = this.#table[name];
    assert(text !== undefined, `no type ${name} in the type table`);
    const schema: Schema = { type: 'object' };
    this.#compiled.set(name, schema);
    this.#names.set(schema, name);
    const properties: Record<string, Schema> = {};
    const required: string[] = [];
    const held: string[] = [];
    const lists: string[] = [];
    const numbers = new Map<string, string>();
    this.#numbers.set(schema, numbers);
    for (const field of text.split(' ')) {
      if (field === '') continue;
      if (field === '#') {
        schema['x-kubernetes-map-type'] = 'atomic';
        continue;
      }
      const colon = field.indexOf(':');
      const [declared = '', number] = (colon < 0 ? field : field.slice(0, colon)).split('#');
      const fieldName = declared.replace(/[!*]+$/, '');
      const isList = colon >= 0 && field[colon + 1] === '[';
      // Go takes a missing list for an empty one; where it must not be empty, the kind's own check says so.
      if (declared.includes('!')) (isList ? lists : required).push(fieldName);
      if (declared.endsWith('*')) held.push(fieldName);
      if (number !== undefined) numbers.set(number, fieldName);
      properties[fieldName] = this.#type(colon < 0 ? 'string' : field.slice(colon + 1));
    }
    schema.properties = properties;
    this.#held.set(schema, held);
    this.#lists.set(schema, lists);
    if (required.length > 0) schema.required = required;
    return schema;
  }

  /** The name of a schema that this notation made, undefined for lists, maps and scalars. */
  nameOf(schema: Schema): string | undefined {
    return this.#names.get(schema);
  }

  /**
   * What a typed object holds before anything is set: its embedded structs, and required lists as null. Ownership
   * counts from there, so that an embedded struct has no owner of its own.
   */
  skeleton(schema: Schema): JsonObject {
    const result: JsonObject = {};
    for (const name of this.#held.get(schema) ?? []) result[name] = this.skeleton(schema.properties![name]!);
    for (const name of this.#lists.get(schema) ?? []) result[name] = null;
    return result;
  }

  /** Protobuf field numbers of a schema that this notation made: number, or numbers on the way, to field name. */
  numbersOf(schema: Schema): ReadonlyMap<string, string> | undefined {
    return this.#numbers.get(schema);
  }

  #type(text: string): Schema {
    if (text.endsWith('}#')) return { ...this.#type(text.slice(0, -1)), 'x-kubernetes-map-type': 'atomic' };
    if (text.startsWith('{'))
      return { type: 'object', additionalProperties: this.#type(text.slice(1, -1) || 'string') };
    if (text.startsWith('[')) return this.#list(text.slice(1, -1));
    if (text.endsWith('^'))
      return { ...this.#type(text.slice(0, -1)), 'x-kubernetes-patch-strategy': 'retainKeys' };
    const scalar = scalars[text];
    return scalar ?? this.schema(text);
  }

  #list(text: string): Schema {
    const match = /^([A-Za-z.]*)(?:\/([A-Za-z,]+))?(?:~([A-Za-z]*))?(\^)?$/.exec(text);
    assert(match !== null, `cannot read the list type [${text}]`);
    const [, item, kind, merge, retain] = match;
    const list: Schema = { type: 'array', items: this.#type(item || 'string') };
    const keys = kind === undefined || kind === 'set' ? undefined : kind.split(',');
    list['x-kubernetes-list-type'] = kind === 'set' ? 'set' : keys === undefined ? 'atomic' : 'map';
    if (keys !== undefined) list['x-kubernetes-list-map-keys'] = keys;
    const mergeKey = merge === undefined ? keys?.[0] : merge;
    if (mergeKey) list['x-kubernetes-patch-merge-key'] = mergeKey;
    if (mergeKey !== undefined || kind === 'set')
      list['x-kubernetes-patch-strategy'] = retain === undefined ? 'merge' : 'merge,retainKeys';
    return list;
  }
}

const scalars: Readonly<Record<string, Schema>> = {
  string: { type: 'string' },
  int: { type: 'integer' },
  number: { type: 'number' },
  bool: { type: 'boolean' },
  time: { type: 'string', format: 'date-time' },
  bytes: { type: 'string', format: 'byte' },
  ios: { 'x-kubernetes-int-or-string': true },
  qty: { 'x-kubernetes-int-or-string': true, format: 'quantity' },
  any: { 'x-kubernetes-preserve-unknown-fields': true },
};
