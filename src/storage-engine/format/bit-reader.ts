import { CorruptDataError } from '../../base/errors.ts';

/**
 * Reads bit fields, most significant bit first, from bytes [start, end). Values of up to 32 bits come back as
 * numbers, wider ones as two halves or a bigint; reading past the end raises `CorruptData`.
 */
export class BitReader {
  private readonly bytes: Uint8Array;
  private readonly endBit: number;
  private readonly what: string;
  /** Position in bits from the start of `bytes`. */
  position: number;

  constructor(bytes: Uint8Array, what: string, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.what = what;
    this.position = start * 8;
    this.endBit = Math.min(end, bytes.length) * 8;
  }

  private need(count: number): void {
    if (this.position + count > this.endBit)
      throw new CorruptDataError(
        `${this.what}: bits end at ${this.endBit}, ${count} wanted at ${this.position}`,
      );
  }

  bit(): number {
    this.need(1);
    const at = this.position++;
    return (this.bytes[at >>> 3]! >>> (7 - (at & 7))) & 1;
  }

  /** `count` bits (0 to 32) as an unsigned number. */
  bits(count: number): number {
    this.need(count);
    let value = 0;
    let left = count;
    let at = this.position;
    while (left > 0) {
      const offset = at & 7;
      const take = Math.min(8 - offset, left);
      const part = (this.bytes[at >>> 3]! >>> (8 - offset - take)) & ((1 << take) - 1);
      value = value * 2 ** take + part;
      at += take;
      left -= take;
    }
    this.position = at;
    return value;
  }

  /** `count` bits (0 to 64) as an unsigned bigint. */
  bits64(count: number): bigint {
    if (count <= 32) return BigInt(this.bits(count));
    const high = this.bits(count - 32);
    return (BigInt(high) << 32n) | BigInt(this.bits(32));
  }

  /** `count` bits (1 to 64) as a two's complement number; beyond 2^53 it is corrupt data. */
  signed(count: number): number {
    const value = Number(BigInt.asIntN(count, this.bits64(count)));
    if (!Number.isSafeInteger(value))
      throw new CorruptDataError(`${this.what}: integer beyond 2^53 at bit ${this.position}`);
    return value;
  }

  /** Byte-wise unsigned LEB128 at the current bit position, as in Go's encoding/binary. */
  uvarint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bits(8);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new CorruptDataError(`${this.what}: varint longer than ten bytes at bit ${this.position}`);
  }

  /** Zigzag-coded signed LEB128. */
  varint(): bigint {
    const unsigned = this.uvarint();
    return unsigned & 1n ? -(unsigned >> 1n) - 1n : unsigned >> 1n;
  }
}
