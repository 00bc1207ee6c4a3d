import { type Random, randomBelow, seededRandom } from '../../../src/base/random.ts';
import type { WrittenHistogram, WrittenSeries, WrittenValue } from './remote-write.ts';

/** First second of the data, and how long they are. */
export const dataStart = 1_700_000_000;
export const dataSeconds = 4 * 3600;
/** Where a sample can be: scrapes every 15 s, with jitter that depends on the series. */
const intervalSeconds = 15;

type Step = (at: number) => WrittenValue | undefined;

interface Shape {
  readonly labels: Record<string, string>;
  readonly step: Step;
}

/** Series of every kind that evaluation treats apart, sorted by labels as a block sorts them. */
export function makeDataSet(seed: number): WrittenSeries[] {
  const random = seededRandom(seed);
  const shapes = [
    ...counters(random),
    ...gauges(random),
    ...classicHistograms(random),
    ...nativeHistograms(random),
    ...infos(),
  ];
  const series = shapes.map(({ labels, step }) => {
    const jitterMs = randomBelow(random, 3000);
    const samples: { timestampMs: number; value: WrittenValue }[] = [];
    for (let at = 0; at < dataSeconds; at += intervalSeconds) {
      const value = step(at);
      if (value === undefined) continue;
      samples.push({ timestampMs: (dataStart + at) * 1000 + jitterMs, value });
    }
    return { labels, samples };
  });
  const key = (labels: Readonly<Record<string, string>>) =>
    Object.entries(labels)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flat()
      .join('\u0000');
  return series.sort((a, b) => (key(a.labels) < key(b.labels) ? -1 : 1));
}

function counters(random: Random): Shape[] {
  return Array.from({ length: 18 }, (_, i) => {
    let total = randomBelow(random, 1000);
    return {
      labels: {
        __name__: i < 12 ? 'requests_total' : 'errors_total',
        job: `job${i % 3}`,
        instance: `i${i % 6}`,
        code: i % 2 === 0 ? '200' : '500',
      },
      step: (at) => {
        total = random.next() < 0.01 ? 0 : total + randomBelow(random, 12);
        if (i % 5 === 4 && at % 3600 > 2400) return at % 3600 < 2416 ? 'stale' : undefined;
        return random.next() < 0.04 && at > 0 ? undefined : total;
      },
    };
  });
}

const odd: readonly WrittenValue[] = [
  Number.NaN,
  Infinity,
  -Infinity,
  1e16,
  -1e16,
  0.1,
  -0,
  5e-324,
  1.7976931348623157e308,
  'stale',
];

function gauges(random: Random): Shape[] {
  const plain = Array.from(
    { length: 10 },
    (_, i): Shape => ({
      labels: { __name__: 'queue', job: `job${i % 3}`, instance: `i${i % 6}`, 'text.é': `<a&b>"${i}` },
      step: (at) => {
        if (i % 4 === 3 && at % 1800 > 600 && at % 1800 < 1200) return undefined;
        if (i % 5 === 0 && random.next() < 0.1) return odd[randomBelow(random, odd.length)];
        return Math.round(random.next() * 1e6) / 997 - 300;
      },
    }),
  );
  const sums = ['1e16', '-1e16', '0.1', '3'].map(
    (value, i): Shape => ({
      labels: { __name__: 'sums', job: `job${i % 2}`, instance: `i${i}` },
      step: () => (random.next() < 0.2 ? undefined : Number(value) * (1 + randomBelow(random, 3))),
    }),
  );
  const small = Array.from(
    { length: 4 },
    (_, i): Shape => ({
      labels: { __name__: 'level', job: `job${i % 3}`, instance: `i${i}` },
      step: () => randomBelow(random, 4) - 1,
    }),
  );
  return [...plain, ...sums, ...small];
}

function classicHistograms(random: Random): Shape[] {
  const bounds = ['0.1', '0.5', '1', '5', '+Inf'];
  return ['job0', 'job1'].flatMap((job) => {
    const totals = bounds.map(() => 0);
    let seen = -1;
    return bounds.map(
      (le, i): Shape => ({
        labels: { __name__: 'latency_bucket', job, le },
        step: (at) => {
          if (at !== seen) {
            const first = randomBelow(random, bounds.length);
            for (let bucket = first; bucket < bounds.length; bucket++)
              totals[bucket]! += randomBelow(random, 4) + 1;
            seen = at;
          }
          // One of them is not monotonic now and then.
          return job === 'job1' && i === 2 && at % 600 === 0 ? totals[i]! + 50 : totals[i];
        },
      }),
    );
  });
}

function nativeHistograms(random: Random): Shape[] {
  const shape = (name: string, instance: number, step: Step): Shape => ({
    labels: { __name__: name, job: `job${instance % 3}`, instance: `i${instance}` },
    step,
  });
  const growing = (schemas: readonly number[], options: { float?: boolean; custom?: boolean }): Step => {
    let positive: number[] = [0, 0, 0, 0];
    let negative: number[] = [0, 0];
    let zero = 0;
    let sum = 0;
    return (at) => {
      if (at % 3600 > 3300) return at % 3600 < 3316 ? 'stale' : undefined;
      if (random.next() < 0.01) {
        positive = positive.map(() => 0);
        negative = negative.map(() => 0);
        zero = 0;
        sum = 0;
      }
      positive = positive.map((count) => count + randomBelow(random, 5));
      if (options.custom !== true) {
        negative = negative.map((count) => count + randomBelow(random, 2));
        zero += randomBelow(random, 2);
      }
      sum += random.next() * 40 - 5;
      const total = [...positive, ...negative].reduce((a, b) => a + b, zero);
      return {
        schema: options.custom === true ? -53 : schemas[Math.floor(at / 3600) % schemas.length]!,
        float: options.float === true,
        gauge: false,
        count: total,
        sum,
        zeroThreshold: options.custom === true ? 0 : 0.001,
        zeroCount: zero,
        positive: { first: options.custom === true ? 0 : -1, counts: positive },
        negative: { first: 0, counts: options.custom === true ? [] : negative },
        customValues: options.custom === true ? [0.5, 1, 10] : [],
      };
    };
  };
  const gauge: Step = () => {
    const counts = Array.from({ length: 3 }, () => randomBelow(random, 20) / 2);
    return {
      schema: 1,
      float: true,
      gauge: true,
      count: counts.reduce((a, b) => a + b, 0),
      sum: random.next() * 30,
      zeroThreshold: 0,
      zeroCount: 0,
      positive: { first: 2, counts },
      negative: { first: 0, counts: [] },
      customValues: [],
    } satisfies WrittenHistogram;
  };
  const mixed = growing([2], {});
  return [
    ...[0, 1, 2, 3].map((i) => shape('native', i, growing(i === 3 ? [3, 1] : [0], { float: i === 2 }))),
    ...[0, 1].map((i) => shape('native_custom', i, growing([], { custom: true }))),
    ...[0, 1].map((i) => shape('native_gauge', i, gauge)),
    ...[0, 1].map((i) =>
      shape('mixed', i, (at) => (i === 1 || at % 1200 < 600 ? mixed(at) : randomBelow(random, 9))),
    ),
  ];
}

function infos(): Shape[] {
  return Array.from({ length: 6 }, (_, i) => ({
    labels: { __name__: 'target_info', job: `job${i % 3}`, instance: `i${i}`, version: `v${i % 2}` },
    step: () => 1,
  }));
}
