import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Labels } from '../promql/exec/labels.ts';
import { liveHints, mayHaveMoved } from './coverage.ts';
import { FederatedSource } from './federation.ts';
import type { SeriesHolder } from './source.ts';

const hour = 3_600_000;
const block = (from: number, to: number) => ({ minTimeMs: from * hour, maxTimeMs: to * hour });
const hints = (from: number, to: number) => ({ startMs: from * hour, endMs: to * hour });
const refuses = { outOfOrderMs: 0, nowMs: 100 * hour };

describe('what is read from a live server beside its own blocks', () => {
  it.each([
    ['no blocks', [], hints(90, 100), hints(90, 100)],
    ['blocks up to two hours ago', [block(80, 96), block(96, 98)], hints(90, 100), hints(98, 100)],
    ['blocks with a gap', [block(80, 92), block(94, 98)], hints(90, 100), hints(92, 100)],
    ['blocks that begin later', [block(92, 98)], hints(90, 100), hints(90, 100)],
    ['blocks over all of it', [block(80, 90), block(88, 98)], hints(82, 96), undefined],
    ['a block that ends where the selection does', [block(80, 96)], hints(82, 96), hints(96, 96)],
  ])('%s', (_, blocks, asked, read) => {
    expect(liveHints(asked, blocks, refuses)).toEqual(read);
  });

  it('is its whole window of late samples and some hours before', () => {
    const takes = { outOfOrderMs: 2 * hour, nowMs: 100 * hour };
    const blocks = [block(0, 98)];
    expect(liveHints(hints(50, 100), blocks, takes)).toEqual(hints(92, 100));
    expect(liveHints(hints(95, 97), blocks, takes)).toEqual(hints(95, 97));
    expect(liveHints(hints(50, 60), blocks, takes)).toBeUndefined();
  });

  it('is followed by a new list of blocks where it was old enough to move meanwhile', () => {
    expect(mayHaveMoved(hints(98, 100), [block(80, 98)], 100 * hour)).toBe(false);
    expect(mayHaveMoved(hints(92, 100), [block(80, 92)], 100 * hour)).toBe(true);
    expect(mayHaveMoved(hints(92, 100), [], 100 * hour)).toBe(false);
    expect(mayHaveMoved(undefined, [block(80, 98)], 100 * hour)).toBe(false);
  });
});

const minute = 60_000;
const nowMs = 48 * hour;
const external = Labels.from([['replica', 'a']]);
const labels = Labels.from([
  ['__name__', 'm'],
  ['replica', 'a'],
]);

/** A server with samples each minute, which ships blocks of two hours and may delete what it shipped. */
function shippingWorld(options: {
  readonly shippedMs: number;
  readonly keptMs: number;
  readonly lateMs: number;
}) {
  let { shippedMs, keptMs } = options;
  let listedMs = shippedMs;
  const asked: { startMs: number; endMs: number }[] = [];
  const samples = (from: number, to: number) => {
    const first = Math.ceil(from / minute);
    const timestamps = Float64Array.from(
      { length: Math.max(0, Math.floor(to / minute) - first + 1) },
      (_, i) => (first + i) * minute,
    );
    return [{ labels, columns: { timestamps, values: timestamps.map((at) => at % 977) } }];
  };
  const rest = {
    labelNames: async () => new Set<string>(),
    labelValues: async () => new Set<string>(),
    series: async () => [],
    close: async () => undefined,
  };
  const bucket: SeriesHolder = {
    ...rest,
    name: 'bucket',
    select: async (_, { startMs, endMs }) => samples(startMs, Math.min(endMs, listedMs - 1)),
    blockTimes: async () => [{ minTimeMs: 0, maxTimeMs: listedMs }],
    listAgain: async () => {
      listedMs = shippedMs;
    },
  };
  const live: SeriesHolder = {
    ...rest,
    name: 'live',
    shipping: async () => ({ external, outOfOrderMs: options.lateMs }),
    async select(_, { startMs, endMs }) {
      asked.push({ startMs, endMs });
      return samples(Math.max(startMs, keptMs), endMs);
    },
    fromServer: async () => ({ data: [], external }),
  };
  /** While the query runs: the server ships all but three hours and deletes what it shipped. */
  const move = () => {
    shippedMs = nowMs - 3 * hour;
    keptMs = shippedMs;
  };
  return { bucket, live, asked, move };
}

describe('samples of a server and of its blocks', () => {
  it('come out once each, whatever was shipped, deleted and moved in mid-query', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 23 }),
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 0, max: 47 }),
        fc.integer({ min: 0, max: 47 }),
        fc.constantFrom(0, hour),
        fc.boolean(),
        async (shipped, kept, from, length, lateMs, moves) => {
          const shippedMs = shipped * 2 * hour;
          const world = shippingWorld({ shippedMs, keptMs: Math.min(kept * 2 * hour, shippedMs), lateMs });
          const first = world.live.select.bind(world.live);
          if (moves)
            world.live.select = async (...args) => {
              world.move();
              return first(...args);
            };
          const partial: string[] = [];
          const source = new FederatedSource(
            { holders: [world.bucket, world.live], replicaLabels: [], nowMs: () => nowMs },
            { signal: new AbortController().signal, timeoutMs: 1000, partial: (text) => partial.push(text) },
          );
          const asked = { startMs: from * hour, endMs: Math.min(nowMs, (from + length) * hour) };
          const [series] = await source.select([], asked);
          const times = [...(series?.timestamps ?? [])];
          const expected = Array.from(
            { length: (asked.endMs - asked.startMs) / minute + 1 },
            (_, i) => asked.startMs + i * minute,
          );
          expect(times).toEqual(expected);
          expect(partial).toEqual([]);
          for (const { startMs } of world.asked)
            if (lateMs === 0) expect(startMs).toBeGreaterThanOrEqual(Math.min(shippedMs, asked.endMs));
        },
      ),
      { numRuns: 300 },
    );
  });
});

it('a server without external labels is read for all of the time: blocks without labels may be of another', async () => {
  const world = shippingWorld({ shippedMs: 40 * hour, keptMs: 0, lateMs: 0 });
  world.live.shipping = async () => ({ external: Labels.empty, outOfOrderMs: 0 });
  const scope = { signal: new AbortController().signal, timeoutMs: 1000, partial: () => undefined };
  const source = new FederatedSource(
    { holders: [world.bucket, world.live], replicaLabels: [], nowMs: () => nowMs },
    scope,
  );
  await source.select([], hints(10, 20));
  expect(world.asked).toEqual([hints(10, 20)]);
});
