const encoder = new TextEncoder();

/** Appends big-endian integers, varints and bytes to a growing buffer; the writing side of `ByteReader`. */
export class ByteWriter {
  bytes: Uint8Array;
  private view: DataView;
  length = 0;

  constructor(capacityBytes = 256) {
    this.bytes = new Uint8Array(capacityBytes);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Makes room for `count` bytes more and returns where they begin; the caller fills them. */
  reserve(count: number): number {
    const needed = this.length + count;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    const at = this.length;
    this.length = needed;
    return at;
  }

  clear(): void {
    this.length = 0;
  }

  /** What was written, as a view that the next write may invalidate. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  uint8(value: number): void {
    const at = this.reserve(1);
    this.bytes[at] = value;
  }

  uint32(value: number): void {
    const at = this.reserve(4);
    this.view.setUint32(at, value);
  }

  uint64(value: number): void {
    const at = this.reserve(8);
    this.view.setUint32(at, Math.floor(value / 2 ** 32));
    this.view.setUint32(at + 4, value % 2 ** 32);
  }

  setUint32(at: number, value: number): void {
    this.view.setUint32(at, value);
  }

  /** Unsigned LEB128 of an exact integer. */
  uvarint(value: number): void {
    const at = this.reserve(10);
    const { bytes } = this;
    let position = at;
    let rest = value;
    for (; rest >= 0x8000_0000; rest = Math.floor(rest / 128)) bytes[position++] = (rest % 128) | 0x80;
    for (; rest >= 0x80; rest >>>= 7) bytes[position++] = (rest & 0x7f) | 0x80;
    bytes[position++] = rest;
    this.length = position;
  }

  /** Zigzag-coded signed varint. */
  varint(value: number): void {
    this.uvarint(value < 0 ? -value * 2 - 1 : value * 2);
  }

  raw(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.bytes.set(bytes, at);
  }

  /** uvarint length and the text as UTF-8. */
  text(text: string): void {
    const bytes = encoder.encode(text);
    this.uvarint(bytes.length);
    this.raw(bytes);
  }
}
