import { describe, expect, it } from 'vitest';
import type { BlockMeta } from '../format/block-meta.ts';
import { coverableOf, coverageOfMetas } from './coverage.ts';
import type { TimeRange } from './time-ranges.ts';

/** Name, sources, from, to, resolution, labels, rewrites as `ab>R`. */
function block(
  ulid: string,
  sources: string,
  from: number,
  to: number,
  resolution: number,
  more: { labels?: Record<string, string>; rewrites?: string[] } = {},
): BlockMeta {
  return {
    ulid,
    minTime: from,
    maxTime: to,
    stats: {},
    version: 1,
    compaction: { level: 1, sources: sources.split('') },
    thanos: {
      labels: more.labels ?? {},
      downsample: { resolution },
      source: 'test',
      rewrites: (more.rewrites ?? []).map((text) => ({
        sources: text.split('>')[0]!.split(''),
        block: text.split('>')[1],
      })),
    },
  };
}

const range = (startMs: number, endMs: number): TimeRange => ({ startMs, endMs });

describe('a raw block is covered', () => {
  it.each<[string, TimeRange[], BlockMeta, BlockMeta[]]>([
    ['by none', [], block('a', 'a', 0, 10, 0), []],
    ['by one that descends from it', [range(0, 20)], block('a', 'a', 0, 10, 0), [block('M', 'ab', 0, 20, 5)]],
    ['not by one of another resolution', [], block('a', 'a', 0, 10, 0), [block('M', 'ab', 0, 20, 60)]],
    [
      'not by one of another replica',
      [],
      block('a', 'a', 0, 10, 0),
      [block('M', 'ab', 0, 20, 5, { labels: { replica: 'b' } })],
    ],
    [
      'not where it came late, and no coarser block knows it',
      [],
      block('x', 'x', 0, 10, 0),
      [block('M', 'ab', 0, 20, 5)],
    ],
    ['not in part', [], block('X', 'ax', 0, 10, 0), [block('M', 'ab', 0, 20, 5)]],
    [
      'by several together',
      [range(0, 20)],
      block('X', 'ab', 0, 20, 0),
      [block('M', 'a', 0, 10, 5), block('N', 'b', 10, 20, 5)],
    ],
    [
      'rewritten, by what its original was downsampled to',
      [range(0, 20)],
      block('R', 'R', 0, 10, 0, { rewrites: ['a>R'] }),
      [block('M', 'ab', 0, 20, 5)],
    ],
    [
      'by a rewritten one',
      [range(0, 20)],
      block('a', 'a', 0, 10, 0),
      [block('S', 'S', 0, 20, 5, { rewrites: ['ab>S'] })],
    ],
  ])('%s', (_name, expected, raw, coarser) => {
    expect(coverageOfMetas([raw, ...coarser]).of(coverableOf(raw), 5)).toEqual(expected);
  });
});
