import { CorruptDataError } from '../../base/errors.ts';
import { ByteReader } from './byte-reader.ts';
import { framedSection, type IndexVersion, indexHeaderBytes } from './index-toc.ts';

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
 * Symbol table of an index: all label names and values in byte order, each as bytes [starts[i], ends[i]) of `bytes`. Series
 * of version 2 and 3 refer to a symbol by its number, those of version 1 by its byte offset in the index file.
 */
export class SymbolTable {
  readonly bytes: Uint8Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  /** Version 1: number of the symbol by the offset of its entry. */
  private readonly byOffset: ReadonlyMap<number, number> | undefined;

  /** `section` begins at the section's length field. */
  constructor(section: Uint8Array, version: IndexVersion) {
    this.bytes = framedSection(section, 'index symbols');
    const reader = new ByteReader(this.bytes, 'index symbols');
    const count = reader.uint32();
    // Every symbol takes a byte at least: a larger count must not size a buffer.
    if (count > reader.remaining())
      throw reader.corrupt(`${count} symbols cannot lie in ${reader.remaining()} bytes`);
    this.starts = new Uint32Array(count);
    this.ends = new Uint32Array(count);
    const byOffset = new Map<number, number>();
    for (let i = 0; i < count; i++) {
      // The content starts after the file's header and the section's length field.
      if (version === 1) byOffset.set(reader.position + indexHeaderBytes + 4, i);
      const length = reader.uvarint();
      this.starts[i] = reader.position;
      reader.skip(length);
      this.ends[i] = reader.position;
    }
    if (reader.remaining() !== 0) throw reader.corrupt(`${reader.remaining()} bytes follow the last symbol`);
    this.byOffset = version === 1 ? byOffset : undefined;
  }

  get count(): number {
    return this.starts.length;
  }

  /** The number of the symbol that a series refers to by `reference`. */
  indexOf(reference: number): number {
    const index = this.byOffset === undefined ? reference : this.byOffset.get(reference);
    if (index === undefined || index >= this.starts.length)
      throw new CorruptDataError(`index symbols: reference ${reference} of ${this.count} symbols`);
    return index;
  }
}
