import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';
import { silentLogger } from '../../base/log.ts';
import { seededRandom } from '../../base/random.ts';
import { deleteBlock } from '../../storage-engine/block/delete.ts';
import { markBlock } from '../../storage-engine/block/marks.ts';
import { FilesystemBucket } from '../../storage-engine/bucket/filesystem-bucket.ts';
import type { RetentionDocument } from '../../storage-engine/format/retention-document.ts';
import type { RetentionOrder, RetentionReport } from '../../storage-engine/format/retention-report.ts';
import { makeBlock } from '../../storage-engine/lifecycle/testing/make-block.ts';
import { RetentionStore } from '../../storage-engine/retention/retention-store.ts';
import { RetentionAgent } from './retention-agent.ts';

const minuteMs = 60_000;
const startMs = Date.UTC(2026, 0, 1);
const bits = (value: number) => new BigUint64Array(Float64Array.of(value).buffer)[0]!;
const chunks = Array.from({ length: 4 }, (_, chunk) =>
  Array.from({ length: 30 }, (_, i) => [startMs + (chunk * 30 + i) * minuteMs, bits(i)] as const),
);
const is = (name: string, value: string) => ({ name, op: '=' as const, value });

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'retention-agent-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const document = (parts: Partial<RetentionDocument> = {}): RetentionDocument => ({
  version: 1,
  generation: 4,
  writtenAtMs: startMs + 180 * minuteMs,
  stack: 'monitoring/main',
  scope: {},
  policies: [],
  erasures: [],
  ...parts,
});

function world() {
  const clock = new VirtualClock(startMs + 180 * minuteMs);
  for (const [n, replica] of ['a', 'b'].entries())
    makeBlock(
      root,
      ['pay', 'shop'].map((team) => ({ labels: { __name__: 'm', team }, chunks })),
      {
        ulid: `01J0000000000000000000000${n}`,
        minTime: startMs,
        maxTime: startMs + 120 * minuteMs,
        compaction: { level: 1, sources: [`01J0000000000000000000000${n}`] },
        thanos: { labels: { replica }, downsample: { resolution: 0 }, source: 'test' },
      },
    );
  const bucket = new FilesystemBucket(root, seededRandom(1));
  let report: RetentionReport | undefined;
  const agent = new RetentionAgent({
    bucket,
    clock,
    log: silentLogger,
    report: (text) => {
      report = JSON.parse(text) as RetentionReport;
    },
  });
  const step = async (order: RetentionOrder) => {
    agent.ordered(order);
    await agent.step(new AbortController().signal);
    return report!;
  };
  return { clock, bucket, step };
}

/** Half of each series is older than an hour and a half before the end of the blocks, two hours after it is now. */
const half = [{ resolutionMs: 0, durationMs: 120 * minuteMs }];

describe('the agent of a retention order', () => {
  it('brings the document into the bucket and says which generation is there', async () => {
    const { bucket, clock, step } = world();
    expect(await step({ document: document(), previews: [] })).toMatchObject({ ordered: 4, policies: [] });
    const store = new RetentionStore(bucket, clock);
    expect((await store.current()).map(({ document: { stack } }) => stack)).toEqual(['monitoring/main']);
  });

  it('reckons what goes by each policy, tried out or in force, by rule and with who else takes its series', async () => {
    const { step } = world();
    const enforced = { name: 'a/p', rules: [{ matchers: [is('team', 'pay')], keep: half }] };
    const tried = {
      name: 'a/q',
      rules: [
        { matchers: [is('replica', 'a'), is('team', 'pay')], keep: half },
        { matchers: [is('team', 'shop')], keep: [{ resolutionMs: 0, durationMs: 1000 * minuteMs }] },
      ],
      erase: [],
      exact: false,
    };
    const { policies } = await step({ document: document({ policies: [enforced] }), previews: [tried] });
    expect(policies).toMatchObject([
      { name: 'a/p', series: 2, samples: 120, blocks: 2, conflicts: [] },
      { name: 'a/q', series: 1, samples: 60, blocks: 1, conflicts: ['a/p'] },
    ]);
    expect(policies[1]!.rules.map(({ series }) => series)).toEqual([1, 0]);
  });

  it('counts samples exactly where the order asks for it, those of a chunk that goes in part too', async () => {
    const { step } = world();
    // 37 of 120 samples of each: one chunk of thirty, and seven samples of the next.
    const keep = [{ resolutionMs: 0, durationMs: 143 * minuteMs }];
    const policy = { name: 'a/q', rules: [{ matchers: [is('team', 'pay')], keep }], erase: [], exact: true };
    const { policies } = await step({ document: document(), previews: [policy] });
    expect(policies).toMatchObject([{ exact: true, series: 2, samples: 74, blocks: 2 }]);
    const index = await step({ document: document(), previews: [{ ...policy, exact: false }] });
    expect(index.policies[0]).toMatchObject({ exact: false, series: 2 });
    expect(policies[0]!.sizeBytes).toBeGreaterThan(0);
    expect(Math.abs(policies[0]!.sizeBytes - index.policies[0]!.sizeBytes)).toBeLessThan(40);
  });

  it('tells what waits for a coarser resolution', async () => {
    const { step } = world();
    const keep = [...half, { resolutionMs: 300_000, durationMs: 10_000 * minuteMs }];
    const waits = { name: 'a/p', rules: [{ matchers: [is('team', 'pay')], keep }] };
    const { policies } = await step({ document: document({ policies: [waits] }), previews: [] });
    expect(policies[0]).toMatchObject({ series: 0, samples: 0 });
    expect(policies[0]!.waitingBytes).toBeGreaterThan(0);
  });

  it('tells of an erasure from when on every reader applies it, and how many blocks hold it', async () => {
    const { clock, step } = world();
    const erasure = {
      id: 'e',
      matchers: [is('team', 'pay')],
      untilMs: startMs + 60 * minuteMs,
      requestedAtMs: startMs,
      reason: 'r',
      policy: 'a/p',
    };
    const order = { document: document({ erasures: [erasure] }), previews: [] };
    const seen = { id: 'e', blocksLeft: 2, markedLeft: 0, serversLeft: 0 };
    expect((await step(order)).erasures).toEqual([{ ...seen, hidden: false }]);
    await clock.advance(60_000);
    expect((await step(order)).erasures).toEqual([{ ...seen, hidden: true }]);
  });

  it('tells that an erasure is purged once blocks, servers and caches let go of it', async () => {
    const { bucket, clock, step } = world();
    const erasure = {
      id: 'e',
      matchers: [is('team', 'pay')],
      untilMs: startMs + 60 * minuteMs,
      requestedAtMs: startMs,
      reason: 'r',
      policy: 'a/p',
    };
    const servers = { count: 2, holdMs: 5 * 60 * minuteMs };
    const order = { document: document({ erasures: [erasure] }), previews: [], servers };
    const next = async () => (await step(order)).erasures[0]!;
    await clock.advance(60_000);
    expect(await next()).toMatchObject({ hidden: true, blocksLeft: 2, serversLeft: 2 });
    const looked = { '01J00000000000000000000000': { lacks: ['e'] } };
    await bucket.put(
      'promfleet/compactor/looked.json',
      new TextEncoder().encode(JSON.stringify({ version: 1, blocks: looked })),
    );
    await clock.advance(60_000);
    expect(await next()).toMatchObject({ blocksLeft: 1 });
    const mark = { kind: 'deletion', ulid: '01J00000000000000000000001', details: '', reason: '' } as const;
    await markBlock(bucket, clock, mark);
    await clock.advance(60_000);
    expect(await next()).toMatchObject({ blocksLeft: 0, markedLeft: 1, serversLeft: 2 });
    await deleteBlock(bucket, mark.ulid);
    await clock.advance(4 * 60 * minuteMs);
    expect(await next()).toMatchObject({ blocksLeft: 0, markedLeft: 0, serversLeft: 0 });
    expect(await next()).not.toHaveProperty('purgedAtMs');
    await clock.advance(16 * minuteMs);
    expect(await next()).toHaveProperty('purgedAtMs');
  });
});
