import { CorruptDataError } from '../../base/errors.ts';
import { ByteReader } from './byte-reader.ts';
import { crc32c } from './crc32c.ts';

/** Chunk encodings by their number on disk. */
export const chunkEncoding = {
  xor: 1,
  histogram: 2,
  floatHistogram: 3,
  xor2: 4,
  histogramST: 5,
  floatHistogramST: 6,
  /** Thanos's downsampled chunk: five chunks, one per aggregate. */
  aggregate: 255,
} as const;

const known: ReadonlySet<number> = new Set(Object.values(chunkEncoding));

/** First eight bytes of a segment file: magic, version 1, padding. */
const segmentMagic = 0x85bd40dd;
export const segmentHeaderBytes = 8;
/** Longest prefix of an entry before its data: a five-byte length and the encoding. */
export const maxEntryPrefixBytes = 6;
const checksumBytes = 4;

export interface ChunkEntry {
  readonly encoding: number;
  /** A view of the segment, without length, encoding and checksum. */
  readonly data: Uint8Array;
  /** Offset of the first byte after the entry. */
  readonly end: number;
}

/** Where a chunk lies: segment number (first file is 0) and byte offset in it. */
export interface ChunkLocation {
  readonly segment: number;
  readonly offset: number;
}

/** Splits a chunk reference of the index: segment in the upper, offset in the lower 32 bits. */
export function chunkLocation(reference: number): ChunkLocation {
  return { segment: Math.floor(reference / 2 ** 32), offset: reference % 2 ** 32 };
}

export function chunkReference(location: ChunkLocation): number {
  return location.segment * 2 ** 32 + location.offset;
}

export function checkSegmentHeader(bytes: Uint8Array, what: string): void {
  const reader = new ByteReader(bytes, what);
  const magic = reader.uint32();
  if (magic !== segmentMagic)
    throw reader.corrupt(`magic is 0x${magic.toString(16)}, not 0x${segmentMagic.toString(16)}`);
  const version = reader.uint8();
  if (version !== 1) throw reader.corrupt(`segment version is ${version}, not 1`);
}

/** Reads the entry at `offset` of a segment (or of any range of it) and verifies its checksum unless told not to. */
export function readChunkEntry(
  bytes: Uint8Array,
  offset: number,
  what: string,
  options: { verify?: boolean } = {},
): ChunkEntry {
  const reader = new ByteReader(bytes, what, offset);
  const length = reader.uvarint();
  const bodyStart = reader.position;
  const encoding = reader.uint8();
  if (!known.has(encoding)) throw reader.corrupt(`chunk encoding ${encoding} is not known`);
  const data = reader.raw(length);
  const stored = reader.uint32();
  if (options.verify !== false) {
    const actual = crc32c(bytes, bodyStart, bodyStart + 1 + length);
    if (actual !== stored)
      throw new CorruptDataError(
        `${what}: chunk at offset ${offset} has checksum 0x${actual.toString(16)}, stored is 0x${stored.toString(16)}`,
      );
  }
  return { encoding, data, end: reader.position };
}

/** Bytes of a whole entry whose data has `dataBytes` bytes. */
export function chunkEntryBytes(dataBytes: number): number {
  let prefix = 1;
  for (let rest = dataBytes; rest >= 0x80; rest = Math.floor(rest / 128)) prefix++;
  return prefix + 1 + dataBytes + checksumBytes;
}
