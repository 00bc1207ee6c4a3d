import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomBelow, seededRandom } from '../../base/random.ts';
import { setStale, staleTester } from '../promql/exec/sample-source.ts';
import { dedupMarginMs, dedupReplicas } from './dedup.ts';
import { mergeColumns, type SampleColumns, sliceColumns } from './sample-columns.ts';

const interval = 15_000;

interface ReplicaPlan {
  readonly offset: number;
  /** Scrapes [from, to) that this replica missed. */
  readonly missed: readonly (readonly [number, number])[];
}

/** What a replica stores of a counter that grows with time and resets at `resets`. */
function observe(
  plan: ReplicaPlan,
  scrapes: number,
  seed: number,
  resets: readonly number[] = [],
): SampleColumns {
  const random = seededRandom(seed);
  const timestamps: number[] = [];
  const values: number[] = [];
  for (let k = 0; k < scrapes; k++) {
    if (plan.missed.some(([from, to]) => k >= from && k < to)) continue;
    const at = k * interval + plan.offset + randomBelow(random, 40) - 20;
    const reset = Math.max(0, ...resets.filter((time) => time <= at));
    timestamps.push(at);
    values.push(at - reset);
  }
  return { timestamps: Float64Array.from(timestamps), values: Float64Array.from(values) };
}

const plan = fc.record({
  offset: fc.integer({ min: 0, max: interval - 1 }),
  missed: fc.array(
    fc
      .tuple(fc.nat(200), fc.integer({ min: 1, max: 40 }))
      .map(([from, length]) => [from, from + length] as const),
    { maxLength: 4 },
  ),
});
const pairs = ({ timestamps, values }: SampleColumns) => [...timestamps].map((at, i) => [at, values[i]]);

describe('dedupReplicas', () => {
  it('emits stored samples only, ascending, and all of a single replica', () => {
    fc.assert(
      fc.property(fc.array(plan, { minLength: 1, maxLength: 3 }), (plans) => {
        const replicas = plans.map((each, i) => observe(each, 200, i));
        const found = pairs(dedupReplicas(replicas));
        const stored = new Set(replicas.flatMap((replica) => pairs(replica).map(String)));
        for (const sample of found) expect(stored.has(String(sample))).toBe(true);
        for (let i = 1; i < found.length; i++) expect(found[i]![0]!).toBeGreaterThan(found[i - 1]![0]!);
        expect(pairs(dedupReplicas([replicas[0]!]))).toEqual(pairs(replicas[0]!));
        expect(pairs(dedupReplicas([replicas[0]!, replicas[0]!]))).toEqual(pairs(replicas[0]!));
      }),
    );
  });

  it('never makes a counter fall where the counter itself did not reset', () => {
    fc.assert(
      fc.property(
        fc.array(plan, { minLength: 2, maxLength: 3 }),
        fc.array(fc.nat(200 * interval), { maxLength: 2 }),
        (plans, resets) => {
          const { timestamps, values } = dedupReplicas(plans.map((each, i) => observe(each, 200, i, resets)));
          for (let i = 1; i < values.length; i++) {
            if (values[i]! >= values[i - 1]!) continue;
            expect(resets.some((reset) => reset > timestamps[i - 1]! && reset <= timestamps[i]!)).toBe(true);
          }
        },
      ),
    );
  });

  it('leaves no gap of more than two intervals and a bit while any replica scrapes', () => {
    fc.assert(
      fc.property(plan, plan, (a, b) => {
        const complete = { ...b, missed: [] };
        const { timestamps } = dedupReplicas([observe(a, 200, 1), observe(complete, 200, 2)]);
        for (let i = 1; i < timestamps.length; i++)
          expect(timestamps[i]! - timestamps[i - 1]!).toBeLessThan(2.4 * interval);
      }),
    );
  });

  it('does not depend on where the asked time was cut', () => {
    fc.assert(
      fc.property(
        fc.array(plan, { minLength: 2, maxLength: 3 }),
        fc.nat(200 * interval),
        fc.nat(100 * interval),
        (plans, start, length) => {
          const replicas = plans.map((each, i) => observe(each, 200, i));
          const margin = dedupMarginMs(replicas.length);
          const whole = sliceColumns(dedupReplicas(replicas), start, start + length);
          const cut = replicas.map((replica) =>
            sliceColumns(replica, start - margin, start + length + margin),
          );
          expect(pairs(sliceColumns(dedupReplicas(cut), start, start + length))).toEqual(pairs(whole));
        },
      ),
    );
  });

  it('leaves out a stale marker of one replica while another still sees the series, and keeps one that both have', () => {
    const a = observe({ offset: 0, missed: [[50, 100]] }, 100, 1);
    const marked = mergeColumns([a, stale(50 * interval)]);
    const b = observe({ offset: 7000, missed: [] }, 100, 2);
    const found = dedupReplicas([marked, b]);
    expect(staleAt(found)).toEqual([]);
    expect(found.timestamps.at(-1)).toBeGreaterThan(98 * interval);
    const bothEnd = observe({ offset: 7000, missed: [[50, 100]] }, 100, 2);
    expect(staleAt(dedupReplicas([marked, mergeColumns([bothEnd, stale(50 * interval + 7000)])]))[0]).toBe(
      50 * interval,
    );
  });
});

function stale(timestamp: number): SampleColumns {
  const values = new Float64Array(1);
  setStale(values, 0);
  return { timestamps: Float64Array.of(timestamp), values };
}

function staleAt({ timestamps, values }: SampleColumns): number[] {
  const isStale = staleTester(values);
  return [...timestamps].filter((_, i) => isStale(i));
}

describe('mergeColumns', () => {
  it('does not depend on the order of its parts and gives each timestamp once', () => {
    const part = fc.uniqueArray(fc.nat(50), { maxLength: 20 }).chain((times) =>
      fc.array(fc.double(), { minLength: times.length, maxLength: times.length }).map((values) => ({
        timestamps: Float64Array.from(times).sort(),
        values: Float64Array.from(values),
      })),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
        const merged = mergeColumns(parts);
        expect(pairs(mergeColumns([...parts].reverse()))).toEqual(pairs(merged));
        expect([...merged.timestamps]).toEqual(
          [...new Set(parts.flatMap((each) => [...each.timestamps]))].sort((x, y) => x - y),
        );
      }),
    );
  });
});
