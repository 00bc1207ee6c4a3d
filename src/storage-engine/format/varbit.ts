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

/** Writes an unsigned integer in the narrowest width that holds it. */
export function writeVarbitUint(writer: BitWriter, value: number): void {
  writePrefixed(
    writer,
    BigInt(value),
    widths.findIndex((width) => value < 2 ** width),
  );
}

/** Writes a signed integer in the narrowest width that holds it. */
export function writeVarbitInt(writer: BitWriter, value: number): void {
  const holds = (width: number) => value <= 2 ** (width - 1) && value >= -(2 ** (width - 1)) + 1;
  writePrefixed(
    writer,
    BigInt(value),
    widths.findIndex((width) => (width === 0 ? value === 0 : holds(width))),
  );
}

function writePrefixed(writer: BitWriter, value: bigint, ones: number): void {
  const last = widths.length - 1;
  writer.bits(ones === last ? 0xffn : (1n << BigInt(ones + 1)) - 2n, ones === last ? last : ones + 1);
  writer.bits(BigInt.asUintN(64, value), widths[ones]!);
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
