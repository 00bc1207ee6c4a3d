import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dedupReplicas } from './dedup.ts';
import type { SampleColumns } from './sample-columns.ts';

const intervalMs = 15_000;

interface Outage {
  readonly from: number;
  readonly to: number;
}

/**
 * What a replica stored of one counter that only ever grows: a sample each interval, none while it was away. A sample bears the
 * time at which the scrape began, its value that of `latencyMs` later.
 */
function replica(
  offsetMs: number,
  latencyMs: number,
  outages: readonly Outage[],
  scrapes = 60,
): SampleColumns {
  const times = Array.from({ length: scrapes }, (_, i) => i)
    .filter((i) => !outages.some(({ from, to }) => i >= from && i < to))
    .map((i) => i * intervalMs + offsetMs);
  return {
    timestamps: Float64Array.from(times),
    values: Float64Array.from(times, (at) => Math.floor((at + latencyMs) / 10)),
  };
}

const columns = (points: readonly (readonly [number, number])[]): SampleColumns => ({
  timestamps: Float64Array.from(points, ([at]) => at),
  values: Float64Array.from(points, ([, value]) => value),
});

/**
 * How a penalty decides, as others deduplicate: the replica that is read stays until it has a gap, then the other takes over,
 * and one that was left must be ahead by twice the last interval. The values are those that were stored.
 */
function byPenalty(a: SampleColumns, b: SampleColumns): SampleColumns {
  const sides = [a, b].map(({ timestamps, values }) => ({ timestamps, values, at: 0, penaltyMs: 0 }));
  const points: [number, number][] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (;;) {
    for (const side of sides)
      while (side.at < side.timestamps.length && side.timestamps[side.at]! <= last + side.penaltyMs)
        side.at++;
    const next = sides.map(({ timestamps, at }) => timestamps[at] ?? Number.POSITIVE_INFINITY);
    if (!next.some(Number.isFinite)) return columns(points);
    const chosen = next[0]! <= next[1]! ? 0 : 1;
    const at = next[chosen]!;
    sides[1 - chosen]!.penaltyMs = points.length === 0 ? 5_000 : 2 * (at - last);
    sides[chosen]!.penaltyMs = 0;
    points.push([at, sides[chosen]!.values[sides[chosen]!.at]!]);
    last = at;
  }
}

function falls({ values }: SampleColumns): number {
  return values.reduce((count, value, i) => count + (i > 0 && value < values[i - 1]! ? 1 : 0), 0);
}

const inside = ({ timestamps }: SampleColumns, fromMs: number) =>
  [...timestamps].filter((at) => at >= fromMs + 4 * intervalMs);

describe('a counter of an HA pair', () => {
  // The target answers replica a slowly, b scrapes 7 s after it; each is away for a while.
  const a = replica(0, 10_000, [{ from: 20, to: 24 }]);
  const b = replica(7_000, 0, [{ from: 40, to: 43 }]);

  it('shows false resets where a penalty decides between replicas, other ones for each start of the query', () => {
    const found = new Set<number>();
    for (let first = 0; first < 30; first++) {
      const merged = byPenalty(cut(a, first), cut(b, first));
      merged.values.forEach((value, i) => {
        if (i > 0 && value < merged.values[i - 1]!) found.add(merged.timestamps[i]!);
      });
    }
    expect(found.size).toBeGreaterThan(20);
  });

  it('shows none here, and the same samples wherever the query begins', () => {
    const whole = dedupReplicas([a, b]);
    expect(falls(whole)).toBe(0);
    for (let first = 0; first < 50; first++) {
      const later = dedupReplicas([cut(a, first), cut(b, first)]);
      expect(falls(later), `from scrape ${first}`).toBe(0);
      expect(inside(later, first * intervalMs)).toEqual(inside(whole, first * intervalMs));
    }
  });

  it('never seems to fall while scrapes take less than a quarter of the interval, however replicas were away', () => {
    const outage = fc
      .tuple(fc.nat(59), fc.integer({ min: 1, max: 12 }))
      .map(([from, length]) => ({ from, to: from + length }));
    const outages = fc.array(outage, { maxLength: 4 });
    const latency = fc.integer({ min: 0, max: intervalMs / 4 });
    fc.assert(
      fc.property(
        outages,
        outages,
        latency,
        latency,
        fc.integer({ min: 1, max: intervalMs - 1 }),
        (awayA, awayB, latencyA, latencyB, offsetMs) => {
          const pair = [replica(0, latencyA, awayA), replica(offsetMs, latencyB, awayB)];
          expect(falls(dedupReplicas(pair))).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });
});

function cut(side: SampleColumns, firstScrape: number): SampleColumns {
  const found = side.timestamps.findIndex((at) => at >= firstScrape * intervalMs);
  const from = found < 0 ? side.timestamps.length : found;
  return { timestamps: side.timestamps.subarray(from), values: side.values.subarray(from) };
}
