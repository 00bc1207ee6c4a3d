import { describe, expect, it } from 'vitest';
import { traceLineage } from '../../format/block-lineage.ts';
import { type Plan, plan } from './plan.ts';
import { type BlockMarks, hashLineage, type PlannedBlock, planBlock } from './planned-block.ts';

const hour = 3_600_000;
const noMarks: BlockMarks = { deletion: false, noCompact: false, noDownsample: false };
const nowMs = 1_000 * 24 * hour;

/** A block in hours since an aligned origin: name, start, end; sources are letters. */
function block(
  name: string,
  from: number,
  to: number,
  options: Partial<PlannedBlock> & { from?: string; rewrites?: string[]; labels?: string } = {},
): PlannedBlock {
  const {
    from: sources = name,
    rewrites = [],
    labels = '[["cluster","a"]]',
    resolutionMs = 0,
    ...rest
  } = options;
  return {
    ulid: name,
    minTime: from * hour,
    maxTime: to * hour,
    resolutionMs,
    level: 1,
    group: `${resolutionMs}@[["cluster","a"]]`,
    labels,
    lineage: hashLineage(
      traceLineage(
        sources.split(''),
        rewrites.map((text) => ({ sources: text.split('>')[0]!.split(''), block: text.split('>')[1]! })),
      ),
    ),
    visibleMs: 0,
    failed: false,
    tombstoneShare: 0,
    folded: { erasures: [], stage: '', trimmed: false },
    marks: noMarks,
    ...rest,
  };
}

function lineageOfNumbers(sources: Float64Array): PlannedBlock['lineage'] {
  return { sources, roots: sources, all: sources };
}

function shown({ jobs, superseded }: Plan): string[] {
  return [
    ...jobs.map(({ kind, inputs, ...rest }) => {
      const names = inputs.map(({ ulid }) => ulid).join('+');
      return kind === 'compact' ? names : `${names}@${(rest as { resolutionMs: number }).resolutionMs}`;
    }),
    ...superseded.map(({ block: { ulid }, by }) => `${ulid}<${by.ulid}`).sort(),
  ];
}

const trimmed = { erasures: [], stage: '', trimmed: true };
const replica = (name: string) => `[["cluster","a"],["replica","${name}"]]`;
const two = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => block(String.fromCharCode(97 + i), from + i * 2, from + i * 2 + 2));

describe('plan', () => {
  it.each<[string, PlannedBlock[], string[]]>([
    ['nothing for no blocks', [], []],
    ['nothing for one block', two(1), []],
    ['nothing before a range is complete', two(4), []],
    ['a range once it is complete and something newer is there', two(5), ['a+b+c+d']],
    [
      'a range with gaps that time has left behind',
      [block('a', 0, 2), block('d', 6, 8), block('z', 8, 10)],
      ['a+d'],
    ],
    ['the newest block is left alone', [...two(3), block('d', 6, 8)], []],
    [
      'the smallest range first',
      [...two(4), block('x', 8, 16), block('y', 16, 24), block('z', 24, 26)],
      ['a+b+c+d'],
    ],
    [
      'the next range of what is compacted',
      [0, 1, 2, 3, 4, 5].map((i) => block(`${i}`, i * 8, i * 8 + 8)).concat(block('z', 48, 50)),
      ['0+1+2+3+4+5'],
    ],
    ['overlaps before ranges', [...two(5), block('o', 8, 10)], ['e+o']],
    [
      'overlaps of overlaps together',
      [block('a', 0, 3), block('b', 2, 5), block('c', 4, 6), block('z', 6, 8)],
      ['a+b+c'],
    ],
    ['the newest too where it overlaps', [block('a', 0, 2), block('b', 0, 2, { from: 'x' })], ['a+b']],
    [
      'replicas of one group',
      [block('a', 0, 2, { labels: replica('0') }), block('b', 0, 2, { labels: replica('1') })],
      ['a+b'],
    ],
    [
      'no overlap of aggregates',
      [block('a', 0, 3, { resolutionMs: 300_000 }), block('b', 2, 5, { resolutionMs: 300_000 })],
      [],
    ],
    [
      'no block that is marked no-compact',
      two(5).map((b) => (b.ulid === 'b' ? { ...b, marks: { ...noMarks, noCompact: true } } : b)),
      ['c+d'],
    ],
    [
      'no block that is marked for deletion',
      two(5).map((b) => (b.ulid === 'b' ? { ...b, marks: { ...noMarks, deletion: true } } : b)),
      ['a+c+d'],
    ],
    [
      'no block that is not yet whole',
      two(5).map((b) => (b.ulid === 'e' ? { ...b, visibleMs: nowMs + 1 } : b)),
      [],
    ],
    [
      'no range with a block whose compaction failed',
      two(5).map((b) => (b.ulid === 'b' ? { ...b, failed: true } : b)),
      [],
    ],
    [
      'what another descends from is superseded',
      [block('a', 0, 2), block('b', 2, 4), block('X', 0, 4, { from: 'ab' })],
      ['a<X', 'b<X'],
    ],
    [
      'of equals the older stays',
      [block('A', 0, 4, { from: 'ab' }), block('B', 0, 4, { from: 'ab' })],
      ['B<A'],
    ],
    [
      'partly shared sources are merged, not superseded',
      [block('P', 0, 6, { from: 'abc' }), block('Q', 2, 8, { from: 'bcd' }), block('z', 8, 10)],
      ['P+Q'],
    ],
    [
      'a rewrite supersedes its original though that is older',
      [block('A', 0, 2, { from: 'ab' }), block('R', 0, 2, { rewrites: ['ab>R'] })],
      ['A<R'],
    ],
    [
      'a rewrite supersedes what was rewritten before, and whatever turns up of the originals',
      [
        block('a', 0, 1),
        block('A', 0, 2, { from: 'ab' }),
        block('R', 0, 2, { rewrites: ['ab>R'] }),
        block('S', 0, 2, { rewrites: ['ab>R', 'R>S'] }),
      ],
      ['A<S', 'R<S', 'a<S'],
    ],
    [
      'what a rewrite was compacted to supersedes its originals',
      [
        block('a', 0, 2),
        block('X', 0, 4, { from: 'ad' }),
        block('Z', 0, 4, { from: 'dR', rewrites: ['a>R'] }),
      ],
      ['X<Z', 'a<Z'],
    ],
    [
      'of two rewrites of one block the older stays',
      [block('R', 0, 2, { rewrites: ['a>R'] }), block('S', 0, 2, { rewrites: ['a>S'] })],
      ['S<R'],
    ],
    [
      'a rewrite of what is downsampled already is not downsampled again',
      [
        block('R', 0, 48, { rewrites: ['ab>R'] }),
        block('m', 0, 48, { from: 'ab', resolutionMs: 300_000 }),
        block('z', 48, 50),
      ],
      [],
    ],
    [
      'a rewrite of aggregates covers what it was made of',
      [
        block('a', 0, 48, { from: 'ab' }),
        block('S', 0, 48, { rewrites: ['ab>S'], resolutionMs: 300_000 }),
        block('z', 48, 50),
      ],
      [],
    ],
    [
      'a marked block supersedes nothing',
      [block('a', 0, 2), block('X', 0, 4, { from: 'ab', marks: { ...noMarks, deletion: true } })],
      [],
    ],
    ['a long raw block is downsampled', [block('a', 0, 48), block('z', 48, 50)], ['a@300000']],
    ['a short one is not', [block('a', 0, 32), block('z', 48, 50)], []],
    ['not twice', [block('a', 0, 48), block('m', 0, 48, { from: 'a', resolutionMs: 300_000 })], []],
    [
      'where a source is missing, again',
      [block('X', 0, 48, { from: 'ab' }), block('m', 0, 24, { from: 'a', resolutionMs: 300_000 })],
      ['X@300000'],
    ],
    [
      'nothing of a trimmed block, though a source is missing',
      [
        block('X', 0, 48, { from: 'ab', folded: trimmed }),
        block('m', 0, 24, { from: 'a', resolutionMs: 300_000 }),
      ],
      [],
    ],
    [
      'a trimmed block is not joined to one that is yet to be downsampled',
      [
        ...[0, 1, 2, 3, 4, 5, 6].map((i) =>
          block(`${i}`, i * 48, i * 48 + 48, i === 2 ? { folded: trimmed } : {}),
        ),
        block('m', 0, 200, { from: '012345', resolutionMs: 300_000 }),
        block('z', 336, 338),
      ],
      ['6@300000'],
    ],
    [
      'but to those that are',
      [
        ...[0, 1, 2, 3, 4, 5, 6].map((i) =>
          block(`${i}`, i * 48, i * 48 + 48, i === 2 ? { folded: trimmed } : {}),
        ),
        block('m', 0, 200, { from: '0123456', resolutionMs: 300_000 }),
        block('z', 336, 338),
      ],
      ['0+1+2+3+4+5+6'],
    ],
    ['five minutes of ten days to one hour', [block('m', 0, 336, { resolutionMs: 300_000 })], ['m@3600000']],
    [
      'no block that is marked no-downsample',
      [block('a', 0, 48, { marks: { ...noMarks, noDownsample: true } })],
      [],
    ],
    [
      'many deletions in a large block',
      [block('a', 0, 48, { tombstoneShare: 0.1 }), block('z', 48, 50)],
      ['a'],
    ],
  ])('%s', (_title, blocks, expected) => {
    expect(shown(plan(blocks, { nowMs }))).toEqual(expected);
    expect(shown(plan([...blocks].reverse(), { nowMs }))).toEqual(expected);
  });

  it('plans a year of 600 replicas and 100,000 further blocks in little memory', { timeout: 120_000 }, () => {
    const blocks: PlannedBlock[] = [];
    let sources = 0;
    const ulid = (n: number) => n.toString(36).toUpperCase().padStart(26, '0');
    const add = (group: string, from: number, to: number, resolutionMs: number, count: number) =>
      blocks.push({
        ...block(ulid(blocks.length), from, to, { resolutionMs }),
        group: `${resolutionMs}@${group}`,
        lineage: lineageOfNumbers(Float64Array.from({ length: count }, () => ++sources)),
      });
    for (let cluster = 0; cluster < 600; cluster++) {
      const group = `[["cluster","${cluster}"]]`;
      for (let fortnight = 0; fortnight < 26; fortnight++)
        for (const resolutionMs of [0, 300_000, 3_600_000])
          add(group, fortnight * 336, (fortnight + 1) * 336, resolutionMs, 168);
    }
    for (let i = 0; i < 100_000; i++) {
      const at = 26 * 336 + Math.floor(i / 600) * 2;
      add(`[["cluster","${i % 600}"]]`, at, at + 2, 0, 1);
    }
    const { jobs } = plan(blocks, { nowMs });
    expect(blocks.length).toBe(146_800);
    expect(jobs.length).toBeGreaterThan(600);
  });
});

describe('planBlock', () => {
  const meta = (thanos: object, level = 1) => ({
    ulid: '01BX5ZZKBKACTAV9WEVGEMMVRZ',
    minTime: 0,
    maxTime: 10,
    stats: {},
    compaction: { level, sources: ['01BX5ZZKBKACTAV9WEVGEMMVRZ'] },
    version: 1 as const,
    thanos: {
      labels: { replica: '0', cluster: 'a' },
      downsample: { resolution: 0 },
      source: 'sidecar',
      ...thanos,
    },
  });
  const context = { replicaLabels: ['replica'], consistencyDelayMs: 1000, modifiedMs: 5000, marks: noMarks };

  it.each([
    ['waits after the stated time of upload', { upload_time: '1970-01-01T00:00:03Z' }, 4000],
    ["waits after the store's time where none is stated", {}, 6000],
    ['does not trust a clock that is ahead of the store', { upload_time: '2999-01-01T00:00:00Z' }, 6000],
    ['does not wait for what a compactor wrote', { source: 'compactor' }, Number.NEGATIVE_INFINITY],
  ])('%s', (_title, thanos, visibleMs) => {
    expect(planBlock(meta(thanos), context).visibleMs).toBe(visibleMs);
  });

  it('groups by resolution and labels without those of replicas', () => {
    expect(planBlock(meta({}), context)).toMatchObject({
      group: '0@[["cluster","a"]]',
      labels: '[["cluster","a"],["replica","0"]]',
    });
  });
});
