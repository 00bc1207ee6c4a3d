import { CorruptDataError } from '../../base/errors.ts';

const decoder = new TextDecoder('utf-8', { fatal: false });

/**
 * Reads big-endian integers and varints from bytes [position, end). Every read checks its bounds and raises
 * `CorruptData` naming `what` and the offset. 64-bit values outside the exact integers of a double are corrupt data too:
 * offsets, counts and millisecond timestamps of real blocks are far below 2^53.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  readonly what: string;
  position: number;
  private readonly view: DataView;

  constructor(bytes: Uint8Array, what: string, start = 0, end = bytes.length) {
    if (start < 0 || end > bytes.length || start > end)
      throw new CorruptDataError(`${what}: range ${start}..${end} lies outside its ${bytes.length} bytes`);
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.what = what;
    this.position = start;
    this.end = end;
  }

  remaining(): number {
    return this.end - this.position;
  }

  corrupt(reason: string): CorruptDataError {
    return new CorruptDataError(`${this.what}: ${reason} at offset ${this.position}`);
  }

  private take(length: number): number {
    const at = this.position;
    if (length > this.end - at) throw this.corrupt(`${length} bytes wanted, ${this.end - at} left`);
    this.position = at + length;
    return at;
  }

  uint8(): number {
    return this.bytes[this.take(1)]!;
  }

  uint16(): number {
    return this.view.getUint16(this.take(2));
  }

  uint32(): number {
    return this.view.getUint32(this.take(4));
  }

  /** Unsigned 64-bit integer that must be exact in a double. */
  uint64(): number {
    const at = this.take(8);
    return this.exact(this.view.getUint32(at) * 2 ** 32 + this.view.getUint32(at + 4));
  }

  float64(): number {
    return this.view.getFloat64(this.take(8));
  }

  /** Unsigned LEB128 of up to ten bytes. */
  uvarint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.uint8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return this.exact(value);
      scale *= 128;
    }
    throw this.corrupt('varint longer than ten bytes');
  }

  /** Zigzag-coded signed varint. */
  varint(): number {
    let low = 0n;
    let shift = 0n;
    const first = this.bytes[this.position];
    if (first !== undefined && first < 0x80 && this.position < this.end) {
      this.position++;
      return first & 1 ? -(first >>> 1) - 1 : first >>> 1;
    }
    for (let i = 0; i < 10; i++) {
      const byte = this.uint8();
      low |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        const unsigned = BigInt.asUintN(64, low);
        return this.exact(Number(unsigned & 1n ? -(unsigned >> 1n) - 1n : unsigned >> 1n));
      }
      shift += 7n;
    }
    throw this.corrupt('varint longer than ten bytes');
  }

  /** A view, not a copy, of the next `length` bytes. */
  raw(length: number): Uint8Array {
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  skip(length: number): void {
    this.take(length);
  }

  /** uvarint length and that many bytes of UTF-8. */
  text(): string {
    return decoder.decode(this.raw(this.uvarint()));
  }

  private exact(value: number): number {
    if (!Number.isSafeInteger(value)) throw this.corrupt(`integer ${value} is beyond 2^53`);
    return value;
  }
}
