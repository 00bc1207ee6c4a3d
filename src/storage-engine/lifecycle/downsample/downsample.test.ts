import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Aggregate,
  type AggregatePart,
  decodeAggregateChunk,
  encodeAggregateChunk,
} from '../../format/aggregate-chunk.ts';
import { emptyHistogram, type FloatHistogram } from '../../promql/exec/histogram/float-histogram.ts';
import { decodeRaw } from '../rewrite/decoded-chunk.ts';
import { type AggregateChunk, aggregateAggregates, aggregateFloats } from './float-aggregates.ts';
import { aggregateHistograms, histogramOf } from './histogram-aggregates.ts';
import { targetChunks, windowEnd } from './windows.ts';

const minute = 60_000;
const five = 5 * minute;

function column({ encoding, data }: AggregatePart): [number, number][] {
  const { timestamps, bits } = decodeRaw(encoding, data);
  const values = new Float64Array(bits.buffer, bits.byteOffset, bits.length);
  return [...timestamps].map((time, i) => [time, values[i]!]);
}

function columns(chunk: AggregateChunk): Record<Aggregate, [number, number][]> {
  return Object.fromEntries(
    Object.entries(chunk.parts).map(([name, part]) => [name, column(part as AggregatePart)]),
  ) as Record<Aggregate, [number, number][]>;
}

describe('windows', () => {
  it.each([
    [0, five - 1],
    [five - 1, five - 1],
    [five, 2 * five - 1],
  ])('that holds %i ends at %i', (time, end) => expect(windowEnd(time, five)).toBe(end));

  it.each([
    ['one sample', 0, 0, 1, 1],
    ['two hours', 0, 120 * minute, 480, 1],
    ['two days', 0, 2880 * minute, 11_520, 5],
    ['two days, hardly filled', 0, 2880 * minute, 30, 1],
  ])('of %s become as many chunks as in Thanos', (_title, from, to, samples, chunks) => {
    expect(targetChunks(from, to, minute, five, samples)).toBe(chunks);
  });
});

describe('aggregateFloats', () => {
  it.each<[string, [number, number][], Partial<Record<Aggregate, [number, number][]>>]>([
    [
      'one sample',
      [[1000, 7]],
      {
        count: [[1000, 1]],
        sum: [[1000, 7]],
        min: [[1000, 7]],
        max: [[1000, 7]],
        counter: [
          [1000, 7],
          [1000, 7],
          [1000, 7],
        ],
      },
    ],
    [
      'a reset within a window',
      [
        [0, 5],
        [minute, 8],
        [2 * minute, 1],
        [3 * minute, 4],
      ],
      {
        count: [[3 * minute, 4]],
        sum: [[3 * minute, 18]],
        counter: [
          [0, 5],
          [3 * minute, 12],
          [3 * minute, 4],
        ],
      },
    ],
    [
      'a reset at the border of windows',
      [
        [four(), 9],
        [five, 2],
        [five + minute, 3],
      ],
      {
        count: [
          [five - 1, 1],
          [five + minute, 2],
        ],
        counter: [
          [four(), 9],
          [five - 1, 9],
          [five + minute, 12],
          [five + minute, 3],
        ],
      },
    ],
    [
      'a gap of several windows',
      [
        [0, 1],
        [10 * five, 2],
      ],
      {
        count: [
          [five - 1, 1],
          [10 * five, 1],
        ],
        sum: [
          [five - 1, 1],
          [10 * five, 2],
        ],
      },
    ],
    [
      'infinities',
      [
        [0, Infinity],
        [minute, Infinity],
      ],
      { min: [[minute, Infinity]], max: [[minute, Infinity]] },
    ],
  ])('of %s', (_title, samples, expected) => {
    const chunk = aggregateFloats(
      samples.map(([t]) => t),
      samples.map(([, v]) => v),
      0,
      samples.length,
      five,
    );
    expect(columns(chunk)).toMatchObject(expected);
  });

  it('gives the same counts, sums, extremes and increases through two steps as at once', () => {
    const samples = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 4 * minute }), fc.integer({ min: 0, max: 1000 })),
      {
        minLength: 1,
        maxLength: 300,
      },
    );
    fc.assert(
      fc.property(samples, (steps) => {
        let at = 0;
        const times = steps.map(([step]) => (at += step));
        const values = steps.map(([, value]) => value);
        const half = Math.ceil(times.length / 2);
        const parts = [
          [0, half],
          [half, times.length],
        ].filter(([from, to]) => to! > from!);
        const fine = parts.map(([from, to]) => columns(aggregateFloats(times, values, from!, to!, five)));
        const asColumns = fine.map((part) =>
          Object.fromEntries(
            Object.entries(part).map(([name, pairs]) => [
              name,
              { times: pairs.map(([t]) => t), values: pairs.map(([, v]) => v) },
            ]),
          ),
        );
        const hourly = columns(aggregateAggregates(asColumns, 60 * minute));
        const total = (pairs: readonly [number, number][]) =>
          pairs.reduce((sum, [, value]) => sum + value, 0);
        expect(total(hourly.count)).toBe(times.length);
        expect(total(hourly.sum)).toBe(values.reduce((a, b) => a + b, 0));
        expect(Math.min(...hourly.min.map(([, v]) => v))).toBe(Math.min(...values));
        expect(Math.max(...hourly.max.map(([, v]) => v))).toBe(Math.max(...values));
        let increase = 0;
        for (let i = 1; i < values.length; i++)
          increase += values[i]! >= values[i - 1]! ? values[i]! - values[i - 1]! : values[i]!;
        const counter = hourly.counter;
        expect(counter.at(-2)![1] - counter[0]![1]).toBe(increase);
        expect(counter.at(-1)![1]).toBe(values.at(-1));
      }),
      { numRuns: 50 },
    );
  });
});

function four(): number {
  return 4 * minute;
}

describe('aggregateHistograms', () => {
  const custom = (counts: number[], fields: Partial<FloatHistogram> = {}) =>
    emptyHistogram({
      schema: -53,
      customValues: [1, 2, 4],
      count: counts.reduce((a, b) => a + b, 0),
      sum: counts.reduce((a, b, i) => a + b * (i + 1), 0),
      positive: { indices: counts.map((_, i) => i), counts },
      ...fields,
    });

  it('sums and counts custom buckets as adding them one by one does, resets taken out', () => {
    const rows = [custom([1, 0, 2, 0]), custom([2, 1, 2, 0]), custom([0, 1, 0, 0]), custom([0, 1, 0, 5])];
    const chunk = aggregateHistograms([0, minute, 2 * minute, five + 1], rows, five);
    const sum = decodeRaw(3, chunk.parts.sum!.data).histograms!;
    const counter = decodeRaw(3, chunk.parts.counter!.data).histograms!;
    expect(column(chunk.parts.count!)).toEqual([
      [five - 1, 3],
      [five + 1, 1],
    ]);
    expect(histogramOf(sum, 0).positive.counts).toEqual([3, 2, 4, 0]);
    expect(histogramOf(sum, 1).positive.counts).toEqual([0, 1, 0, 5]);
    expect(histogramOf(counter, 0).positive.counts).toEqual([2, 2, 2, 0]);
    expect(histogramOf(counter, 1).positive.counts).toEqual([2, 2, 2, 5]);
    expect(histogramOf(counter, 1).customValues).toEqual([1, 2, 4]);
  });

  it('brings exponential schemas to the coarsest of the part', () => {
    const exponential = (schema: number, indices: number[], counts: number[]) =>
      emptyHistogram({ schema, count: counts.reduce((a, b) => a + b, 0), positive: { indices, counts } });
    const chunk = aggregateHistograms(
      [0, 1],
      [exponential(1, [1, 2, 3], [1, 1, 1]), exponential(0, [1, 2], [3, 2])],
      five,
    );
    expect(histogramOf(decodeRaw(3, chunk.parts.sum!.data).histograms!, 0)).toMatchObject({
      schema: 0,
      count: 8,
      positive: { indices: [1, 2], counts: [5, 3] },
    });
  });
});

describe('aggregate chunks', () => {
  it('decode to the parts that were encoded, absent ones absent', () => {
    const chunk = aggregateFloats([0, minute], [1, 2], 0, 2, five);
    expect(decodeAggregateChunk(encodeAggregateChunk(chunk.parts))).toEqual(chunk.parts);
    expect(decodeAggregateChunk(encodeAggregateChunk({ sum: chunk.parts.sum! }))).toEqual({
      sum: chunk.parts.sum,
    });
    expect(() => decodeAggregateChunk(Uint8Array.of(9, 1))).toThrow(/aggregate chunk/);
  });
});
