import type { Aggregate, AggregatePart, AggregateParts } from '../format/aggregate-chunk.ts';
import { addHistogram } from '../promql/exec/histogram/arithmetic.ts';
import {
  copyHistogram,
  divideHistogram,
  type FloatHistogram,
} from '../promql/exec/histogram/float-histogram.ts';
import { detectReset } from '../promql/exec/histogram/reset.ts';
import { joinCounters } from './join-counters.ts';
import { decodeChunk, mergeColumns, type SampleColumns } from './sample-columns.ts';

/** Which aggregate answers a function of PromQL; everything else is answered by the mean, sum by count. */
const aggregateOf: ReadonlyMap<string, Aggregate> = new Map([
  ['min_over_time', 'min'],
  ['max_over_time', 'max'],
  ['sum_over_time', 'sum'],
  ['count_over_time', 'count'],
  ['rate', 'counter'],
  ['increase', 'counter'],
  ['irate', 'counter'],
  ['resets', 'counter'],
]);

/** Functions that downsampled data answer rightly but for the edges of a window; others see means, or windows as samples. */
const nearlyExact: ReadonlySet<string> = new Set([
  'min_over_time',
  'max_over_time',
  'sum_over_time',
  'rate',
  'increase',
]);

export function isNearlyExact(func: string | undefined): boolean {
  return func !== undefined && nearlyExact.has(func);
}

/** Samples of one series' downsampled chunks, in the order of time, as a function wants them. */
export function aggregateColumns(chunks: readonly AggregateParts[], func: string | undefined): SampleColumns {
  const wanted = func === undefined ? undefined : aggregateOf.get(func);
  if (wanted === 'counter') return counters(chunks);
  const found = mergeColumns(
    chunks.map((parts) => {
      // Histograms have no least and no most.
      if (wanted !== undefined && parts[wanted] !== undefined) return decode(parts[wanted]);
      return parts.sum === undefined || parts.count === undefined
        ? mergeColumns([])
        : means(parts.sum, parts.count);
    }),
  );
  return func === undefined ? throughWindows(found) : found;
}

/** Spacing at which an instant selector always finds a sample: its usual lookback. */
const lookbackMs = 5 * 60_000;
/** Samples at least this far apart are those of hourly windows. */
const coarseMs = 30 * 60_000;
const hourMs = 60 * 60_000;

/** What is true of an hour is shown throughout it, so that an instant selector, which looks back less far, finds it. */
function throughWindows(columns: SampleColumns): SampleColumns {
  const { timestamps, values, histograms } = columns;
  if (timestamps.length < 2) return columns;
  for (let i = 1; i + 1 < timestamps.length; i++)
    if (timestamps[i]! - timestamps[i - 1]! < coarseMs) return columns;
  const times: number[] = [];
  const rows: number[] = [];
  for (let i = 0; i < timestamps.length; i++) {
    const end = timestamps[i]!;
    const begin = Math.max(i === 0 ? end - hourMs : timestamps[i - 1]!, end - hourMs);
    for (
      let time = end - Math.ceil((end - begin) / lookbackMs - 1) * lookbackMs;
      time <= end;
      time += lookbackMs
    ) {
      times.push(time);
      rows.push(i);
    }
  }
  return {
    timestamps: Float64Array.from(times),
    values: Float64Array.from(rows, (row) => values[row]!),
    ...(histograms && { histograms: rows.map((row) => histograms[row]) }),
  };
}

function decode({ encoding, data }: AggregatePart): SampleColumns {
  return decodeChunk(encoding, data);
}

function means(sum: AggregatePart, count: AggregatePart): SampleColumns {
  const [sums, counts] = [decode(sum), decode(count)];
  const rows = Math.min(sums.timestamps.length, counts.timestamps.length);
  const values = new Float64Array(rows);
  for (let i = 0; i < rows; i++) values[i] = sums.values[i]! / counts.values[i]!;
  const histograms = sums.histograms
    ?.slice(0, rows)
    .map((h, i) => (h === undefined ? undefined : divideHistogram(h, counts.values[i]!)));
  return { timestamps: sums.timestamps.subarray(0, rows), values, ...(histograms && { histograms }) };
}

/** Counters of all chunks as one without resets. */
function counters(chunks: readonly AggregateParts[]): SampleColumns {
  const parts = chunks.flatMap(({ counter }) => (counter === undefined ? [] : [decode(counter)]));
  const histograms = parts.filter((part) => part.histograms !== undefined);
  if (histograms.length > 0) return joinHistogramCounters(histograms);
  const { times, values } = joinCounters(
    parts.map(({ timestamps, values: v }) => ({ times: timestamps, values: v })),
  );
  return { timestamps: Float64Array.from(times), values: Float64Array.from(values) };
}

/** Within a chunk a counter never falls; the first of the next begins a new count where it is lower. */
function joinHistogramCounters(parts: readonly SampleColumns[]): SampleColumns {
  const times: number[] = [];
  const rows: FloatHistogram[] = [];
  let base: FloatHistogram | undefined;
  let last: FloatHistogram | undefined;
  for (const { timestamps, histograms } of parts) {
    const first = histograms?.[0];
    if (first !== undefined && last !== undefined && rows.length > 0) {
      const reset = detectReset({ ...first, resetHint: 'unknown' }, last);
      if (reset) base = copyHistogram(rows.at(-1)!);
    }
    for (const [i, h] of (histograms ?? []).entries()) {
      if (h === undefined || timestamps[i]! <= (times.at(-1) ?? Number.NEGATIVE_INFINITY)) continue;
      const row = copyHistogram(h);
      if (base !== undefined) addHistogram(row, base);
      times.push(timestamps[i]!);
      rows.push({
        ...row,
        resetHint: h.resetHint === 'gauge' ? 'gauge' : rows.length === 0 ? 'unknown' : 'not_reset',
      });
      last = h;
    }
  }
  return { timestamps: Float64Array.from(times), values: new Float64Array(times.length), histograms: rows };
}
