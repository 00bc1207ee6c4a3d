import { CorruptDataError } from '../../base/errors.ts';
import { ByteReader } from './byte-reader.ts';
import { framedSection, type IndexVersion, indexHeaderBytes } from './index-toc.ts';

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Compares byte strings as unsigned bytes: the order of symbols, label names and label values in an index. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/**
 * The symbol table: every label name and value once, in byte order. Version 2 and 3 refer to a symbol by its number,
 * version 1 by its byte offset in the index file. Offsets are kept, texts are decoded when asked for.
 */
export class SymbolTable {
  private readonly bytes: Uint8Array;
  private readonly starts: Uint32Array;
  private readonly version: IndexVersion;

  /** `section` begins at the section's length field. */
  constructor(section: Uint8Array, version: IndexVersion) {
    const content = framedSection(section, 'index symbols');
    const reader = new ByteReader(content, 'index symbols');
    const count = reader.uint32();
    // Every symbol takes a byte at least: a larger count must not size a buffer.
    if (count > reader.remaining())
      throw reader.corrupt(`${count} symbols cannot lie in ${reader.remaining()} bytes`);
    this.starts = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      this.starts[i] = reader.position;
      reader.raw(reader.uvarint());
    }
    if (reader.remaining() !== 0) throw reader.corrupt(`${reader.remaining()} bytes follow the last symbol`);
    this.bytes = content;
    this.version = version;
  }

  get count(): number {
    return this.starts.length;
  }

  /** The number of the symbol that a series refers to by `reference`. */
  indexOf(reference: number): number {
    if (this.version !== 1) {
      if (reference < this.count) return reference;
      throw new CorruptDataError(`index symbols: reference ${reference} of ${this.count}`);
    }
    // The content starts after the file's header and the section's length field.
    const at = this.search((start) => start - (reference - indexHeaderBytes - 4));
    if (at === undefined) throw new CorruptDataError(`index symbols: no symbol at byte ${reference}`);
    return at;
  }

  bytesAt(index: number): Uint8Array {
    const start = this.starts[index];
    if (start === undefined) throw new CorruptDataError(`index symbols: number ${index} of ${this.count}`);
    const reader = new ByteReader(this.bytes, 'index symbols', start);
    return reader.raw(reader.uvarint());
  }

  textAt(index: number): string {
    return decoder.decode(this.bytesAt(index));
  }

  /** The number of the symbol equal to `text`, or undefined: binary search in byte order. */
  find(text: string): number | undefined {
    const wanted = encoder.encode(text);
    return this.search((_start, index) => compareBytes(this.bytesAt(index), wanted));
  }

  private search(compare: (start: number, index: number) => number): number | undefined {
    let low = 0;
    let high = this.count - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const order = compare(this.starts[middle]!, middle);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }
}
