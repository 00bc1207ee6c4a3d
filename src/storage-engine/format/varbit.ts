import { CorruptDataError } from '../../base/errors.ts';
import type { BitReader } from './bit-reader.ts';
import type { BitWriter } from './bit-writer.ts';

/** Payload widths after a unary prefix of 0 to 8 one bits (Prometheus tsdb/chunkenc/varbit.go). */
const widths = [0, 3, 6, 9, 12, 18, 25, 56, 64] as const;

function prefix(reader: BitReader): number {
  let ones = 0;
  while (ones < 8 && reader.bit() === 1) ones++;
  return widths[ones]!;
}

/** Reads a variable-width unsigned integer; beyond 2^53 it is corrupt data. */
export function readVarbitUint(reader: BitReader): number {
  const width = prefix(reader);
  const value = width <= 32 ? reader.bits(width) : Number(reader.bits64(width));
  if (!Number.isSafeInteger(value))
    throw new CorruptDataError(`chunk: unsigned integer beyond 2^53 at bit ${reader.position}`);
  return value;
}

/** Reads a variable-width signed integer: of `w` bits, -(2^(w-1) - 1) to 2^(w-1). */
export function readVarbitInt(reader: BitReader): number {
  const width = prefix(reader);
  if (width === 0) return 0;
  if (width === 64) return reader.signed(64);
  if (width <= 32) {
    const value = reader.bits(width);
    return value > 2 ** (width - 1) ? value - 2 ** width : value;
  }
  // Small negative numbers are near 2^56 before the sign is applied: not exact in a double.
  const wide = reader.bits64(width);
  const half = 1n << BigInt(width - 1);
  const signed = Number(wide > half ? wide - 2n * half : wide);
  if (!Number.isSafeInteger(signed))
    throw new CorruptDataError(`chunk: signed integer beyond 2^53 at bit ${reader.position}`);
  return signed;
}

/** One float of a series of XOR-coded floats: its bits and the window of significant bits last used. */
export class XorValue {
  bits: bigint;
  private leading = 0;
  private width = 0;

  constructor(bits = 0n) {
    this.bits = bits;
  }

  /** Reads the next value after its two control bits: unchanged, same window, new window. */
  read(reader: BitReader): bigint {
    if (reader.bit() === 0) return this.bits;
    if (reader.bit() === 1) return this.readNewWindow(reader);
    return this.readSameWindow(reader);
  }

  readNewWindow(reader: BitReader): bigint {
    this.leading = reader.bits(5);
    this.width = reader.bits(6) || 64;
    if (this.leading + this.width > 64)
      throw new CorruptDataError(
        `chunk: ${this.leading} leading and ${this.width} significant bits at bit ${reader.position}`,
      );
    return this.readSameWindow(reader);
  }

  readSameWindow(reader: BitReader): bigint {
    if (this.width === 0)
      throw new CorruptDataError(
        `chunk: a window of bits is used before there is one at bit ${reader.position}`,
      );
    this.bits ^= reader.bits64(this.width) << BigInt(64 - this.leading - this.width);
    return this.bits;
  }
}

/** Writes a variable-width signed integer; beyond 2^53 it would not be exact. */
export function writeVarbitInt(writer: BitWriter, value: number): void {
  if (value === 0) return writer.bits32(0, 1);
  for (let ones = 1; ones < 8; ones++) {
    const half = 2 ** (widths[ones]! - 1);
    if (value < 1 - half || value > half) continue;
    return writePrefixed(writer, ones, value);
  }
  writePrefixed(writer, 8, value);
}

/** Writes a variable-width unsigned integer. */
export function writeVarbitUint(writer: BitWriter, value: number): void {
  if (value === 0) return writer.bits32(0, 1);
  let ones = 1;
  while (ones < 8 && value >= 2 ** widths[ones]!) ones++;
  writePrefixed(writer, ones, value);
}

function writePrefixed(writer: BitWriter, ones: number, value: number): void {
  const width = widths[ones]!;
  // A prefix of eight ones is not closed by a zero.
  writer.bits32(ones === 8 ? 0xff : 2 ** (ones + 1) - 2, ones === 8 ? 8 : ones + 1);
  if (width <= 25) writer.bits32(value, width);
  else writer.bits(BigInt.asUintN(width, BigInt(value)), width);
}

/** Writes a series of floats as differences of their bits; the counterpart of `XorValue`. */
export class XorValueWriter {
  private bits: bigint;
  private leading = 0xff;
  private trailing = 0;

  constructor(bits: bigint) {
    this.bits = bits;
  }

  write(writer: BitWriter, bits: bigint): void {
    const xor = this.bits ^ bits;
    this.bits = bits;
    if (xor === 0n) return writer.bits32(0, 1);
    const leading = Math.min(leadingZeros(xor), 31);
    const trailing = trailingZeros(xor);
    if (this.leading !== 0xff && leading >= this.leading && trailing >= this.trailing) {
      writer.bits32(0b10, 2);
      return writer.bits(xor >> BigInt(this.trailing), 64 - this.leading - this.trailing);
    }
    this.leading = leading;
    this.trailing = trailing;
    const width = 64 - leading - trailing;
    writer.bits32(0b11, 2);
    writer.bits32(leading, 5);
    writer.bits32(width & 63, 6);
    writer.bits(xor >> BigInt(trailing), width);
  }
}

function leadingZeros(value: bigint): number {
  const high = Number(value >> 32n);
  return high !== 0 ? Math.clz32(high) : 32 + Math.clz32(Number(value & 0xffffffffn));
}

function trailingZeros(value: bigint): number {
  const low = Number(value & 0xffffffffn);
  const count = (word: number) => 31 - Math.clz32(word & -word);
  return low !== 0 ? count(low) : 32 + count(Number(value >> 32n));
}
