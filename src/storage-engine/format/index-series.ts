import { CorruptDataError } from '../../base/errors.ts';
import { ByteReader } from './byte-reader.ts';
import { crc32c } from './crc32c.ts';
import type { IndexVersion } from './index-toc.ts';

/** One chunk of a series; times are milliseconds since the epoch, both ends included. */
export interface ChunkMeta {
  readonly minTime: number;
  readonly maxTime: number;
  /** Segment and offset, see `chunkLocation`. */
  readonly reference: number;
}

export interface IndexSeries {
  /** Symbol references, name and value in turn, sorted by name. */
  readonly labels: Uint32Array;
  readonly chunks: readonly ChunkMeta[];
}

/** Series start at multiples of this many bytes, so that 32-bit references reach 64 GiB (version 2 and 3). */
export const seriesAlignmentBytes = 16;

export function seriesOffset(reference: number, version: IndexVersion): number {
  return version === 1 ? reference : reference * seriesAlignmentBytes;
}

/** Bytes of the checksum after an entry's content. */
export const seriesChecksumBytes = 4;

/**
 * Where the content of the series entry at `at` lies in `bytes`, which begin at byte `base` of the index: label count,
 * symbol references, chunk count, chunks. `whole`: the entry and its checksum lie in `bytes`.
 */
export function seriesEntry(
  bytes: Uint8Array,
  at: number,
  base: number,
): { readonly start: number; readonly end: number; readonly whole: boolean } {
  let length = 0;
  let start = at;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[start++];
    if (byte === undefined || start - at > 5)
      throw new CorruptDataError(`index: series at ${base + at} has no length`);
    length += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
  }
  if (length === 0) throw new CorruptDataError(`index: series at ${base + at} is empty`);
  const end = start + length;
  return { start, end, whole: end + seriesChecksumBytes <= bytes.length };
}

/** Verifies the CRC-32C that follows an entry's content. */
export function verifySeries(bytes: Uint8Array, start: number, end: number, base: number): void {
  const stored =
    ((bytes[end]! << 24) | (bytes[end + 1]! << 16) | (bytes[end + 2]! << 8) | bytes[end + 3]!) >>> 0;
  const actual = crc32c(bytes, start, end);
  if (stored !== actual)
    throw new CorruptDataError(
      `index: series before ${base + end} has checksum 0x${actual.toString(16)}, stored is 0x${stored.toString(16)}`,
    );
}

/** Decodes the series that starts at `offset` of `bytes`, verifying its checksum. */
export function decodeSeries(bytes: Uint8Array, offset: number): IndexSeries {
  const { start, end, whole } = seriesEntry(bytes, offset, 0);
  if (!whole) throw new CorruptDataError(`index: series at ${offset} is cut off`);
  verifySeries(bytes, start, end, 0);
  const reader = new ByteReader(bytes, 'index series', start, end);
  const labelCount = reader.uvarint();
  if (labelCount * 2 > reader.remaining())
    throw reader.corrupt(`${labelCount} labels cannot lie in ${reader.remaining()} bytes`);
  const labels = new Uint32Array(labelCount * 2);
  for (let i = 0; i < labels.length; i++) labels[i] = reader.uvarint();
  return { labels, chunks: decodeChunkMetas(reader) };
}

function decodeChunkMetas(reader: ByteReader): ChunkMeta[] {
  const count = reader.uvarint();
  if (count * 3 > reader.remaining())
    throw reader.corrupt(`${count} chunks cannot lie in ${reader.remaining()} bytes`);
  const chunks: ChunkMeta[] = [];
  let previousMax = 0;
  let reference = 0;
  for (let i = 0; i < count; i++) {
    const minTime = i === 0 ? reader.varint() : previousMax + reader.uvarint();
    const maxTime = minTime + reader.uvarint();
    reference = i === 0 ? reader.uvarint() : reference + reader.varint();
    if (reference < 0) throw reader.corrupt(`chunk ${i} has a negative reference`);
    chunks.push({ minTime, maxTime, reference });
    previousMax = maxTime;
  }
  return chunks;
}
