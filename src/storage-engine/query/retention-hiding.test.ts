import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { seededRandom } from '../../base/random.ts';
import { FilesystemBucket } from '../bucket/filesystem-bucket.ts';
import type { RetentionDocument } from '../format/retention-document.ts';
import { makeBlock } from '../lifecycle/testing/make-block.ts';
import { publishRetention, RetentionStore } from '../retention/retention-store.ts';
import { BlockHolder } from './block-holder.ts';
import type { QueryScope } from './source.ts';

const minuteMs = 60_000;
const nowMs = systemClock.nowMs();
/** Three hours ago, in whole minutes. */
const startMs = Math.floor(nowMs / minuteMs) * minuteMs - 180 * minuteMs;
const bits = (value: number) => new BigUint64Array(Float64Array.of(value).buffer)[0]!;

/** One sample a minute for two hours, in chunks of half an hour. */
const chunks = Array.from({ length: 4 }, (_, chunk) =>
  Array.from({ length: 30 }, (_, i) => {
    const at = chunk * 30 + i;
    return [startMs + at * minuteMs, bits(at)] as const;
  }),
);

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'retention-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function holder(parts: Partial<RetentionDocument>, resolution?: number): Promise<BlockHolder> {
  const series = ['a', 'b'].map((user) => ({ labels: { __name__: 'm', user }, chunks }));
  const block = (ulid: string, resolutionMs: number) =>
    makeBlock(root, series, {
      ulid,
      minTime: startMs,
      maxTime: startMs + 120 * minuteMs,
      compaction: { level: 1, sources: ['01J00000000000000000000000'] },
      thanos: { labels: { cluster: 'eu' }, downsample: { resolution: resolutionMs }, source: 'test' },
    });
  block('01J00000000000000000000000', 0);
  if (resolution !== undefined) block('01J00000000000000000000001', resolution);
  const bucket = new FilesystemBucket(root, seededRandom(1));
  await publishRetention(bucket, {
    version: 1,
    generation: 1,
    writtenAtMs: 0,
    stack: 'a/b',
    scope: {},
    policies: [],
    erasures: [],
    ...parts,
  });
  return new BlockHolder(bucket, systemClock, { retention: new RetentionStore(bucket, systemClock) });
}

const scope = (): QueryScope => ({
  signal: new AbortController().signal,
  timeoutMs: 10_000,
  partial: () => undefined,
});
const hints = { startMs: startMs - minuteMs, endMs: nowMs };

/** By user the numbers of the samples that are shown: first and how many. */
async function shown(blocks: BlockHolder) {
  const found = await blocks.select([], hints, scope());
  return Object.fromEntries(
    found.map(({ labels, columns }) => [labels.get('user'), [columns.values[0], columns.values.length]]),
  );
}

const erase = (user: string, untilMs: number) => ({
  id: user,
  matchers: [{ name: 'user', op: '=' as const, value: user }],
  untilMs,
  requestedAtMs: untilMs,
  reason: 'r',
  policy: 'a/p',
});
const raw = (durationMs: number) => ({ resolutionMs: 0, durationMs });

describe('a bucket with a retention document', () => {
  it('shows everything where nothing is hidden', async () => {
    expect(await shown(await holder({}))).toEqual({ a: [0, 120], b: [0, 120] });
  });

  it('hides samples before an erasure of their series alone, in the middle of a chunk too', async () => {
    const blocks = await holder({ erasures: [erase('a', startMs + 45 * minuteMs)] });
    expect(await shown(blocks)).toEqual({ a: [45, 75], b: [0, 120] });
  });

  it('shows no trace of a series that is erased wholly', async () => {
    const blocks = await holder({ erasures: [erase('a', nowMs)] });
    expect(await shown(blocks)).toEqual({ b: [0, 120] });
    expect((await blocks.series([[]], hints, scope())).map((labels) => labels.get('user'))).toEqual(['b']);
    expect([...(await blocks.labelValues('user', [], hints, scope()))]).toEqual(['b']);
    expect([...(await blocks.labelNames([], hints, scope()))].sort()).toEqual([
      '__name__',
      'cluster',
      'user',
    ]);
  });

  it('hides what is past its time by policy, and counts labels of the block as labels of its series', async () => {
    // The boundary moves with the clock: the sample of the minute that it lies in is left out of the comparison.
    const blocks = await holder({
      policies: [
        {
          name: 'a/p',
          rules: [
            {
              matchers: [
                { name: 'cluster', op: '=', value: 'eu' },
                { name: 'user', op: '=', value: 'b' },
              ],
              keep: [raw(nowMs - startMs - 59.5 * minuteMs)],
            },
          ],
        },
      ],
    });
    expect(await shown(blocks)).toEqual({ a: [0, 120], b: [60, 60] });
  });

  it('lets raw samples stay until the coarser resolution that is kept is there', async () => {
    const keep = { defaultKeep: [raw(0), { resolutionMs: 300_000, durationMs: 365 * 24 * 60 * minuteMs }] };
    expect(await shown(await holder(keep))).toEqual({ a: [0, 120], b: [0, 120] });
  });

  it('leaves blocks outside of its scope alone', async () => {
    const blocks = await holder({ scope: { cluster: 'us' }, erasures: [erase('a', nowMs)] });
    expect(await shown(blocks)).toEqual({ a: [0, 120], b: [0, 120] });
  });
});
