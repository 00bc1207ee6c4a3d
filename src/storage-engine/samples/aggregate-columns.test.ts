import { describe, expect, it } from 'vitest';
import type { AggregateParts } from '../format/aggregate-chunk.ts';
import { encodeXorChunk } from '../format/chunk-xor.ts';
import { aggregateColumns, isNearlyExact } from './aggregate-columns.ts';

const minute = 60_000;

function part(pairs: readonly (readonly [number, number])[]) {
  const values = Float64Array.from(pairs, ([, value]) => value);
  return {
    encoding: 1,
    data: encodeXorChunk({
      timestamps: Float64Array.from(pairs, ([time]) => time),
      valueBits: new BigUint64Array(values.buffer),
    }),
  };
}

/** Two chunks of two windows of five minutes each; the counter is reset between them. */
const chunks: AggregateParts[] = [
  {
    count: part([
      [5, 2],
      [10, 4],
    ]),
    sum: part([
      [5, 6],
      [10, 8],
    ]),
    min: part([
      [5, 1],
      [10, 0],
    ]),
    max: part([
      [5, 5],
      [10, 9],
    ]),
    counter: part([
      [1, 10],
      [5, 14],
      [10, 20],
      [10, 20],
    ]),
  },
  {
    count: part([[15, 1]]),
    sum: part([[15, 7]]),
    min: part([[15, 7]]),
    max: part([[15, 7]]),
    counter: part([
      [11, 3],
      [15, 7],
      [15, 7],
    ]),
  },
];

describe('aggregateColumns', () => {
  it.each<[string | undefined, [number, number][]]>([
    [
      undefined,
      [
        [5, 3],
        [10, 2],
        [15, 7],
      ],
    ],
    [
      'avg_over_time',
      [
        [5, 3],
        [10, 2],
        [15, 7],
      ],
    ],
    [
      'min_over_time',
      [
        [5, 1],
        [10, 0],
        [15, 7],
      ],
    ],
    [
      'max_over_time',
      [
        [5, 5],
        [10, 9],
        [15, 7],
      ],
    ],
    [
      'sum_over_time',
      [
        [5, 6],
        [10, 8],
        [15, 7],
      ],
    ],
    [
      'count_over_time',
      [
        [5, 2],
        [10, 4],
        [15, 1],
      ],
    ],
    [
      'rate',
      [
        [1, 10],
        [5, 14],
        [10, 20],
        [11, 23],
        [15, 27],
      ],
    ],
  ])('answers %s by its aggregate', (func, expected) => {
    const { timestamps, values } = aggregateColumns(chunks, func);
    expect([...timestamps].map((time, i) => [time, values[i]])).toEqual(expected);
  });

  it('shows the mean of an hour throughout it to an instant selector, and once to a function', () => {
    const hourly = [
      {
        count: part([
          [60 * minute - 1, 2],
          [120 * minute - 1, 2],
        ]),
        sum: part([
          [60 * minute - 1, 4],
          [120 * minute - 1, 8],
        ]),
      },
    ];
    const { timestamps, values } = aggregateColumns(hourly, undefined);
    expect(timestamps).toHaveLength(24);
    for (let i = 1; i < timestamps.length; i++) expect(timestamps[i]! - timestamps[i - 1]!).toBe(5 * minute);
    expect([values[0], values[11], values[12], values[23]]).toEqual([2, 2, 4, 4]);
    expect(aggregateColumns(hourly, 'stddev_over_time').timestamps).toHaveLength(2);
  });

  it('knows which functions it answers but for the edges', () => {
    expect(['rate', 'sum_over_time', 'quantile_over_time', undefined].map(isNearlyExact)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
