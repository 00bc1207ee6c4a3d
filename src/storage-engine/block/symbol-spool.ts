import { readSync } from 'node:fs';
import { ByteReader } from '../format/byte-reader.ts';
import type { FileSink } from './file-sink.ts';

/** Symbols between two whose place is remembered. */
const stride = 16;
const pageBytes = 64 * 1024;

/** Texts of the symbols of an index that is being written, read back from its file by number through a bounded cache. */
export class SymbolSpool {
  private readonly sink: FileSink;
  private readonly maxPages: number;
  private readonly pages = new Map<number, Uint8Array>();
  private places = new Float64Array(1024);
  private count = 0;

  constructor(sink: FileSink, memoryBytes: number) {
    this.sink = sink;
    this.maxPages = Math.max(4, Math.floor(memoryBytes / pageBytes));
  }

  /** Remembers the place of the next symbol. */
  add(position: number): void {
    if (this.count % stride === 0) {
      const at = this.count / stride;
      if (at === this.places.length) {
        const grown = new Float64Array(at * 2);
        grown.set(this.places);
        this.places = grown;
      }
      this.places[at] = position;
    }
    this.count++;
  }

  get length(): number {
    return this.count;
  }

  /** Bytes of a symbol; all symbols must have been flushed to the file. */
  bytesOf(symbol: number): Uint8Array {
    let at = this.places[Math.floor(symbol / stride)]!;
    for (let i = symbol % stride; ; i--) {
      const head = this.read(at, 5);
      const reader = new ByteReader(head, 'index symbols');
      const length = reader.uvarint();
      if (i === 0) return this.read(at + reader.position, length);
      at += reader.position + length;
    }
  }

  private read(position: number, length: number): Uint8Array {
    const page = Math.floor(position / pageBytes);
    const offset = position - page * pageBytes;
    const first = this.page(page);
    if (offset + length <= first.length) return first.subarray(offset, offset + length);
    const out = new Uint8Array(length);
    let filled = 0;
    for (let at = page, from = offset; filled < length; at++, from = 0) {
      const part = this.page(at).subarray(from, from + length - filled);
      if (part.length === 0) return out.subarray(0, filled);
      out.set(part, filled);
      filled += part.length;
    }
    return out;
  }

  private page(number: number): Uint8Array {
    const known = this.pages.get(number);
    if (known !== undefined) return known;
    const bytes = new Uint8Array(pageBytes);
    let filled = 0;
    while (filled < pageBytes) {
      const got = readSync(this.sink.file, bytes, filled, pageBytes - filled, number * pageBytes + filled);
      if (got === 0) break;
      filled += got;
    }
    if (this.pages.size >= this.maxPages) this.pages.delete(this.pages.keys().next().value!);
    const page = bytes.subarray(0, filled);
    this.pages.set(number, page);
    return page;
  }
}
