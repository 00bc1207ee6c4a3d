import { badRequest } from '../api-error.ts';
import { builtinTypes } from '../kinds/builtin.ts';
import { define, type JsonObject, kubeTime } from '../object.ts';
import type { Schema } from '../schema/schema.ts';

/** Media type in which typed Go clients write built-in kinds; answers are JSON, which they read as well. */
export const protobufMediaType = 'application/vnd.kubernetes.protobuf';

/** The four bytes before every Kubernetes protobuf envelope (apimachinery, runtime/serializer/protobuf). */
const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);
const maxDepth = 64;

interface WireField {
  readonly number: number;
  /** Varints as numbers, length-delimited fields as bytes. */
  readonly value: number | bigint | Buffer;
}

/** An enveloped object of a built-in kind as JSON. */
export function decodeProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, 4).equals(magic))
    throw badRequest('the body of the request is not a Kubernetes protobuf object');
  let apiVersion = '';
  let kind = '';
  let raw: Buffer = Buffer.alloc(0);
  for (const field of wireFields(body.subarray(4))) {
    if (field.number === 2) raw = bytes(field.value);
    if (field.number !== 1) continue;
    for (const meta of wireFields(bytes(field.value))) {
      if (meta.number === 1) apiVersion = bytes(meta.value).toString('utf8');
      if (meta.number === 2) kind = bytes(meta.value).toString('utf8');
    }
  }
  const schema = schemaOf(apiVersion, kind);
  if (schema === undefined)
    throw badRequest(`no kind ${JSON.stringify(kind)} of ${JSON.stringify(apiVersion)} is known in protobuf`);
  return { ...message(raw, schema, 0), apiVersion, kind };
}

function schemaOf(apiVersion: string, kind: string): Schema | undefined {
  const name = apiVersion.startsWith('events.k8s.io/') ? `events.${kind}` : kind;
  return builtinTypes.has(name) ? builtinTypes.schema(name) : undefined;
}

function* wireFields(data: Buffer): Iterable<WireField> {
  let at = 0;
  const varint = (): bigint => {
    let result = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = data[at++];
      if (byte === undefined) throw badRequest('the protobuf message ends too early');
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return result;
    }
    throw badRequest('the protobuf message has a broken number');
  };
  while (at < data.length) {
    const key = Number(varint());
    const number = key >>> 3;
    switch (key & 7) {
      case 0:
        yield { number, value: BigInt.asIntN(64, varint()) };
        break;
      case 1:
        yield { number, value: data.readDoubleLE(skip(8)) };
        break;
      case 2: {
        const length = Number(varint());
        const start = skip(length);
        yield { number, value: data.subarray(start, start + length) };
        break;
      }
      case 5:
        yield { number, value: data.readFloatLE(skip(4)) };
        break;
      default:
        throw badRequest('the protobuf message has an unknown wire type');
    }
  }
  function skip(length: number): number {
    const start = at;
    at += length;
    if (at > data.length) throw badRequest('the protobuf message ends too early');
    return start;
  }
}

function bytes(value: WireField['value']): Buffer {
  if (!Buffer.isBuffer(value)) throw badRequest('the protobuf message has a number where bytes belong');
  return value;
}

function message(data: Buffer, schema: Schema, depth: number, prefix = ''): JsonObject {
  if (depth > maxDepth) throw badRequest(`the protobuf message is nested deeper than ${maxDepth} levels`);
  const numbers = builtinTypes.numbersOf(schema);
  const result: JsonObject = {};
  for (const { number, value } of wireFields(data)) {
    const path = `${prefix}${number}`;
    const name = numbers?.get(path);
    if (name === undefined) {
      const inline =
        Buffer.isBuffer(value) && [...(numbers?.keys() ?? [])].some((key) => key.startsWith(`${path}.`));
      if (inline) Object.assign(result, message(value, schema, depth + 1, `${path}.`));
      continue;
    }
    const child = schema.properties![name]!;
    if (child.type === 'array') {
      result[name] ??= [];
      (result[name] as unknown[]).push(scalarOrMessage(value, child.items!, depth));
    } else if (child.type === 'object' && child.additionalProperties !== undefined) {
      const [key, entry] = mapEntry(bytes(value), child.additionalProperties as Schema, depth);
      result[name] ??= {};
      define(result[name] as JsonObject, key, entry);
    } else {
      const decoded = scalarOrMessage(value, child, depth);
      if (decoded !== '' && decoded !== undefined) result[name] = decoded;
    }
  }
  return result;
}

function mapEntry(data: Buffer, schema: Schema, depth: number): [string, unknown] {
  let key = '';
  let value: unknown = schema.type === 'string' ? '' : undefined;
  for (const field of wireFields(data)) {
    if (field.number === 1) key = bytes(field.value).toString('utf8');
    if (field.number === 2) value = scalarOrMessage(field.value, schema, depth);
  }
  return [key, value];
}

function scalarOrMessage(value: WireField['value'], schema: Schema, depth: number): unknown {
  if (schema['x-kubernetes-int-or-string'] === true)
    return schema.format === 'quantity' ? firstText(bytes(value)) : intOrString(bytes(value));
  switch (schema.type) {
    case 'string':
      if (schema.format === 'date-time') return time(bytes(value));
      return bytes(value).toString(schema.format === 'byte' ? 'base64' : 'utf8');
    case 'integer':
    case 'number':
      return Number(value);
    case 'boolean':
      return Number(value) !== 0;
    case 'object':
      return message(bytes(value), schema, depth + 1);
    default:
      return rawJson(bytes(value));
  }
}

/** Quantity: its text is field 1. */
function firstText(data: Buffer): string {
  for (const { number, value } of wireFields(data)) if (number === 1) return bytes(value).toString('utf8');
  return '0';
}

/** IntOrString: type 1 (0 integer, 1 string), integer 2, string 3. */
function intOrString(data: Buffer): unknown {
  const fields = new Map([...wireFields(data)].map(({ number, value }) => [number, value]));
  return Number(fields.get(1) ?? 0) === 0
    ? Number(fields.get(2) ?? 0)
    : bytes(fields.get(3) ?? Buffer.alloc(0)).toString('utf8');
}

/** Time and MicroTime: seconds 1, nanoseconds 2; an empty message is no time. */
function time(data: Buffer): string | undefined {
  const fields = new Map([...wireFields(data)].map(({ number, value }) => [number, Number(value)]));
  const seconds = fields.get(1);
  if (seconds === undefined) return undefined;
  const micros = Math.floor((fields.get(2) ?? 0) / 1000);
  const whole = kubeTime(seconds * 1000);
  return micros === 0 ? whole : whole.replace('Z', `.${String(micros).padStart(6, '0')}Z`);
}

/** RawExtension and FieldsV1 hold JSON text in field 1. */
function rawJson(data: Buffer): unknown {
  try {
    return JSON.parse(firstText(data));
  } catch {
    return undefined;
  }
}
