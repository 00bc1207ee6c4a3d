import { ByteReader } from './byte-reader.ts';
import { framedSection } from './index-toc.ts';

/** One row of the postings offset table: a label pair and where its posting list starts in the index file. */
export interface PostingsOffset {
  readonly name: string;
  readonly value: string;
  readonly offset: number;
}

/** The label pair under which the list of all series is stored. */
export const allPostings = { name: '', value: '' } as const;

/** Calls `visit` for each row of the postings offset table in its order; `section` begins at the length field. */
export function eachPostingsOffset(section: Uint8Array, visit: (row: PostingsOffset) => void): void {
  const content = framedSection(section, 'index postings offset table');
  const reader = new ByteReader(content, 'index postings offset table');
  const count = reader.uint32();
  for (let i = 0; i < count; i++) {
    const keys = reader.uvarint();
    if (keys !== 2) throw reader.corrupt(`row ${i} has ${keys} keys, not 2`);
    const name = reader.text();
    const value = reader.text();
    visit({ name, value, offset: reader.uvarint() });
  }
  if (reader.remaining() !== 0) throw reader.corrupt(`${reader.remaining()} bytes follow the last row`);
}

/** Decodes one posting list: series references in ascending order. `section` begins at the list's length field. */
export function decodePostings(section: Uint8Array): Uint32Array {
  const content = framedSection(section, 'index postings');
  const reader = new ByteReader(content, 'index postings');
  const count = reader.uint32();
  if (count * 4 !== reader.remaining())
    throw reader.corrupt(`${count} postings do not take ${reader.remaining()} bytes`);
  const list = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const reference = reader.uint32();
    if (i > 0 && reference <= list[i - 1]!) throw reader.corrupt(`posting ${i} is not above the one before`);
    list[i] = reference;
  }
  return list;
}
