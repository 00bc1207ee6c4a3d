import { ByteReader } from './byte-reader.ts';
import { framedSection } from './index-toc.ts';

/** The label pair under which the list of all series is stored. */
export const allPostings = { name: '', value: '' } as const;

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
