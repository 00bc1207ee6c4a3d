import { describe, expect, it } from 'vitest';
import type { BlockMeta } from '../format/block-meta.ts';
import { preferredResolutionMs, type SourceResolution, servingBlocks } from './resolution.ts';

const five = 300_000;
const hour = 3_600_000;

function meta(
  minTime: number,
  maxTime: number,
  resolution: number,
  labels: Record<string, string> = { c: 'a' },
): BlockMeta {
  return {
    ulid: `01${minTime}-${maxTime}-${resolution}`,
    minTime,
    maxTime,
    stats: {},
    compaction: { level: 1, sources: [] },
    version: 1,
    thanos: { labels, downsample: { resolution }, source: 'x' },
  };
}

describe('servingBlocks', () => {
  it.each<[string, BlockMeta[], [number, number, number][][]]>([
    ['none where raw covers', [meta(0, 100, 0), meta(0, 100, five)], []],
    ['one where nothing finer is', [meta(0, 100, five)], [[]]],
    ['one for what raw leaves', [meta(50, 100, 0), meta(0, 100, five)], [[[50, 100, 0]]]],
    ['the finer of two', [meta(0, 100, five), meta(0, 100, hour)], [[]]],
    [
      'the coarser for what the finer leaves',
      [meta(40, 100, five), meta(0, 100, hour)],
      [[], [[40, 100, 0]]],
    ],
    ['none outside of the asked time', [meta(0, 100, 0), meta(200, 300, five), meta(200, 300, 0)], []],
    ['one beside raw of other series', [meta(0, 100, 0, { c: 'b' }), meta(0, 100, five)], [[]]],
    ['none beside raw of its replicas', [meta(0, 100, 0, { c: 'a', replica: '0' }), meta(0, 100, five)], []],
  ])('takes %s', (_title, metas, covered) => {
    const found = servingBlocks(metas, 0, 99).filter(
      ({ meta: { thanos } }) => thanos!.downsample.resolution > 0,
    );
    expect(found.map((block) => block.covered.map(({ startMs, endMs }) => [startMs, endMs, 0]))).toEqual(
      covered,
    );
  });

  it.each<[string, number, BlockMeta[], string[]]>([
    ['the preferred one alone where it is all', five, [meta(0, 100, 0), meta(0, 100, five)], ['300000']],
    ['finer ones in its gaps', five, [meta(0, 100, 0), meta(0, 60, five)], ['0 without 0-60', '300000']],
    [
      'the coarser of the finer ones first',
      hour,
      [meta(0, 100, 0), meta(0, 60, five), meta(0, 30, hour)],
      ['0 without 0-60', '300000 without 0-30', '3600000'],
    ],
    [
      'coarser ones last',
      five,
      [meta(50, 60, 0), meta(0, 50, five), meta(0, 100, hour)],
      ['0', '300000', '3600000 without 0-60'],
    ],
    [
      'one block in place of the replicas that it was made of',
      five,
      [
        meta(0, 100, 0, { c: 'a', replica: '0' }),
        meta(0, 100, 0, { c: 'a', replica: '1' }),
        meta(0, 100, five),
      ],
      ['300000'],
    ],
    ['finer ones of other series', five, [meta(0, 100, 0, { c: 'b' }), meta(0, 100, five)], ['0', '300000']],
  ])('with a preferred resolution are %s', (_title, preferredMs, metas, expected) => {
    const shown = servingBlocks(metas, 0, 99, preferredMs).map(({ meta: { thanos }, covered }) => {
      const ranges = covered.map(({ startMs, endMs }) => ` without ${startMs}-${endMs}`);
      return `${thanos!.downsample.resolution}${ranges.join('')}`;
    });
    expect(shown).toEqual(expected);
  });
});

describe('preferredResolutionMs', () => {
  const [minute, day] = [60_000, 86_400_000];
  it.each<
    [string, SourceResolution | undefined, { func?: string; stepMs?: number; windowMs?: number }, number]
  >([
    ['raw where nothing is said', undefined, { stepMs: day, windowMs: five }, 0],
    ['raw where that is asked for', 0, { stepMs: day, windowMs: five }, 0],
    ['raw for small steps', 'auto', { stepMs: 20 * minute, windowMs: five }, 0],
    ['5 minutes for steps of 25', 'auto', { stepMs: 25 * minute, windowMs: five }, five],
    ['an hour for steps of 5', 'auto', { stepMs: 5 * hour, windowMs: five }, hour],
    ['raw for a single time', 'auto', { stepMs: 0, windowMs: day, func: 'rate' }, 0],
    ['raw for windows of fewer than two samples', 'auto', { stepMs: day, windowMs: five, func: 'rate' }, 0],
    ['what fits twice into the window', 'auto', { stepMs: day, windowMs: hour, func: 'rate' }, five],
    [
      'raw for what downsampled data do not know',
      'auto',
      { stepMs: day, windowMs: day, func: 'quantile_over_time' },
      0,
    ],
    ['as asked for even then', hour, { stepMs: day, windowMs: day, func: 'quantile_over_time' }, hour],
    [
      'as asked for where windows are long enough',
      hour,
      { stepMs: minute, windowMs: 2 * hour, func: 'rate' },
      hour,
    ],
    [
      'the coarsest below what is asked for',
      2 * five,
      { stepMs: minute, windowMs: hour, func: 'rate' },
      five,
    ],
    ['raw where the lookback would find nothing', hour, { stepMs: hour, windowMs: minute }, 0],
  ])('is %s', (_title, wish, hints, expected) => {
    expect(preferredResolutionMs(wish, hints)).toBe(expected);
  });
});
