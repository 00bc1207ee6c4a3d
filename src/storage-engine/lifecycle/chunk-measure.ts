import type { RawChunk } from '../block/chunk-reader.ts';
import { decodeAggregateChunk } from '../format/aggregate-chunk.ts';
import { chunkEncoding } from '../format/chunk.ts';
import type { TimeRange } from '../retention/time-ranges.ts';
import { decodeRaw } from './rewrite/decoded-chunk.ts';
import { sampleCounts } from './rewrite/sample-counts.ts';

/** Checksum and encoding of a chunk's entry. */
const entryBytes = 5;

export interface ChunkCut {
  /** Samples, of a downsampled chunk windows, that lie in the ranges. */
  readonly samples: number;
  /** Bytes of the whole entry where all of it goes, else in proportion to its samples. */
  readonly sizeBytes: number;
}

/**
 * What of a chunk lies in the ranges, which are in order without overlaps. One that lies in a single range wholly is counted
 * by its header; of others the samples are decoded.
 */
export function measureCut(
  { encoding, data }: RawChunk,
  time: { readonly firstMs: number; readonly lastMs: number },
  ranges: readonly TimeRange[],
): ChunkCut {
  const { floats, histograms } = sampleCounts(encoding, data, 0);
  const all = floats + histograms;
  const sizeBytes = data.length + entryBytes + lengthBytes(data.length);
  if (ranges.some(({ startMs, endMs }) => time.firstMs >= startMs && time.lastMs < endMs))
    return { samples: all, sizeBytes };
  let samples = 0;
  for (const at of timesOf(encoding, data))
    if (ranges.some(({ startMs, endMs }) => at >= startMs && at < endMs)) samples++;
  return { samples, sizeBytes: all === 0 ? 0 : (sizeBytes * samples) / all };
}

function timesOf(encoding: number, data: Uint8Array): Float64Array {
  if (encoding !== chunkEncoding.aggregate) return decodeRaw(encoding, data).timestamps;
  const { count } = decodeAggregateChunk(data);
  return count === undefined ? new Float64Array(0) : decodeRaw(count.encoding, count.data).timestamps;
}

function lengthBytes(length: number): number {
  let bytes = 1;
  for (let rest = length; rest >= 128; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}
