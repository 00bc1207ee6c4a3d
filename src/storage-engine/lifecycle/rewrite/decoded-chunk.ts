import { CorruptDataError } from '../../../base/errors.ts';
import { chunkEncoding } from '../../format/chunk.ts';
import { decodeHistogramChunk, type HistogramSamples } from '../../format/chunk-histogram.ts';
import { encodeHistogramChunk } from '../../format/chunk-histogram-writer.ts';
import { decodeXorChunk, encodeXorChunk, staleMarkerBits } from '../../format/chunk-xor.ts';
import { decodeXor2Chunk } from '../../format/chunk-xor2.ts';

/** Samples of one chunk as they are stored: floats by their bits, or histograms of one layout. */
export interface DecodedChunk {
  readonly timestamps: Float64Array;
  /** Bits of the floats, or of the histograms' sums, in which a stale marker shows. */
  readonly bits: BigUint64Array;
  readonly histograms: HistogramSamples | undefined;
  /** Histograms with counts that need not be integers. */
  readonly floatCounts: boolean;
}

/** Decodes a chunk of any raw encoding. Start timestamps are not kept. */
export function decodeRaw(encoding: number, data: Uint8Array): DecodedChunk {
  switch (encoding) {
    case chunkEncoding.xor: {
      const { timestamps, valueBits } = decodeXorChunk(data);
      return { timestamps, bits: valueBits, histograms: undefined, floatCounts: false };
    }
    case chunkEncoding.xor2: {
      const { timestamps, valueBits } = decodeXor2Chunk(data);
      return { timestamps, bits: valueBits, histograms: undefined, floatCounts: false };
    }
    case chunkEncoding.histogram:
    case chunkEncoding.floatHistogram:
    case chunkEncoding.histogramST:
    case chunkEncoding.floatHistogramST: {
      const histograms = decodeHistogramChunk(data, encoding as 2);
      const floatCounts =
        encoding === chunkEncoding.floatHistogram || encoding === chunkEncoding.floatHistogramST;
      return { timestamps: histograms.timestamps, bits: histograms.sumBits, histograms, floatCounts };
    }
    default:
      throw new CorruptDataError(`chunk encoding ${encoding} holds no raw samples`);
  }
}

export function isStale(chunk: DecodedChunk, row: number): boolean {
  return chunk.bits[row] === staleMarkerBits;
}

/** Whether a reader that knows encodings 1 to 3 only, as released Thanos, cannot read this one. */
export function needsTranscoding(encoding: number): boolean {
  return encoding >= chunkEncoding.xor2 && encoding <= chunkEncoding.floatHistogramST;
}

/** Encodes a whole decoded chunk as encoding 1, 2 or 3. */
export function encodeCompatible(chunk: DecodedChunk): { encoding: number; data: Uint8Array } {
  if (chunk.histograms === undefined)
    return {
      encoding: chunkEncoding.xor,
      data: encodeXorChunk({ timestamps: chunk.timestamps, valueBits: chunk.bits }),
    };
  const encoding = chunk.floatCounts ? chunkEncoding.floatHistogram : chunkEncoding.histogram;
  return { encoding, data: encodeHistogramChunk(chunk.histograms, encoding) };
}

/** Samples in the order of time: chunk and row of each. */
export interface Rows {
  readonly chunk: Uint32Array;
  readonly row: Uint32Array;
  readonly count: number;
}

/**
 * Joins chunks of one replica by time. Where two have a sample of the same time, a histogram wins over a float, a float
 * over a stale marker, and else the larger bits: an order that does not depend on the order of chunks, and that of queries.
 * Removed samples are left out before.
 */
export function joinRows(
  chunks: readonly DecodedChunk[],
  isRemoved: (chunk: number, timeMs: number) => boolean,
): Rows {
  const total = chunks.reduce((sum, { timestamps }) => sum + timestamps.length, 0);
  const chunk = new Uint32Array(total);
  const row = new Uint32Array(total);
  let count = 0;
  let last = Number.NEGATIVE_INFINITY;
  let ascending = true;
  chunks.forEach(({ timestamps }, number) => {
    for (let i = 0; i < timestamps.length; i++) {
      if (isRemoved(number, timestamps[i]!)) continue;
      ascending &&= timestamps[i]! > last;
      last = timestamps[i]!;
      chunk[count] = number;
      row[count++] = i;
    }
  });
  if (ascending) return { chunk, row, count };
  const timeOf = (at: number) => chunks[chunk[at]!]!.timestamps[row[at]!]!;
  const order = Array.from({ length: count }, (_, i) => i).sort((a, b) => timeOf(a) - timeOf(b));
  const kept: number[] = [];
  for (const at of order) {
    const before = kept.at(-1);
    if (before === undefined || timeOf(before) !== timeOf(at)) kept.push(at);
    else if (wins(chunks[chunk[at]!]!, row[at]!, chunks[chunk[before]!]!, row[before]!))
      kept[kept.length - 1] = at;
  }
  return {
    chunk: Uint32Array.from(kept, (at) => chunk[at]!),
    row: Uint32Array.from(kept, (at) => row[at]!),
    count: kept.length,
  };
}

function wins(a: DecodedChunk, i: number, b: DecodedChunk, j: number): boolean {
  const kind = (chunk: DecodedChunk, row: number) =>
    chunk.histograms !== undefined && !isStale(chunk, row) ? 2 : isStale(chunk, row) ? 0 : 1;
  const [x, y] = [kind(a, i), kind(b, j)];
  if (x !== y) return x > y;
  if (x === 2) return a.histograms!.counts[i]! > b.histograms!.counts[j]!;
  return x === 1 && a.bits[i]! > b.bits[j]!;
}
