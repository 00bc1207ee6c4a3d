import { describe, expect, it } from 'vitest';
import type { BlockMeta } from '../format/block-meta.ts';
import type { Erasure } from '../format/retention-document.ts';
import {
  type ErasableBlock,
  type ErasureProgress,
  erasureProgress,
  foldedInto,
  type LiveServers,
  withFolded,
} from './erasure-state.ts';

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

const block = (ulid: string, parts: Partial<ErasableBlock> = {}): ErasableBlock => ({
  ulid,
  minTime: 0,
  erasures: [],
  marked: false,
  lacks: new Set(),
  ...parts,
});
const day = 86_400_000;

describe('an erasure', () => {
  const hiddenFromMs = () => 50;
  const servers = (count: number, holdMs?: number): LiveServers => ({ count, holdMs });
  const none = servers(0);
  it.each<[string, Partial<ErasureProgress>, number, ErasableBlock[], LiveServers]>([
    ['is not hidden while readers may not know it', { isHidden: false, isClear: false }, 49, [], none],
    [
      'is hidden where a block in use holds it',
      { isHidden: true, blocks: ['A'], isClear: false },
      50,
      [block('A')],
      none,
    ],
    ['waits for servers that nothing bounds', { servers: 2, isClear: false }, 9 * day, [], servers(2)],
    ['waits for servers that still hold it', { servers: 2, isClear: false }, 999 + day, [], servers(2, day)],
    [
      'is clear once their retention has ended',
      { servers: 0, isClear: true },
      1000 + day,
      [],
      servers(2, day),
    ],
    [
      'waits for a block that is to be deleted',
      { blocks: [], marked: ['A'], isClear: false },
      50,
      [block('A', { marked: true })],
      none,
    ],
    [
      'is clear where no block holds it: rewritten, without such series, or younger',
      { isClear: true },
      50,
      [block('A', { erasures: ['e'] }), block('B', { lacks: new Set(['e']) }), block('C', { minTime: 1000 })],
      none,
    ],
  ])('%s', (_name, expected, nowMs, blocks, live) => {
    const [progress] = erasureProgress([erasure], { blocks, servers: live, hiddenFromMs }, nowMs);
    expect(progress).toMatchObject({ id: 'e', ...expected });
  });
});

describe('what was left out of a block', () => {
  const none = { erasures: [], stage: '', trimmed: false };
  it('stands beside what others wrote, and counts for that block alone', () => {
    const extensions = withFolded({ other: 1, promfleet: { more: 2 } }, 'A', {
      erasures: ['b', 'a', 'b'],
      stage: 's',
      trimmed: true,
    });
    expect(extensions).toEqual({
      other: 1,
      promfleet: { more: 2, block: 'A', erasures: ['a', 'b'], stage: 's', trimmed: true },
    });
    expect(foldedInto(meta('A', 0, extensions))).toEqual({
      erasures: ['a', 'b'],
      stage: 's',
      trimmed: true,
    });
    expect(foldedInto(meta('B', 0, extensions))).toEqual(none);
  });

  it.each([undefined, null, {}, { promfleet: null }, { promfleet: { block: 'A', erasures: 'e' } }])(
    'is nothing in %j',
    (extensions) => {
      expect(foldedInto(meta('A', 0, extensions))).toEqual(none);
    },
  );
});
