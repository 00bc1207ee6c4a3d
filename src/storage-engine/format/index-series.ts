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

/** Decodes the series that starts at `offset` of `bytes`, verifying its checksum. */
export function decodeSeries(bytes: Uint8Array, offset: number): IndexSeries {
  const frame = new ByteReader(bytes, 'index series', offset);
  const length = frame.uvarint();
  const start = frame.position;
  frame.raw(length);
  const stored = frame.uint32();
  const actual = crc32c(bytes, start, start + length);
  if (stored !== actual)
    throw frame.corrupt(`checksum is 0x${actual.toString(16)}, stored is 0x${stored.toString(16)}`);

  const reader = new ByteReader(bytes, 'index series', start, start + length);
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
