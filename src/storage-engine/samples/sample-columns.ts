import { CorruptDataError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { chunkEncoding } from '../format/chunk.ts';
import { decodeHistogramChunk, type HistogramSamples } from '../format/chunk-histogram.ts';
import { decodeXorChunk, staleMarkerBits } from '../format/chunk-xor.ts';
import { decodeXor2Chunk } from '../format/chunk-xor2.ts';
import { type BucketSpan, floatOfBits } from '../format/histogram-layout.ts';
import type { Buckets, FloatHistogram } from '../promql/exec/histogram/float-histogram.ts';
import { setStale } from '../promql/exec/sample-source.ts';

/** Samples of one series in columns, oldest first, as `SourceSeries` has them but without labels. */
export interface SampleColumns {
  /** Milliseconds, strictly ascending. */
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  readonly histograms?: readonly (FloatHistogram | undefined)[];
  readonly startTimestamps?: Float64Array;
}

/** Memory that the samples of one series cost a query, in bytes: an upper estimate with what merging them takes. */
export function memoryOf({ timestamps, histograms }: SampleColumns): number {
  let bytes = limits.seriesMemoryBytes + timestamps.length * limits.sampleMemoryBytes;
  for (const histogram of histograms ?? []) {
    if (histogram === undefined) continue;
    const buckets = histogram.positive.counts.length + histogram.negative.counts.length;
    bytes += limits.seriesMemoryBytes + buckets * limits.histogramBucketMemoryBytes;
  }
  return bytes;
}

/** Decodes one chunk of any raw encoding; downsampled chunks are refused. */
export function decodeChunk(encoding: number, data: Uint8Array): SampleColumns {
  switch (encoding) {
    case chunkEncoding.xor: {
      const { timestamps, valueBits } = decodeXorChunk(data);
      return { timestamps, values: new Float64Array(valueBits.buffer) };
    }
    case chunkEncoding.xor2: {
      const { timestamps, valueBits, startTimestamps } = decodeXor2Chunk(data);
      const known = startTimestamps.some((start) => start !== 0);
      return { timestamps, values: new Float64Array(valueBits.buffer), ...(known && { startTimestamps }) };
    }
    case chunkEncoding.histogram:
    case chunkEncoding.floatHistogram:
    case chunkEncoding.histogramST:
    case chunkEncoding.floatHistogramST:
      return histogramColumns(decodeHistogramChunk(data, encoding as 2));
    default:
      throw new CorruptDataError(`chunk encoding ${encoding} holds no raw samples`);
  }
}

function histogramColumns(samples: HistogramSamples): SampleColumns {
  const { layout, timestamps } = samples;
  const positive = bucketIndices(layout.positiveSpans);
  const negative = bucketIndices(layout.negativeSpans);
  const customValues = [...layout.customValues];
  const values = new Float64Array(timestamps.length);
  const histograms: (FloatHistogram | undefined)[] = [];
  for (let i = 0; i < timestamps.length; i++) {
    if (samples.sumBits[i] === staleMarkerBits) {
      setStale(values, i);
      histograms.push(undefined);
      continue;
    }
    histograms.push({
      // Within a chunk nothing is reset; what lies before its first histogram is not known here.
      resetHint: samples.counterReset === 'gauge' ? 'gauge' : i === 0 ? 'unknown' : 'not_reset',
      schema: layout.schema,
      zeroThreshold: layout.zeroThreshold,
      zeroCount: samples.zeroCounts[i]!,
      count: samples.counts[i]!,
      sum: floatOfBits(samples.sumBits[i]!),
      positive: bucketsOf(positive, samples.positive, i),
      negative: bucketsOf(negative, samples.negative, i),
      customValues,
    });
  }
  const { startTimestamps } = samples;
  const known = startTimestamps?.some((start) => start !== 0);
  return {
    timestamps,
    values,
    histograms,
    ...(known === true && startTimestamps !== undefined && { startTimestamps }),
  };
}

/** Bucket indices of spans: the first offset counts from bucket 0, later ones from the end of the span before. */
function bucketIndices(spans: readonly BucketSpan[]): number[] {
  const indices: number[] = [];
  let next = 0;
  for (const span of spans) {
    next += span.offset;
    for (let i = 0; i < span.length; i++) indices.push(next++);
  }
  return indices;
}

function bucketsOf(indices: readonly number[], rows: Float64Array, row: number): Buckets {
  const start = row * indices.length;
  return { indices: indices.slice(), counts: [...rows.subarray(start, start + indices.length)] };
}

const words = new DataView(new ArrayBuffer(8));

/** Bits of a float for comparing; a stale marker is below all others. */
function rank(value: number): bigint {
  words.setFloat64(0, value);
  const bits = words.getBigUint64(0);
  return bits === staleMarkerBits ? -1n : bits;
}

/** Whether sample `i` of `a` wins over sample `j` of `b` at the same time: histograms, then floats, then stale markers. */
function wins(a: SampleColumns, i: number, b: SampleColumns, j: number): boolean {
  const [x, y] = [a.histograms?.[i], b.histograms?.[j]];
  if ((x === undefined) !== (y === undefined)) return x !== undefined;
  if (x !== undefined && y !== undefined) return x.count > y.count;
  return rank(a.values[i]!) > rank(b.values[j]!);
}

/**
 * Joins parts of one series. Every timestamp comes out once; where parts differ at one timestamp a histogram wins over a
 * float, a float over a stale marker, and else the larger bits: an order that does not depend on the order of parts.
 */
export function mergeColumns(parts: readonly SampleColumns[]): SampleColumns {
  const filled = parts
    .filter((part) => part.timestamps.length > 0)
    .sort((a, b) => a.timestamps[0]! - b.timestamps[0]!);
  if (filled.length <= 1)
    return filled[0] ?? { timestamps: new Float64Array(0), values: new Float64Array(0) };
  const apart = filled.every((part, i) => i === 0 || part.timestamps[0]! > filled[i - 1]!.timestamps.at(-1)!);
  const order: { part: SampleColumns; index: number }[] = [];
  for (const part of filled)
    for (let index = 0; index < part.timestamps.length; index++) order.push({ part, index });
  if (apart) return gather(order, false);
  order.sort((a, b) => a.part.timestamps[a.index]! - b.part.timestamps[b.index]!);
  const unique: typeof order = [];
  for (const item of order) {
    const last = unique.at(-1);
    if (last === undefined || last.part.timestamps[last.index] !== item.part.timestamps[item.index])
      unique.push(item);
    else if (wins(item.part, item.index, last.part, last.index)) unique[unique.length - 1] = item;
  }
  return gather(unique, true);
}

/** Columns of chosen samples. Where chunks are mixed, the hint that nothing was reset in between no longer holds. */
function gather(chosen: readonly { part: SampleColumns; index: number }[], mixed: boolean): SampleColumns {
  const timestamps = new Float64Array(chosen.length);
  const values = new Float64Array(chosen.length);
  const anyHistogram = chosen.some(({ part }) => part.histograms !== undefined);
  const anyStart = chosen.some(({ part }) => part.startTimestamps !== undefined);
  const histograms: (FloatHistogram | undefined)[] = [];
  const startTimestamps = new Float64Array(anyStart ? chosen.length : 0);
  chosen.forEach(({ part, index }, i) => {
    timestamps[i] = part.timestamps[index]!;
    // A copy of one element keeps the payload of a NaN, an assignment of a number need not.
    values.set(part.values.subarray(index, index + 1), i);
    if (anyStart) startTimestamps[i] = part.startTimestamps?.[index] ?? 0;
    if (!anyHistogram) return;
    const found = part.histograms?.[index];
    histograms.push(mixed && found?.resetHint === 'not_reset' ? { ...found, resetHint: 'unknown' } : found);
  });
  return { timestamps, values, ...(anyHistogram && { histograms }), ...(anyStart && { startTimestamps }) };
}

/** Chosen samples of several parts: part and row of each, ascending in time. */
export function pickColumns(
  parts: readonly SampleColumns[],
  part: ArrayLike<number>,
  row: ArrayLike<number>,
): SampleColumns {
  const chosen = Array.from(part, (number, i) => ({ part: parts[number]!, index: row[i]! }));
  return gather(chosen, true);
}

/** The samples for which `keep` holds. */
export function filterColumns(
  columns: SampleColumns,
  keep: (timestampMs: number, index: number) => boolean,
): SampleColumns {
  const chosen: { part: SampleColumns; index: number }[] = [];
  columns.timestamps.forEach((timestamp, index) => {
    if (keep(timestamp, index)) chosen.push({ part: columns, index });
  });
  return chosen.length === columns.timestamps.length ? columns : gather(chosen, true);
}

/** The samples of [startMs, endMs], as views where they have no histograms. */
export function sliceColumns(columns: SampleColumns, startMs: number, endMs: number): SampleColumns {
  const first = lowerBound(columns.timestamps, startMs);
  const end = lowerBound(columns.timestamps, endMs + 1);
  if (first === 0 && end === columns.timestamps.length) return columns;
  const { timestamps, values, histograms, startTimestamps } = columns;
  return {
    timestamps: timestamps.subarray(first, end),
    values: values.subarray(first, end),
    ...(histograms && { histograms: histograms.slice(first, end) }),
    ...(startTimestamps && { startTimestamps: startTimestamps.subarray(first, end) }),
  };
}

/** First position whose timestamp is not below `wanted`. */
export function lowerBound(timestamps: Float64Array, wanted: number): number {
  let low = 0;
  let high = timestamps.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timestamps[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
