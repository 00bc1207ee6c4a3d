import type { Aggregate, AggregateParts } from '../../format/aggregate-chunk.ts';
import { chunkEncoding } from '../../format/chunk.ts';
import { encodeXorChunk } from '../../format/chunk-xor.ts';
import { joinCounters } from '../../samples/join-counters.ts';
import { forEachWindow } from './windows.ts';

/** A downsampled chunk: its parts, and the ends of its first and last window. */
export interface AggregateChunk {
  readonly parts: AggregateParts;
  readonly minTime: number;
  readonly maxTime: number;
  readonly windows: number;
}

/** Times and values that become one chunk. */
export class Column {
  readonly times: number[] = [];
  readonly values: number[] = [];

  add(time: number, value: number): void {
    this.times.push(time);
    this.values.push(value);
  }

  encode(): { encoding: number; data: Uint8Array } {
    const values = Float64Array.from(this.values);
    const valueBits = new BigUint64Array(values.buffer);
    return {
      encoding: chunkEncoding.xor,
      data: encodeXorChunk({ timestamps: Float64Array.from(this.times), valueBits }),
    };
  }
}

/**
 * Aggregates of rows [from, to) of raw floats, none of them NaN. The counter is free of resets; its first raw value stands
 * before the windows, its last behind them at the time of the last window, so that resets between chunks are seen.
 */
export function aggregateFloats(
  times: ArrayLike<number>,
  values: ArrayLike<number>,
  from: number,
  to: number,
  resolutionMs: number,
): AggregateChunk {
  const columns = {
    count: new Column(),
    sum: new Column(),
    min: new Column(),
    max: new Column(),
    counter: new Column(),
  };
  columns.counter.add(times[from]!, values[from]!);
  const counter = new CounterState();
  forEachWindow(times, from, to, resolutionMs, (end, first, next) => {
    let sum = 0;
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (let i = first; i < next; i++) {
      const value = values[i]!;
      counter.add(value);
      sum += value;
      if (value < min) min = value;
      if (value > max) max = value;
    }
    columns.count.add(end, next - first);
    columns.sum.add(end, sum);
    columns.min.add(end, min);
    columns.max.add(end, max);
    columns.counter.add(end, counter.total);
  });
  const ends = columns.count.times;
  columns.counter.add(ends.at(-1)!, values[to - 1]!);
  return chunkOf(columns);
}

/** A counter with its resets taken out. */
export class CounterState {
  total = 0;
  private last: number | undefined;

  add(value: number): void {
    if (this.last === undefined) this.total = value;
    else if (value < this.last) this.total += value;
    else this.total += value - this.last;
    this.last = value;
  }
}

function chunkOf(columns: Partial<Record<Aggregate, Column>>): AggregateChunk {
  const parts: AggregateParts = {};
  let minTime = Number.POSITIVE_INFINITY;
  let maxTime = Number.NEGATIVE_INFINITY;
  let windows = 0;
  for (const [name, column] of Object.entries(columns) as [Aggregate, Column][]) {
    if (column.times.length === 0) continue;
    parts[name] = column.encode();
    if (name === 'counter') continue;
    minTime = Math.min(minTime, column.times[0]!);
    maxTime = Math.max(maxTime, column.times.at(-1)!);
    windows = Math.max(windows, column.times.length);
  }
  return { parts, minTime, maxTime, windows };
}

/** Decoded aggregates of one chunk; the counter with its first and last raw values. */
export type AggregateColumns = Partial<
  Record<Aggregate, { readonly times: ArrayLike<number>; readonly values: ArrayLike<number> }>
>;

/** Aggregates of aggregates: counts and sums add up, the least of least and the most of most, counters go on over chunks. */
export function aggregateAggregates(
  chunks: readonly AggregateColumns[],
  resolutionMs: number,
): AggregateChunk {
  const columns: Partial<Record<Aggregate, Column>> = {};
  const fold = (name: Aggregate, start: number, combine: (a: number, b: number) => number) => {
    const { times, values } = ascending(chunks, name);
    const column = new Column();
    forEachWindow(times, 0, times.length, resolutionMs, (end, first, next) => {
      let folded = start;
      for (let i = first; i < next; i++) folded = combine(folded, values[i]!);
      column.add(end, folded);
    });
    columns[name] = column;
  };
  fold('count', 0, (a, b) => a + b);
  fold('sum', 0, (a, b) => a + b);
  fold('min', Number.POSITIVE_INFINITY, (a, b) => (b < a ? b : a));
  fold('max', Number.NEGATIVE_INFINITY, (a, b) => (b > a ? b : a));
  const counter = joinCounters(chunks.flatMap(({ counter: part }) => (part === undefined ? [] : [part])));
  if (counter.times.length > 0) {
    const column = new Column();
    column.add(counter.times[0]!, counter.values[0]!);
    const state = new CounterState();
    let last = counter.times[0]!;
    forEachWindow(counter.times, 0, counter.times.length, resolutionMs, (end, first, next) => {
      for (let i = first; i < next; i++) state.add(counter.values[i]!);
      column.add(end, state.total);
      last = end;
    });
    column.add(last, counter.lastRaw);
    columns.counter = column;
  }
  return chunkOf(columns);
}

function ascending(
  chunks: readonly AggregateColumns[],
  name: Aggregate,
): { times: number[]; values: number[] } {
  const joined: { times: number[]; values: number[] } = { times: [], values: [] };
  for (const { [name]: part } of chunks) {
    let last = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < (part?.times.length ?? 0); i++) {
      if (part!.times[i]! < last) continue;
      last = part!.times[i]!;
      joined.times.push(last);
      joined.values.push(part!.values[i]!);
    }
  }
  return joined;
}
