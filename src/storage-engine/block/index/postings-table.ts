import { CorruptDataError } from '../../../base/errors.ts';
import { ByteReader } from '../../format/byte-reader.ts';
import { compareBytes } from '../../format/index-symbols.ts';
import { framedSection } from '../../format/index-toc.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Where one posting list lies in the index file; `end` is an upper bound, the next list or the section's end. */
export interface PostingsRange {
  readonly offset: number;
  readonly end: number;
}

/**
 * The postings offset table of an index, kept as its bytes and two numbers per label pair. Names and values are in byte
 * order, so that a value is found by binary search and only what is asked for is decoded.
 */
export class PostingsTable {
  private readonly bytes: Uint8Array;
  /** Byte position of each row's value text. */
  private readonly valueStarts: Uint32Array;
  private readonly offsets: Float64Array;
  private readonly ascending: Float64Array;
  private readonly names = new Map<string, { first: number; last: number }>();
  private readonly sectionEnd: number;

  /** `section` begins at the table's length field; posting lists end at byte `postingsEnd` of the index. */
  constructor(section: Uint8Array, postingsEnd: number) {
    this.bytes = framedSection(section, 'index postings offset table');
    this.sectionEnd = postingsEnd;
    const reader = new ByteReader(this.bytes, 'index postings offset table');
    const count = reader.uint32();
    if (count * 4 > reader.remaining())
      throw reader.corrupt(`${count} rows cannot lie in ${reader.remaining()} bytes`);
    this.valueStarts = new Uint32Array(count);
    this.offsets = new Float64Array(count);
    let name: Uint8Array | undefined;
    let range = { first: 0, last: 0 };
    for (let i = 0; i < count; i++) {
      const keys = reader.uvarint();
      if (keys !== 2) throw reader.corrupt(`row ${i} has ${keys} keys, not 2`);
      const current = reader.raw(reader.uvarint());
      if (name === undefined || compareBytes(name, current) !== 0) {
        const text = decoder.decode(current);
        if (this.names.has(text))
          throw reader.corrupt(`rows of label ${JSON.stringify(text)} are not together`);
        name = current;
        range = { first: i, last: i };
        this.names.set(text, range);
      }
      this.valueStarts[i] = reader.position;
      const value = reader.raw(reader.uvarint());
      if (i > range.first && compareBytes(this.valueBytes(i - 1), value) >= 0)
        throw reader.corrupt(`row ${i} is not above the one before`);
      this.offsets[i] = reader.uvarint();
      range.last = i + 1;
    }
    if (reader.remaining() !== 0) throw reader.corrupt(`${reader.remaining()} bytes follow the last row`);
    this.ascending = this.offsets.every((offset, i) => i === 0 || offset > this.offsets[i - 1]!)
      ? this.offsets
      : this.offsets.slice().sort();
  }

  get sizeBytes(): number {
    return this.bytes.length + this.valueStarts.byteLength + this.offsets.byteLength * 2;
  }

  /** Label names in byte order, without the empty name under which all series are listed. */
  labelNames(): string[] {
    return [...this.names.keys()].filter((name) => name !== '');
  }

  /** Values of a label in byte order; none for an unknown label. */
  labelValues(name: string): string[] {
    const range = this.names.get(name);
    if (range === undefined) return [];
    return Array.from({ length: range.last - range.first }, (_, i) =>
      decoder.decode(this.valueBytes(range.first + i)),
    );
  }

  /** The list of one label pair, or undefined where no series has it. */
  find(name: string, value: string): PostingsRange | undefined {
    const range = this.names.get(name);
    if (range === undefined) return undefined;
    const wanted = encoder.encode(value);
    let low = range.first;
    let high = range.last - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const order = compareBytes(this.valueBytes(middle), wanted);
      if (order === 0) return this.rangeOf(middle);
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  /** Lists of those values of a label that `accept` takes, in byte order of the values. */
  select(name: string, accept: (value: string) => boolean): PostingsRange[] {
    const range = this.names.get(name);
    const found: PostingsRange[] = [];
    for (let i = range?.first ?? 0; i < (range?.last ?? 0); i++) {
      if (accept(decoder.decode(this.valueBytes(i)))) found.push(this.rangeOf(i));
    }
    return found;
  }

  private valueBytes(row: number): Uint8Array {
    const reader = new ByteReader(this.bytes, 'index postings offset table', this.valueStarts[row]!);
    return reader.raw(reader.uvarint());
  }

  private rangeOf(row: number): PostingsRange {
    const offset = this.offsets[row]!;
    let low = 0;
    let high = this.ascending.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.ascending[middle]! <= offset) low = middle + 1;
      else high = middle;
    }
    const end = this.ascending[low] ?? this.sectionEnd;
    if (end > this.sectionEnd)
      throw new CorruptDataError(`index: posting list at ${offset} ends at ${end}, beyond its section`);
    return { offset, end };
  }
}
