import { ByteReader } from './byte-reader.ts';

const encoder = new TextEncoder();

/** Writes the few protobuf shapes that promfleet sends; proto3: a zero, an empty text and an absent field are one. */
export class ProtoWriter {
  private readonly parts: Uint8Array[] = [];
  private length = 0;

  private push(bytes: Uint8Array): void {
    this.parts.push(bytes);
    this.length += bytes.length;
  }

  private varint(value: bigint): void {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, value);
    while (rest >= 0x80n) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    this.push(Uint8Array.from(bytes));
  }

  /** int64, enum or bool. */
  integer(field: number, value: number): this {
    if (value === 0) return this;
    this.varint(BigInt(field << 3));
    this.varint(BigInt(value));
    return this;
  }

  /** sint32 or sint64. */
  zigzag(field: number, value: number): this {
    return this.integer(field, value < 0 ? -value * 2 - 1 : value * 2);
  }

  /** A float of 64 bits; zero is left out, its sign with it, as proto3 writers do. */
  double(field: number, value: number): this {
    return value === 0 ? this : this.presentDouble(field, value);
  }

  /** A float that is written also when it is zero: a member of a oneof, or of proto2. */
  presentDouble(field: number, value: number): this {
    this.varint(BigInt((field << 3) | 1));
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    this.push(bytes);
    return this;
  }

  /** Fields that are encoded already. */
  raw(fields: Uint8Array): this {
    this.push(fields);
    return this;
  }

  /** Repeated floats, packed. */
  doubles(field: number, values: readonly number[]): this {
    if (values.length === 0) return this;
    const view = new DataView(new ArrayBuffer(values.length * 8));
    values.forEach((value, i) => {
      view.setFloat64(i * 8, value, true);
    });
    return this.bytes(field, new Uint8Array(view.buffer));
  }

  /** An integer that is written also when it is zero. */
  presentInteger(field: number, value: number): this {
    this.varint(BigInt(field << 3));
    this.varint(BigInt(value));
    return this;
  }

  text(field: number, value: string): this {
    return value === '' ? this : this.bytes(field, encoder.encode(value));
  }

  /** A text that is written also when it is empty. */
  presentText(field: number, value: string): this {
    return this.bytes(field, encoder.encode(value));
  }

  /** A message after its length, as streams of messages have them. */
  delimited(message: Uint8Array): this {
    this.varint(BigInt(message.length));
    this.push(message);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.varint(BigInt((field << 3) | 2));
    this.varint(BigInt(value.length));
    this.push(value);
    return this;
  }

  message(field: number, build: (inner: ProtoWriter) => void): this {
    const inner = new ProtoWriter();
    build(inner);
    return this.bytes(field, inner.finish());
  }

  finish(): Uint8Array {
    const out = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }
}

/** One field of a message: a number for wire type 0, a range of bytes for type 2; fixed widths are skipped. */
export type ProtoVisitor = (field: number, value: ProtoValue) => void;

export interface ProtoValue {
  /** Signed 64-bit integer of a varint field. */
  integer(): number;
  /** A repeated integer field, packed or one of several. */
  integers(): number[];
  text(): string;
  bytes(): Uint8Array;
  message(visit: ProtoVisitor): void;
}

/** Calls `visit` for each field of a message in its order; unknown fields are skipped by not being looked at. */
export function eachField(bytes: Uint8Array, what: string, visit: ProtoVisitor): void {
  readFields(new ByteReader(bytes, what), visit);
}

const decoder = new TextDecoder();

function readFields(reader: ByteReader, visit: ProtoVisitor): void {
  while (reader.remaining() > 0) {
    const tag = reader.uvarint();
    const field = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0: {
        const value = signedVarint(reader);
        visit(field, {
          integer: () => value,
          integers: () => [value],
          text: refuse(reader, field),
          bytes: refuse(reader, field),
          message: refuse(reader, field),
        });
        break;
      }
      case 1:
        reader.raw(8);
        break;
      case 2: {
        const value = reader.raw(reader.uvarint());
        visit(field, {
          integer: refuse(reader, field),
          integers: () => packedIntegers(value, reader.what),
          text: () => decoder.decode(value),
          bytes: () => value,
          message: (inner) => readFields(new ByteReader(value, reader.what), inner),
        });
        break;
      }
      case 5:
        reader.raw(4);
        break;
      default:
        throw reader.corrupt(`wire type ${tag % 8} of field ${field} is not known`);
    }
  }
}

function packedIntegers(bytes: Uint8Array, what: string): number[] {
  const reader = new ByteReader(bytes, what);
  const values: number[] = [];
  while (reader.remaining() > 0) values.push(signedVarint(reader));
  return values;
}

function refuse(reader: ByteReader, field: number): () => never {
  return () => {
    throw reader.corrupt(`field ${field} has another wire type`);
  };
}

/** A varint as a two's complement 64-bit integer. */
function signedVarint(reader: ByteReader): number {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = reader.uint8();
    value |= BigInt(byte & 0x7f) << shift;
    if (byte >= 0x80) continue;
    const signed = Number(BigInt.asIntN(64, value));
    if (!Number.isSafeInteger(signed)) throw reader.corrupt('integer beyond 2^53');
    return signed;
  }
  throw reader.corrupt('varint longer than ten bytes');
}
