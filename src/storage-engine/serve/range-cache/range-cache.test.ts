import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../../base/limits.ts';
import { defaultEngineOptions, type QueryResult, queryRange } from '../../promql/exec/engine.ts';
import { Labels } from '../../promql/exec/labels.ts';
import type { SampleSource } from '../../promql/exec/sample-source.ts';
import { promqlFeatureFlags } from '../../promql/syntax/dialect.ts';
import { parseExpr } from '../../promql/syntax/parse.ts';
import { jsonQueryData } from '../json-text.ts';
import { stepReach } from './cached-window.ts';
import { RangeCache } from './range-cache.ts';

const minute = 60_000;
const hour = 60 * minute;

/** Series whose samples come as time goes on; blocks that appear later bring samples that were not there before. */
class World implements SampleSource {
  nowMs = 10 * hour;
  /** Hours in which a block has brought every second sample. */
  readonly blocks = new Set<number>();
  asked = 0;

  async select(_matchers: unknown, { startMs, endMs }: { startMs: number; endMs: number }) {
    this.asked++;
    const series = [];
    for (const i of [0, 1, 2]) {
      const times: number[] = [];
      for (let at = Math.ceil(startMs / minute) * minute; at <= Math.min(endMs, this.nowMs); at += minute) {
        const isLate = (at / minute) % 2 === 1;
        // Series 2 comes and goes.
        if (i === 2 && Math.floor(at / hour) % 3 === 0) continue;
        if (!isLate || this.blocks.has(Math.floor(at / hour))) times.push(at);
      }
      if (times.length === 0) continue;
      series.push({
        labels: Labels.from([
          ['__name__', 'm_total'],
          ['i', String(i)],
        ]),
        timestamps: Float64Array.from(times),
        values: Float64Array.from(times, (at) => (at / minute) * (i + 1) + ((at / hour) % 5)),
      });
    }
    return series;
  }

  stateOf = async (startMs: number, endMs: number) =>
    [...this.blocks]
      .filter((at) => at * hour <= endMs && (at + 1) * hour > startMs)
      .sort()
      .join();
}

const dialect = { features: promqlFeatureFlags };

const expressions = [
  'm_total',
  'sum(rate(m_total[5m]))',
  'max_over_time(m_total[30m])',
  'm_total offset 20m',
  'sum by (i) (m_total offset -15m)',
  'avg_over_time(rate(m_total[5m])[20m:3m])',
  'topk(1, m_total)',
  'm_total > 900',
  'count_over_time(m_total[10m]) or vector(1)',
  'm_total @ 36000',
  'm_total @ end()',
  'rate(m_total[5m]) * (time() - start())',
  'sum_over_time(m_total[1h]) / m_total offset 1h',
  'm_total / 0',
  'quantile_over_time(2, m_total[5m])',
  'm_total * step()',
  'sum_over_time(m_total[step() * 3])',
];

interface Asked {
  readonly query: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

async function ask(world: World, cache: RangeCache | undefined, { query, startMs, endMs, stepMs }: Asked) {
  const evaluate = (from: number, to: number): Promise<QueryResult> =>
    queryRange({ query, dialect, source: world, startMs: from, endMs: to, stepMs });
  const { lookbackDeltaMs } = defaultEngineOptions;
  const reach = stepReach(query, parseExpr(query, dialect).expr, lookbackDeltaMs, stepMs);
  const result =
    cache === undefined || reach === undefined
      ? await evaluate(startMs, endMs)
      : await cache.run({
          identity: ['default', query],
          startMs,
          endMs,
          stepMs,
          reach,
          evaluate,
          freshMs: world.nowMs - limits.rangeCacheFreshMs,
          monotonicMs: world.nowMs,
          stateOf: world.stateOf,
          isPartial: () => false,
        });
  const text = Buffer.concat([...jsonQueryData(result.value)]).toString();
  return [text, ...result.warnings, ...result.infos].join('\n');
}

describe('the cache of range queries', () => {
  it('answers as the evaluation does, whatever is asked in which order while samples and blocks come', async () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('ask' as const),
        query: fc.constantFrom(...expressions),
        start: fc.integer({ min: 0, max: 11 * 60 }),
        length: fc.integer({ min: 0, max: 300 }),
        stepMs: fc.constantFrom(minute, 2 * minute, 5 * minute, 37_000),
        shift: fc.constantFrom(0, 0, 0, 13_000),
      }),
      fc.record({ kind: fc.constant('time' as const), minutes: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ kind: fc.constant('block' as const), hour: fc.integer({ min: 0, max: 9 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 25 }), async (steps) => {
        const world = new World();
        const cache = new RangeCache(10_000_000);
        for (const each of steps) {
          if (each.kind === 'time') world.nowMs += each.minutes * minute;
          else if (each.kind === 'block') world.blocks.add(each.hour);
          else {
            const startMs = each.start * minute + each.shift;
            const asked = {
              query: each.query,
              stepMs: each.stepMs,
              startMs,
              endMs: startMs + each.length * minute,
            };
            expect(await ask(world, cache, asked)).toBe(await ask(world, undefined, asked));
          }
        }
      }),
      { numRuns: 150 },
    );
  }, 120_000);

  const asked = { query: 'm_total', startMs: 2 * hour, endMs: 6 * hour, stepMs: minute };

  it('evaluates only what is new of a range that moves on', async () => {
    const world = new World();
    const cache = new RangeCache(10_000_000);
    await ask(world, cache, asked);
    world.asked = 0;
    await ask(world, cache, asked);
    expect(world.asked).toBe(0);
    await ask(world, cache, {
      ...asked,
      startMs: asked.startMs + 10 * minute,
      endMs: asked.endMs + 10 * minute,
    });
    expect(world.asked).toBe(1);
    await ask(world, cache, { ...asked, startMs: asked.startMs - hour, endMs: asked.endMs + 10 * minute });
    expect(world.asked).toBe(2);
    await ask(world, cache, { ...asked, startMs: asked.startMs - hour, endMs: asked.endMs + 10 * minute });
    expect(world.asked).toBe(2);
  });

  it('keeps an answer with warnings for its own steps alone', async () => {
    const world = new World();
    const cache = new RangeCache(10_000_000);
    const told = { ...asked, query: 'quantile_over_time(2, m_total[5m])' };
    const first = await ask(world, cache, told);
    expect(first).toContain('PromQL warning');
    world.asked = 0;
    expect(await ask(world, cache, told)).toBe(first);
    expect(world.asked).toBe(0);
    await ask(world, cache, { ...told, endMs: told.endMs - minute });
    expect(world.asked).toBe(1);
  });

  it('goes where a block of its time comes, stays where one of another does, and ends in time', async () => {
    const world = new World();
    const cache = new RangeCache(10_000_000);
    await ask(world, cache, asked);
    world.asked = 0;
    world.blocks.add(8);
    await ask(world, cache, asked);
    expect(world.asked).toBe(0);
    world.blocks.add(1);
    await ask(world, cache, asked);
    expect(world.asked).toBe(1);
    world.nowMs += limits.rangeCacheAgeMs;
    await ask(world, cache, asked);
    expect(world.asked).toBe(2);
  });

  it('keeps nothing of a partial answer, and nothing that may still change', async () => {
    const world = new World();
    const cache = new RangeCache(10_000_000);
    const evaluate = (from: number, to: number) =>
      queryRange({ ...asked, source: world, startMs: from, endMs: to });
    const run = (over: object) =>
      cache.run({
        ...asked,
        identity: ['x'],
        reach: { beforeMs: 5 * minute, afterMs: 0 },
        evaluate,
        freshMs: world.nowMs,
        monotonicMs: 0,
        stateOf: world.stateOf,
        isPartial: () => false,
        ...over,
      });
    for (const over of [{ isPartial: () => true }, { stateOf: async () => undefined }, { freshMs: hour }]) {
      world.asked = 0;
      await run(over);
      await run({ ...over, isPartial: () => false, stateOf: world.stateOf, freshMs: hour });
      expect(world.asked).toBe(2);
    }
  });

  it('answers with a text what is asked the first time, and keeps it from the second time on', async () => {
    const world = new World();
    const cache = new RangeCache(10_000_000);
    const text = { parts: [Buffer.from('text')], series: 1, release: () => undefined };
    let texts = 0;
    const run = () =>
      cache.run({
        ...asked,
        identity: ['x'],
        reach: { beforeMs: 5 * minute, afterMs: 0 },
        evaluate: (from, to) => queryRange({ ...asked, source: world, startMs: from, endMs: to }),
        evaluateText: async () => {
          texts++;
          return { ...(await queryRange({ ...asked, source: world })), text };
        },
        freshMs: world.nowMs,
        monotonicMs: 0,
        stateOf: world.stateOf,
        isPartial: () => false,
      });
    expect((await run()).text).toBe(text);
    expect((await run()).text).toBeUndefined();
    expect([texts, world.asked]).toEqual([1, 2]);
    await run();
    expect(world.asked).toBe(2);
  });

  it('holds no more than its memory', async () => {
    const world = new World();
    const cache = new RangeCache(60_000);
    for (let i = 0; i < 50; i++)
      await ask(world, cache, { ...asked, startMs: asked.startMs + i, endMs: asked.endMs + i });
    world.asked = 0;
    await ask(world, cache, asked);
    expect(world.asked).toBe(1);
  });
});
