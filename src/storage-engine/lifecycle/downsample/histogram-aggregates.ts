import type { AggregatePart } from '../../format/aggregate-chunk.ts';
import { chunkEncoding } from '../../format/chunk.ts';
import type { CounterResetHeader, HistogramSamples } from '../../format/chunk-histogram.ts';
import { encodeHistogramChunk } from '../../format/chunk-histogram-writer.ts';
import { type BucketSpan, bitsOfFloat, floatOfBits, spansOf } from '../../format/histogram-layout.ts';
import { addHistogram, copyToSchema } from '../../promql/exec/histogram/arithmetic.ts';
import {
  type Buckets,
  copyHistogram,
  type FloatHistogram,
} from '../../promql/exec/histogram/float-histogram.ts';
import { detectReset } from '../../promql/exec/histogram/reset.ts';
import { type AggregateChunk, Column } from './float-aggregates.ts';
import { forEachWindow } from './windows.ts';

const hints = { unknown: 'unknown', notReset: 'not_reset', reset: 'reset', gauge: 'gauge' } as const;

/** One row of a histogram chunk, with what its chunk says of resets before it. */
export function histogramOf(samples: HistogramSamples, row: number): FloatHistogram {
  const { layout } = samples;
  const side = (spans: readonly BucketSpan[], rows: Float64Array): Buckets => {
    const indices = indicesOf(spans);
    return { indices, counts: [...rows.subarray(row * indices.length, (row + 1) * indices.length)] };
  };
  const gauge = samples.counterReset === 'gauge';
  return {
    resetHint: row === 0 || gauge ? hints[samples.counterReset] : 'not_reset',
    schema: layout.schema,
    zeroThreshold: layout.zeroThreshold,
    zeroCount: samples.zeroCounts[row]!,
    count: samples.counts[row]!,
    sum: floatOfBits(samples.sumBits[row]!),
    positive: side(layout.positiveSpans, samples.positive),
    negative: side(layout.negativeSpans, samples.negative),
    customValues: [...layout.customValues],
  };
}

function indicesOf(spans: readonly BucketSpan[]): number[] {
  const indices: number[] = [];
  let next = 0;
  for (const { offset, length } of spans) {
    next += offset;
    for (let i = 0; i < length; i++) indices.push(next++);
  }
  return indices;
}

/** Whether two histograms can stand in one downsampled chunk: one zero bucket, and the same custom boundaries. */
export function fitTogether(a: FloatHistogram, b: FloatHistogram): boolean {
  const custom = (h: FloatHistogram) => (h.schema === -53 ? JSON.stringify(h.customValues) : '');
  return a.zeroThreshold === b.zeroThreshold && custom(a) === custom(b);
}

/** Sums and counters of windows, as Thanos's histogramAggregator makes them. */
class HistogramState {
  sum: FloatHistogram | undefined;
  counter: FloatHistogram | undefined;
  private previous: FloatHistogram | undefined;
  private readonly schema: number;

  constructor(schema: number) {
    this.schema = schema;
  }

  add(given: FloatHistogram): void {
    const h = given.schema > this.schema ? copyToSchema(given, this.schema) : copyHistogram(given);
    if (this.counter === undefined || this.previous === undefined) this.counter = copyHistogram(h);
    else if (given.resetHint !== 'gauge' && detectReset(given, this.previous)) addHistogram(this.counter, h);
    else {
      const delta = copyHistogram(h);
      addHistogram(delta, this.previous, -1);
      addHistogram(this.counter, delta);
    }
    if (this.sum === undefined) this.sum = copyHistogram(h);
    else addHistogram(this.sum, h);
    this.previous = h;
  }
}

/** Aggregates of raw histograms that fit together. */
export function aggregateHistograms(
  times: readonly number[],
  histograms: readonly FloatHistogram[],
  resolutionMs: number,
): AggregateChunk {
  const state = new HistogramState(Math.min(...histograms.map(({ schema }) => schema)));
  const count = new Column();
  const sums: FloatHistogram[] = [];
  const counters: FloatHistogram[] = [];
  forEachWindow(times, 0, times.length, resolutionMs, (end, from, to) => {
    state.sum = undefined;
    for (let i = from; i < to; i++) state.add(histograms[i]!);
    count.add(end, to - from);
    sums.push(state.sum!);
    counters.push(copyHistogram(state.counter!));
  });
  const gauge = histograms[0]!.resetHint === 'gauge';
  return chunk(count, { times: count.times, rows: sums }, { times: count.times, rows: counters }, gauge);
}

export interface HistogramColumn {
  readonly times: readonly number[];
  readonly rows: readonly FloatHistogram[];
}

/** Aggregates of the aggregates of histograms that fit together. */
export function aggregateHistogramAggregates(
  counts: { readonly times: readonly number[]; readonly values: readonly number[] },
  sum: HistogramColumn,
  counter: HistogramColumn,
  resolutionMs: number,
): AggregateChunk {
  const count = new Column();
  forEachWindow(counts.times, 0, counts.times.length, resolutionMs, (end, from, to) => {
    let total = 0;
    for (let i = from; i < to; i++) total += counts.values[i]!;
    count.add(end, total);
  });
  const fold = ({ times, rows }: HistogramColumn, which: 'sum' | 'counter'): HistogramColumn => {
    const state = new HistogramState(Math.min(...rows.map(({ schema }) => schema)));
    const out: { times: number[]; rows: FloatHistogram[] } = { times: [], rows: [] };
    forEachWindow(times, 0, times.length, resolutionMs, (end, from, to) => {
      state.sum = undefined;
      for (let i = from; i < to; i++) state.add(rows[i]!);
      out.times.push(end);
      out.rows.push(copyHistogram(state[which]!));
    });
    return out;
  };
  const gauge = counter.rows[0]?.resetHint === 'gauge';
  return chunk(count, fold(sum, 'sum'), fold(counter, 'counter'), gauge);
}

function chunk(
  count: Column,
  sum: HistogramColumn,
  counter: HistogramColumn,
  gauge: boolean,
): AggregateChunk {
  return {
    parts: {
      count: count.encode(),
      sum: encode(sum, 'gauge'),
      counter: encode(counter, gauge ? 'gauge' : 'unknown'),
    },
    minTime: count.times[0]!,
    maxTime: count.times.at(-1)!,
    windows: count.times.length,
  };
}

/** Float histograms as one chunk, on the buckets that any of them has. */
function encode({ times, rows }: HistogramColumn, counterReset: CounterResetHeader): AggregatePart {
  const schema = Math.min(...rows.map((row) => row.schema));
  const same = rows.map((row) => (row.schema === schema ? row : copyToSchema(row, schema)));
  const union = (side: 'positive' | 'negative') =>
    [...new Set(same.flatMap((row) => row[side].indices))].sort((a, b) => a - b);
  const indices = { positive: union('positive'), negative: union('negative') };
  const flat = (side: 'positive' | 'negative') => {
    const at = new Map(indices[side].map((index, i) => [index, i]));
    const out = new Float64Array(same.length * at.size);
    same.forEach((row, i) => {
      row[side].indices.forEach((index, k) => {
        out[i * at.size + at.get(index)!] = row[side].counts[k]!;
      });
    });
    return out;
  };
  const first = same[0]!;
  const samples: HistogramSamples = {
    counterReset,
    layout: {
      schema,
      zeroThreshold: first.zeroThreshold,
      positiveSpans: spansOf(indices.positive),
      negativeSpans: spansOf(indices.negative),
      customValues: Float64Array.from(first.customValues),
    },
    timestamps: Float64Array.from(times),
    counts: Float64Array.from(same, (row) => row.count),
    zeroCounts: Float64Array.from(same, (row) => row.zeroCount),
    sumBits: BigUint64Array.from(same, (row) => bitsOfFloat(row.sum)),
    positive: flat('positive'),
    negative: flat('negative'),
  };
  return {
    encoding: chunkEncoding.floatHistogram,
    data: encodeHistogramChunk(samples, chunkEncoding.floatHistogram),
  };
}
