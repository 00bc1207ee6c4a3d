import { describe, expect, it } from 'vitest';
import type { BlockMeta } from '../format/block-meta.ts';
import type { Erasure } from '../format/retention-document.ts';
import { type ErasableBlock, erasureProgress, foldedInto, withFolded } from './erasure-state.ts';

const erasure: Erasure = {
  id: 'e',
  matchers: [{ name: 'user', op: '=', value: '7' }],
  untilMs: 1000,
  requestedAtMs: 1000,
  reason: 'r',
  policy: 'a/p',
};

function meta(ulid: string, minTime: number, extensions?: unknown): BlockMeta {
  return {
    ulid,
    minTime,
    maxTime: minTime + 100,
    stats: {},
    version: 1,
    compaction: { level: 1, sources: [ulid] },
    thanos: {
      labels: {},
      downsample: { resolution: 0 },
      source: 'test',
      ...(extensions === undefined ? {} : { extensions }),
    },
  };
}

const block = (parts: Partial<ErasableBlock> & Pick<ErasableBlock, 'meta'>): ErasableBlock => ({
  marked: false,
  lacks: new Set(),
  ...parts,
});
const server = (name: string, ...deleted: string[]) => ({ name, deleted: new Set(deleted) });
const done = { promfleet: { block: 'A', erasures: ['e'] } };

describe('an erasure', () => {
  const hiddenFromMs = () => 50;
  it.each<[string, string, number, ErasableBlock[], ReturnType<typeof server>[]]>([
    ['Pending', 'readers may not know it', 49, [], []],
    ['Hidden', 'a block in use holds it', 50, [block({ meta: meta('A', 0) })], [server('p-0', 'e')]],
    ['Hidden', 'a server holds it', 50, [], [server('p-0', 'e'), server('p-1', 'other')]],
    [
      'Rewritten',
      'only a block that waits for its deletion holds it',
      50,
      [block({ meta: meta('A', 0), marked: true })],
      [server('p-0', 'e')],
    ],
    [
      'Purged',
      'no block holds it: rewritten, without such series, or younger',
      50,
      [
        block({ meta: meta('A', 0, done) }),
        block({ meta: meta('B', 0), lacks: new Set(['e']) }),
        block({ meta: meta('C', 1000) }),
      ],
      [server('p-0', 'e')],
    ],
  ])('is %s where %s', (state, _name, nowMs, blocks, servers) => {
    expect(erasureProgress([erasure], { blocks, servers, hiddenFromMs }, nowMs)[0]!.state).toBe(state);
  });

  it('names what is left', () => {
    const blocks = [block({ meta: meta('A', 0) }), block({ meta: meta('B', 0), marked: true })];
    expect(erasureProgress([erasure], { blocks, servers: [server('p-1')], hiddenFromMs }, 60)).toEqual([
      { id: 'e', state: 'Hidden', blocks: ['A'], marked: ['B'], servers: ['p-1'] },
    ]);
  });

  it('never goes back while blocks are rewritten, marked and deleted one by one', () => {
    const states = ['Pending', 'Hidden', 'Rewritten', 'Purged'];
    const all = ['A', 'B', 'C'].map((ulid) => block({ meta: meta(ulid, 0) }));
    let last = 0;
    for (let step = 0; step <= 6; step++) {
      const blocks = all.flatMap((each, i) => (step > i + 3 ? [] : [{ ...each, marked: step > i }]));
      const [progress] = erasureProgress([erasure], { blocks, servers: [], hiddenFromMs }, 40 + step * 10);
      const at = states.indexOf(progress!.state);
      expect(at).toBeGreaterThanOrEqual(last);
      last = at;
    }
    expect(states[last]).toBe('Purged');
  });
});

describe('what was left out of a block', () => {
  it('stands beside what others wrote, and counts for that block alone', () => {
    const extensions = withFolded({ other: 1, promfleet: { more: 2 } }, 'A', {
      erasures: ['b', 'a', 'b'],
      stage: 's',
    });
    expect(extensions).toEqual({
      other: 1,
      promfleet: { more: 2, block: 'A', erasures: ['a', 'b'], stage: 's' },
    });
    expect(foldedInto(meta('A', 0, extensions))).toEqual({ erasures: ['a', 'b'], stage: 's' });
    expect(foldedInto(meta('B', 0, extensions))).toEqual({ erasures: [], stage: '' });
  });

  it.each([undefined, null, {}, { promfleet: null }, { promfleet: { block: 'A', erasures: 'e' } }])(
    'is nothing in %j',
    (extensions) => {
      expect(foldedInto(meta('A', 0, extensions))).toEqual({ erasures: [], stage: '' });
    },
  );
});
