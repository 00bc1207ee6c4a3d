import { describe, expect, it } from 'vitest';
import type { BlockMeta } from '../format/block-meta.ts';
import { coarseBlocks } from './resolution.ts';

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

describe('coarseBlocks', () => {
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
    ['none outside of the asked time', [meta(200, 300, five)], []],
    ['one beside raw of other series', [meta(0, 100, 0, { c: 'b' }), meta(0, 100, five)], [[]]],
    ['none beside raw of its replicas', [meta(0, 100, 0, { c: 'a', replica: '0' }), meta(0, 100, five)], []],
  ])('takes %s', (_title, metas, covered) => {
    const found = coarseBlocks(metas, 0, 99);
    expect(found.map((block) => block.covered.map(({ startMs, endMs }) => [startMs, endMs, 0]))).toEqual(
      covered,
    );
  });
});
