/** Appends bit fields, most significant bit first, to a growing byte buffer. */
export class BitWriter {
  private bytes = new Uint8Array(128);
  private bitCount = 0;

  private reserve(count: number): void {
    const needed = (this.bitCount + count + 7) >>> 3;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes);
    this.bytes = grown;
  }

  /** The low `count` bits (0 to 64) of `value`. */
  bits(value: bigint, count: number): void {
    this.reserve(count);
    for (let left = count; left > 0; ) {
      const offset = this.bitCount & 7;
      const take = Math.min(8 - offset, left);
      const part = Number((value >> BigInt(left - take)) & ((1n << BigInt(take)) - 1n));
      this.bytes[this.bitCount >>> 3]! |= part << (8 - offset - take);
      this.bitCount += take;
      left -= take;
    }
  }

  /** The low `count` bits (0 to 32) of a number. */
  bits32(value: number, count: number): void {
    this.reserve(count);
    for (let left = count; left > 0; ) {
      const offset = this.bitCount & 7;
      const take = Math.min(8 - offset, left);
      const part = (value >>> (left - take)) & ((1 << take) - 1);
      this.bytes[this.bitCount >>> 3]! |= part << (8 - offset - take);
      this.bitCount += take;
      left -= take;
    }
  }

  /** Byte-wise unsigned LEB128 at the current bit position. */
  uvarint(value: bigint): void {
    let rest = BigInt.asUintN(64, value);
    while (rest >= 0x80n) {
      this.bits((rest & 0x7fn) | 0x80n, 8);
      rest >>= 7n;
    }
    this.bits(rest, 8);
  }

  varint(value: bigint): void {
    this.uvarint(value < 0n ? (-value << 1n) - 1n : value << 1n);
  }

  /** Overwrites the 16-bit big-endian number at a byte offset: the sample count of a chunk. */
  setUint16(offset: number, value: number): void {
    this.bytes[offset] = value >>> 8;
    this.bytes[offset + 1] = value & 0xff;
  }

  finish(): Uint8Array {
    return this.bytes.slice(0, (this.bitCount + 7) >>> 3);
  }
}
