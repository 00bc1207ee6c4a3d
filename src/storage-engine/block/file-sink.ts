import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { ByteWriter } from '../format/byte-writer.ts';
import { crc32c } from '../format/crc32c.ts';

const flushBytes = 1024 * 1024;

/**
 * A local file that is written from its start to its end through a buffer. Writes are synchronous: a block is built in
 * scratch files, whose pages the system writes behind.
 */
export class FileSink {
  readonly path: string;
  /** What was appended and not yet given to the system; append to it freely, then call `flushIfFull`. */
  readonly out = new ByteWriter(flushBytes + 64 * 1024);
  private readonly descriptor: number;
  private flushed = 0;

  constructor(path: string) {
    this.path = path;
    this.descriptor = openSync(path, 'w+');
  }

  /** Bytes written so far, buffered ones included. */
  get position(): number {
    return this.flushed + this.out.length;
  }

  flushIfFull(): void {
    if (this.out.length >= flushBytes) this.flush();
  }

  raw(bytes: Uint8Array): void {
    if (bytes.length < flushBytes) {
      this.out.raw(bytes);
      this.flushIfFull();
      return;
    }
    this.flush();
    this.write(bytes, this.flushed);
    this.flushed += bytes.length;
  }

  pad(alignment: number): void {
    const rest = this.position % alignment;
    if (rest === 0) return;
    const at = this.out.reserve(alignment - rest);
    this.out.bytes.fill(0, at, this.out.length);
    this.flushIfFull();
  }

  /** Overwrites four bytes at an earlier position. */
  patchUint32(position: number, value: number): void {
    if (position >= this.flushed) {
      this.out.setUint32(position - this.flushed, value);
      return;
    }
    const bytes = new ByteWriter(4);
    bytes.uint32(value);
    // A field that lies across the border of what was flushed is patched in the file.
    if (position + 4 > this.flushed) this.flush();
    this.write(bytes.written(), position);
  }

  /** CRC-32C of bytes [start, end) of the file, buffered ones included. */
  checksum(start: number, end: number): number {
    let crc = 0;
    let at = start;
    if (at < this.flushed) {
      const bytes = new Uint8Array(Math.min(flushBytes, this.flushed - at));
      for (const stop = Math.min(end, this.flushed); at < stop; ) {
        const got = readSync(this.descriptor, bytes, 0, Math.min(bytes.length, stop - at), at);
        if (got === 0) throw new Error(`${this.path} became shorter while it was written`);
        crc = crc32c(bytes, 0, got, crc);
        at += got;
      }
    }
    return at < end ? crc32c(this.out.bytes, at - this.flushed, end - this.flushed, crc) : crc;
  }

  /** Appends all of another sink, which is flushed first. */
  append(other: FileSink): void {
    other.flush();
    const bytes = new Uint8Array(flushBytes);
    for (let at = 0; at < other.flushed; ) {
      const got = readSync(other.descriptor, bytes, 0, bytes.length, at);
      if (got === 0) throw new Error(`${other.path} became shorter while it was read`);
      this.raw(bytes.subarray(0, got));
      at += got;
    }
  }

  flush(): void {
    this.write(this.out.written(), this.flushed);
    this.flushed += this.out.length;
    this.out.clear();
  }

  private write(bytes: Uint8Array, position: number): void {
    for (let at = 0; at < bytes.length; )
      at += writeSync(this.descriptor, bytes, at, bytes.length - at, position + at);
  }

  /** Descriptor for reading back what was flushed. */
  get file(): number {
    return this.descriptor;
  }

  close(): void {
    this.flush();
    closeSync(this.descriptor);
  }

  /** Closes and removes the file. */
  discard(): void {
    closeSync(this.descriptor);
    rmSync(this.path, { force: true });
  }
}
