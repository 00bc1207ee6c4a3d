import { CorruptDataError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { crc32c } from '../format/crc32c.ts';
import type { RangeSource } from './range-source.ts';

/** Reads an object once from front to back, or jumping forward, with one part of it in memory. */
export class SequentialReader {
  readonly what: string;
  private readonly source: RangeSource;
  private window: Uint8Array = new Uint8Array(0);
  private windowStart = 0;

  constructor(source: RangeSource, what: string) {
    this.source = source;
    this.what = what;
  }

  get sizeBytes(): number {
    return this.source.sizeBytes;
  }

  /** Another reader of the same object, at its start. */
  again(): SequentialReader {
    return new SequentialReader(this.source, this.what);
  }

  /** A view of bytes [offset, offset + length), valid until the next call. */
  async at(offset: number, lengthBytes: number): Promise<Uint8Array> {
    const start = offset - this.windowStart;
    if (start >= 0 && start + lengthBytes <= this.window.length)
      return this.window.subarray(start, start + lengthBytes);
    if (offset + lengthBytes > this.sizeBytes)
      throw new CorruptDataError(
        `${this.what}: ${lengthBytes} bytes wanted at ${offset}, it ends at ${this.sizeBytes}`,
      );
    const wanted = Math.min(Math.max(lengthBytes, limits.sequentialReadBytes), this.sizeBytes - offset);
    const bytes = await this.source.read(offset, wanted);
    if (bytes.length !== wanted)
      throw new CorruptDataError(`${this.what}: ended at ${offset + bytes.length} while it was read`);
    this.window = bytes;
    this.windowStart = offset;
    return bytes.subarray(0, lengthBytes);
  }

  /** As many bytes as lie in memory from `offset` on, at least `leastBytes` unless the object ends before. */
  async upTo(offset: number, leastBytes: number): Promise<Uint8Array> {
    const least = Math.min(leastBytes, this.sizeBytes - offset);
    await this.at(offset, least);
    return this.window.subarray(offset - this.windowStart);
  }

  async uint32(offset: number): Promise<number> {
    const bytes = await this.at(offset, 4);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
  }

  /** Checksum of bytes [offset, offset + length), read in parts. */
  async crc(offset: number, lengthBytes: number): Promise<number> {
    let crc = 0;
    const end = offset + lengthBytes;
    for (let at = offset; at < end; ) {
      const bytes = await this.at(at, Math.min(limits.sequentialReadBytes, end - at));
      crc = crc32c(bytes, 0, bytes.length, crc);
      at += bytes.length;
    }
    return crc;
  }

  /** Checks a section of 32-bit length, content and CRC-32C; returns where it ends. */
  async checkFramed(offset: number, section: string): Promise<number> {
    const length = await this.uint32(offset);
    if (offset + 4 + length + 4 > this.sizeBytes)
      throw new CorruptDataError(`${this.what}: ${section} at ${offset} is longer than the file`);
    const actual = await this.crc(offset + 4, length);
    const stored = await this.uint32(offset + 4 + length);
    if (stored !== actual)
      throw new CorruptDataError(
        `${this.what}: ${section} at ${offset} has checksum 0x${actual.toString(16)}, stored is 0x${stored.toString(16)}`,
      );
    return offset + 4 + length + 4;
  }
}
