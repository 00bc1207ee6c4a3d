import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../../base/clock.ts';
import { silentLogger } from '../../../base/log.ts';
import { randomBelow, seededRandom } from '../../../base/random.ts';
import { visibleBlocks } from '../../block/visible-blocks.ts';
import type { Bucket } from '../../bucket/bucket.ts';
import { MemoryBucket } from '../../bucket/memory-bucket.ts';
import { FaultyBucket, Killed } from '../../bucket/testing/faulty-bucket.ts';
import { encodeBlockMeta } from '../../format/block-meta.ts';
import { bitsOfFloat } from '../../format/histogram-layout.ts';
import { inlinePool } from '../rewrite/batch-pool.ts';
import { makeBlock, readBlock, type TestSamples } from '../testing/make-block.ts';
import { readMeta } from './bucket-view.ts';
import { Compactor } from './compactor.ts';
import { Lease } from './lease.ts';

const root = mkdtempSync(join(tmpdir(), 'compactor-'));
afterAll(() => rmSync(root, { recursive: true, force: true }), 60_000);
const hour = 3_600_000;
const start = 200_000 * 8 * hour;
const minute = 60_000;

class TestClock implements Clock {
  now = start + 30 * 24 * hour;
  nowMs = () => this.now;
  monotonicMs = () => this.now;
  sleep = async (delayMs: number) => {
    this.now += delayMs;
  };
}

let made = 0;

/** Stores a two-hour block with a sample a minute of two series; returns what it acknowledges. */
async function ship(
  bucket: Bucket,
  slot: number,
  replica: string | undefined,
): Promise<Map<string, number[]>> {
  const ulid = `01C0MP${String(++made).padStart(20, '0')}`;
  const from = start + slot * 2 * hour;
  const shift = replica === 'b' ? 20_000 : 0;
  const times = Array.from({ length: 120 }, (_, i) => from + i * minute + shift);
  const names = ['up', `only_${slot % 3}`];
  const meta = makeBlock(
    root,
    names.map((name) => ({
      labels: { __name__: name },
      chunks: [times.map((time) => [time, bitsOfFloat(time)] as const) as TestSamples],
    })),
    {
      ulid,
      minTime: from,
      maxTime: from + 2 * hour,
      compaction: { level: 1, sources: [ulid] },
      thanos: {
        version: 1,
        labels: { cluster: 'c', ...(replica !== undefined && { replica }) },
        downsample: { resolution: 0 },
        source: 'sidecar',
      },
    },
  );
  const folder = join(root, ulid);
  for (const path of ['chunks/000001', 'index'])
    await bucket.put(`${ulid}/${path}`, readFileSync(join(folder, path)));
  await bucket.put(`${ulid}/meta.json`, new TextEncoder().encode(encodeBlockMeta(meta)));
  rmSync(folder, { recursive: true });
  return new Map(names.map((name) => [name, times]));
}

function compactor(bucket: Bucket, clock: Clock, seed: number, replicaLabels: readonly string[] = []) {
  const random = seededRandom(seed);
  return new Compactor({
    bucket,
    clock,
    random,
    log: silentLogger,
    pool: inlinePool,
    workFolder: root,
    memoryBytes: 8 * 1024 * 1024,
    concurrency: 1,
    replicaLabels,
    native: false,
    consistencyDelayMs: 0,
    deletionDelayMs: 48 * hour,
    partialDelayMs: 48 * hour,
    downsample: false,
    lease: new Lease({ bucket, clock, random, expiryMs: 10 * minute }),
  });
}

/** Every time that a reader finds for each series, in order; a time twice within one visible block set shows twice. */
async function answer(bucket: MemoryBucket): Promise<Map<string, number[]>> {
  const ulids = new Set<string>();
  for await (const page of bucket.list(''))
    for (const { key } of page.objects) if (key.endsWith('/meta.json')) ulids.add(key.slice(0, 26));
  const metas = visibleBlocks(await Promise.all([...ulids].map((ulid) => readMeta(bucket, ulid))));
  const folder = mkdtempSync(join(root, 'read-'));
  const found = new Map<string, number[]>();
  for (const { ulid } of metas) {
    mkdirSync(join(folder, ulid, 'chunks'), { recursive: true });
    for await (const page of bucket.list(`${ulid}/`))
      for (const { key, sizeBytes } of page.objects)
        if (!key.endsWith('.json'))
          writeFileSync(join(folder, key), await bucket.getRange(key, 0, sizeBytes));
    for (const [labels, { samples }] of await readBlock(folder, ulid)) {
      const name = (JSON.parse(labels) as { __name__: string }).__name__;
      found.set(name, [...(found.get(name) ?? []), ...samples.map(([time]) => time)]);
    }
  }
  for (const times of found.values()) times.sort((a, b) => a - b);
  rmSync(folder, { recursive: true });
  return found;
}

function join2(into: Map<string, number[]>, more: Map<string, number[]>): void {
  for (const [name, times] of more)
    into.set(
      name,
      [...(into.get(name) ?? []), ...times].sort((a, b) => a - b),
    );
}

describe('Compactor', { timeout: 180_000 }, () => {
  it('compacts a complete range into one block that says where it comes from, and later deletes the inputs', async () => {
    const clock = new TestClock();
    const bucket = new MemoryBucket(clock);
    const given = new Map<string, number[]>();
    for (let slot = 0; slot < 5; slot++) join2(given, await ship(bucket, slot, undefined));
    const first = await compactor(bucket, clock, 1).pass();
    expect(first).toMatchObject({ compacted: 1, deleted: 0 });
    expect(first.quarantined.size).toBe(0);
    expect(await answer(bucket)).toEqual(given);
    clock.now += 49 * hour;
    expect(await compactor(bucket, clock, 2).pass()).toMatchObject({ compacted: 0, deleted: 4 });
    expect(await answer(bucket)).toEqual(given);
    const left: string[] = [];
    for await (const page of bucket.list('', { shallow: true })) left.push(...page.prefixes);
    expect(left.filter((name) => name.length === 27)).toHaveLength(2);
    expect(readdirSync(root).filter((name) => name.startsWith('read-'))).toEqual([]);
  });

  it('makes one block of replicas, its labels without that of the replica', async () => {
    const clock = new TestClock();
    const bucket = new MemoryBucket(clock);
    const given = await ship(bucket, 0, 'a');
    await ship(bucket, 0, 'b');
    const report = await compactor(bucket, clock, 3, ['replica']).pass();
    expect(report).toMatchObject({ compacted: 1, samples: 240 });
    expect(await answer(bucket)).toEqual(given);
    clock.now += 49 * hour;
    await compactor(bucket, clock, 4, ['replica']).pass();
    expect(await answer(bucket)).toEqual(given);
  });

  it('sets a group with a broken block aside by name, and does the others', async () => {
    const clock = new TestClock();
    const bucket = new MemoryBucket(clock);
    for (let slot = 0; slot < 5; slot++) await ship(bucket, slot, 'a');
    for (let slot = 0; slot < 5; slot++) await ship(bucket, slot, 'b');
    let broken: string | undefined;
    for await (const page of bucket.list(''))
      for (const { key } of page.objects)
        if (broken === undefined && key.endsWith('chunks/000001')) broken = key;
    const bytes = await bucket.getRange(broken!, 0, 10 ** 6);
    bytes[100]! ^= 1;
    await bucket.put(broken!, bytes);
    const { compacted, quarantined } = await compactor(bucket, clock, 5).pass();
    expect(compacted).toBe(1);
    expect([...quarantined.keys()]).toEqual(['0@[["cluster","c"],["replica","a"]]']);
    expect([...quarantined.values()][0]).toContain(broken!.slice(0, 26));
  });

  it('refuses to run beside another, and takes over when that one is gone', async () => {
    const clock = new TestClock();
    const bucket = new MemoryBucket(clock);
    const random = seededRandom(8);
    const other = new Lease({ bucket, clock, random, expiryMs: 10 * minute });
    await other.take();
    await expect(compactor(bucket, clock, 9).pass()).rejects.toMatchObject({ code: 'CompactorRunning' });
    clock.now += 11 * minute;
    await compactor(bucket, clock, 10).pass();
    await expect(other.renew()).rejects.toMatchObject({ code: 'CompactorRunning' });
  });

  it('answers every acknowledged sample exactly once, killed at any step and beside a writer that wakes up late', async () => {
    for (let seed = 0; seed < 12; seed++) {
      const random = seededRandom(seed);
      const clock = new TestClock();
      const store = new MemoryBucket(clock);
      const given = new Map<string, number[]>();
      for (let slot = 0; slot < 5; slot++) join2(given, await ship(store, slot, undefined));
      for (let attempt = 0; attempt < 4; attempt++) {
        const faulty = new FaultyBucket(store, random, { refused: 0.01, lostAnswer: 0.02, staleList: 0.05 });
        faulty.killAt = 1 + randomBelow(random, 120) + (random.next() < 0.5 ? 0 : 0.5);
        await compactor(faulty, clock, seed * 10 + attempt)
          .pass()
          .catch((error: unknown) => {
            if (!(error instanceof Killed)) expect(error).toMatchObject({ code: expect.any(String) });
          });
        expect(await answer(store)).toEqual(given);
        clock.now += random.next() < 0.3 ? 50 * hour : 20 * minute;
      }
      clock.now += 20 * minute;
      await compactor(store, clock, 1000 + seed).pass();
      clock.now += 50 * hour;
      await compactor(store, clock, 2000 + seed).pass();
      expect(await answer(store)).toEqual(given);
    }
  });
});
