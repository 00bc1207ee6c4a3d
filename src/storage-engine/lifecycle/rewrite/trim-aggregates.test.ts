import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aggregates, decodeAggregateChunk, encodeAggregateChunk } from '../../format/aggregate-chunk.ts';
import { aggregateFloats } from '../downsample/float-aggregates.ts';
import { decodeRaw } from './decoded-chunk.ts';
import { firstLeft, trimChunk } from './trim-aggregates.ts';

const minute = 60_000;
const five = 5 * minute;

function columnsOf(data: Uint8Array) {
  const parts = decodeAggregateChunk(data);
  return Object.fromEntries(
    aggregates.map((name) => {
      const part = parts[name];
      if (part === undefined) return [name, []];
      const { timestamps, bits } = decodeRaw(part.encoding, part.data);
      const values = new Float64Array(bits.buffer, bits.byteOffset, bits.length);
      return [name, Array.from(timestamps, (time, i) => [time, values[i]!] as const)];
    }),
  ) as Record<(typeof aggregates)[number], (readonly [number, number])[]>;
}

describe('aggregates that are cut at the beginning', () => {
  it('are those of the windows that are left, and counters grow by as much in each of these', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 0, max: 50 })), {
          minLength: 1,
          maxLength: 80,
        }),
        fc.integer({ min: 0, max: 100 }),
        (steps, windows) => {
          let time = 0;
          const times = steps.map(([seconds]) => (time += seconds * 1000));
          const values = steps.map(([, value]) => value);
          const whole = aggregateFloats(times, values, 0, times.length, five);
          const from = windows * five;
          const trimmed = trimChunk(encodeAggregateChunk(whole.parts), from);
          const first = times.findIndex((each) => each >= from);
          if (first < 0) {
            expect(trimmed).toBeUndefined();
            return;
          }
          const left = columnsOf(aggregateFloatsFrom(times, values, first));
          const found = columnsOf(trimmed!.data);
          for (const name of ['count', 'sum', 'min', 'max'] as const) expect(found[name]).toEqual(left[name]);
          expect([trimmed!.minTime, trimmed!.maxTime]).toEqual([left.count[0]![0], left.count.at(-1)![0]]);
          const growth = (counter: (readonly [number, number])[]) =>
            counter.slice(0, -1).map(([at, value], i, all) => [at, value - all[Math.max(0, i - 1)]![1]]);
          // The first window begins with itself instead of with the raw value before it.
          const known = new Set(found.counter.slice(1).map(([at]) => at));
          const of = (counter: (readonly [number, number])[]) =>
            growth(counter)
              .filter(([at]) => known.has(at!))
              .slice(1);
          expect(of(found.counter)).toEqual(of(columnsOf(encodeAggregateChunk(whole.parts)).counter));
          expect(found.counter.at(-1)).toEqual(columnsOf(encodeAggregateChunk(whole.parts)).counter.at(-1));
        },
      ),
    );
  });

  function aggregateFloatsFrom(times: number[], values: number[], first: number): Uint8Array {
    return encodeAggregateChunk(aggregateFloats(times, values, first, times.length, five).parts);
  }

  it.each<[string, Parameters<typeof firstLeft>, number]>([
    ['nothing where nothing goes', [[], 0, 10], 10],
    ['what goes of all owners', [[{ owner: -1, minTime: 0, maxTime: 19 }], 3, 10], 20],
    ['not what goes of another', [[{ owner: 1, minTime: 0, maxTime: 19 }], 3, 10], 10],
    ['not what goes later', [[{ owner: 3, minTime: 11, maxTime: 19 }], 3, 10], 10],
    [
      'what several remove one after the other',
      [
        [
          { owner: 3, minTime: 20, maxTime: 29 },
          { owner: 3, minTime: 0, maxTime: 19 },
        ],
        3,
        10,
      ],
      30,
    ],
  ])('begin after %s', (_name, given, expected) => {
    expect(firstLeft(...given)).toBe(expected);
  });
});
