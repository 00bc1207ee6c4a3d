import {
  type Aggregate,
  type AggregatePart,
  aggregates,
  decodeAggregateChunk,
  encodeAggregateChunk,
} from '../../format/aggregate-chunk.ts';
import { chunkEncoding, readChunkEntry } from '../../format/chunk.ts';
import { encodeHistogramChunk } from '../../format/chunk-histogram-writer.ts';
import { appendChunkEntry } from '../../format/chunk-writer.ts';
import { encodeXorChunk } from '../../format/chunk-xor.ts';
import { type Batch, type BatchSeries, batchChunk, type RemovedTime, type ResultBuilder } from './batch.ts';
import { decodeRaw } from './decoded-chunk.ts';
import { sampleCounts } from './sample-counts.ts';

export interface TrimmedChunk {
  readonly data: Uint8Array;
  readonly minTime: number;
  readonly maxTime: number;
}

/**
 * Leaves out aggregates at the beginning of a series of a downsampled block. Only its first chunk is cut: a counter whose
 * later part went would be taken for one that was reset where the next chunk begins. What cannot be cut stays whole.
 */
export function trimSeries(
  batch: Batch,
  series: BatchSeries,
  removed: readonly RemovedTime[],
  result: ResultBuilder,
): void {
  for (let number = series.firstChunk; number < series.endChunk; number++) {
    const { offset, lengthBytes, owner, minTime, maxTime } = batchChunk(batch, number);
    const { encoding, data } = readChunkEntry(batch.bytes, offset, 'chunk');
    const start = result.bytes.length;
    const from = number === series.firstChunk ? firstLeft(removed, owner, minTime) : minTime;
    if (from > minTime && encoding === chunkEncoding.aggregate) {
      const trimmed = trimChunk(data, from);
      if (trimmed === undefined) continue;
      appendChunkEntry(result.bytes, encoding, trimmed.data);
      result.add(start, trimmed.minTime, trimmed.maxTime, sampleCounts(encoding, trimmed.data, 0).floats, 0);
      continue;
    }
    result.bytes.raw(batch.bytes.subarray(offset, offset + lengthBytes));
    const { floats, histograms } = sampleCounts(encoding, data, 0);
    result.add(start, minTime, maxTime, floats, histograms);
  }
}

/** The first time from `minTime` on that is not removed of an owner's chunk. */
export function firstLeft(removed: readonly RemovedTime[], owner: number, minTime: number): number {
  let from = minTime;
  // Ranges of one owner may touch one another where tombstones and removals are listed beside each other.
  for (let moved = true; moved; ) {
    moved = false;
    for (const range of removed) {
      if ((range.owner !== owner && range.owner >= 0) || range.minTime > from || range.maxTime < from)
        continue;
      from = range.maxTime + 1;
      moved = true;
    }
  }
  return from;
}

/** The aggregates of a chunk that stand at `fromTime` or later; undefined where none do. */
export function trimChunk(data: Uint8Array, fromTime: number): TrimmedChunk | undefined {
  const parts = decodeAggregateChunk(data);
  const kept: Partial<Record<Aggregate, AggregatePart>> = {};
  let minTime = Number.POSITIVE_INFINITY;
  let maxTime = Number.NEGATIVE_INFINITY;
  for (const name of aggregates) {
    const part = parts[name];
    if (part === undefined) continue;
    const { timestamps, bits, histograms } = decodeRaw(part.encoding, part.data);
    let first = 0;
    while (first < timestamps.length && timestamps[first]! < fromTime) first++;
    if (first === timestamps.length) continue;
    kept[name] = {
      encoding: part.encoding,
      data:
        histograms === undefined
          ? encodeXorChunk({ timestamps: timestamps.subarray(first), valueBits: bits.subarray(first) })
          : encodeHistogramChunk(
              histograms,
              part.encoding as 2 | 3,
              histograms.counterReset === 'gauge' || first === 0 ? histograms.counterReset : 'unknown',
              first,
            ),
    };
    if (name === 'counter') continue;
    minTime = Math.min(minTime, timestamps[first]!);
    maxTime = Math.max(maxTime, timestamps.at(-1)!);
  }
  if (minTime > maxTime) return undefined;
  return { data: encodeAggregateChunk(kept), minTime, maxTime };
}
