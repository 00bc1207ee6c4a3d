import { CorruptDataError } from '../../base/errors.ts';
import { ByteReader } from './byte-reader.ts';
import { crc32c } from './crc32c.ts';

export const indexHeaderBytes = 5;
export const tocBytes = 6 * 8 + 4;
const indexMagic = 0xbaaad700;

/** Byte offsets of the index's sections; 0 stands for a section that is absent. */
export interface IndexToc {
  readonly symbols: number;
  readonly series: number;
  readonly labelIndices: number;
  readonly labelOffsetTable: number;
  readonly postings: number;
  readonly postingsOffsetTable: number;
}

export type IndexVersion = 1 | 2 | 3;

/** Checks magic and version in the first five bytes of an index. */
export function readIndexVersion(bytes: Uint8Array): IndexVersion {
  const reader = new ByteReader(bytes, 'index header');
  const magic = reader.uint32();
  if (magic !== indexMagic)
    throw reader.corrupt(`magic is 0x${magic.toString(16)}, not 0x${indexMagic.toString(16)}`);
  const version = reader.uint8();
  if (version !== 1 && version !== 2 && version !== 3)
    throw reader.corrupt(`index version ${version} is not known`);
  return version;
}

/** Reads the table of contents from the last 52 bytes of an index of `indexBytes` bytes. */
export function readIndexToc(tail: Uint8Array, indexBytes: number): IndexToc {
  if (tail.length !== tocBytes)
    throw new CorruptDataError(`index: table of contents has ${tail.length} bytes, not ${tocBytes}`);
  const reader = new ByteReader(tail, 'index table of contents');
  const toc: IndexToc = {
    symbols: reader.uint64(),
    series: reader.uint64(),
    labelIndices: reader.uint64(),
    labelOffsetTable: reader.uint64(),
    postings: reader.uint64(),
    postingsOffsetTable: reader.uint64(),
  };
  const stored = reader.uint32();
  const actual = crc32c(tail, 0, tocBytes - 4);
  if (stored !== actual)
    throw reader.corrupt(`checksum is 0x${actual.toString(16)}, stored is 0x${stored.toString(16)}`);
  for (const [section, offset] of Object.entries(toc)) {
    if (offset > indexBytes - tocBytes)
      throw new CorruptDataError(`index: section ${section} starts at ${offset}, beyond ${indexBytes} bytes`);
  }
  return toc;
}

/**
 * The content of a section that is framed by a 32-bit length and a CRC-32C. `bytes` starts at the length field;
 * returned is a view of the content alone.
 */
export function framedSection(bytes: Uint8Array, what: string): Uint8Array {
  const reader = new ByteReader(bytes, what);
  const content = reader.raw(reader.uint32());
  const stored = reader.uint32();
  const actual = crc32c(content);
  if (stored !== actual)
    throw reader.corrupt(`checksum is 0x${actual.toString(16)}, stored is 0x${stored.toString(16)}`);
  return content;
}
