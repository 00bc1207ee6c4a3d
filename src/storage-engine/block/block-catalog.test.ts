import { describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { CodedError } from '../../base/errors.ts';
import type { Bucket } from '../bucket/bucket.ts';
import { MemoryBucket } from '../bucket/memory-bucket.ts';
import { counted, countReads } from '../bucket/read-counts.ts';
import { bucketIndexKey } from '../format/bucket-index.ts';
import { BlockCatalog } from './block-catalog.ts';
import { visibleBlocks } from './visible-blocks.ts';

const ulid = (number: number) => `01HXXXXXXXXXXXXXXXXXXXXX${String(number).padStart(2, '0')}`;
const hourMs = 3600_000;

function meta(number: number, more: object = {}) {
  return {
    ulid: ulid(number),
    minTime: number * hourMs,
    maxTime: (number + 1) * hourMs,
    stats: {},
    compaction: { level: 1, sources: [ulid(number)] },
    version: 1 as const,
    ...more,
  };
}

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** A bucket whose clock is moved by hand, and which can be away. */
function world() {
  let nowMs = 1_700_000_000_000;
  let away = false;
  const clock = { ...systemClock, nowMs: () => nowMs, monotonicMs: () => nowMs };
  const memory = new MemoryBucket(clock);
  const check = () => {
    if (away) throw new CodedError('BucketUnavailable', 'memory bucket: away');
  };
  const bucket: Bucket = counted({
    ...bound(memory),
    async getRange(key, offset, lengthBytes) {
      check();
      return memory.getRange(key, offset, lengthBytes);
    },
    async *list(...args) {
      check();
      yield* memory.list(...args);
    },
  });
  return {
    bucket,
    clock,
    catalog: new BlockCatalog(bucket, clock),
    put: (block: { ulid: string }) => memory.put(`${block.ulid}/meta.json`, encode(block)),
    mark: (number: number) => memory.put(`${ulid(number)}/deletion-mark.json`, encode({})),
    remove: (number: number) => memory.delete(`${ulid(number)}/meta.json`),
    pass: (ms: number) => {
      nowMs += ms;
    },
    leave: (value: boolean) => {
      away = value;
    },
    memory,
  };
}

function bound(memory: MemoryBucket): Bucket {
  return {
    description: memory.description,
    head: (key) => memory.head(key),
    getRange: (key, offset, length) => memory.getRange(key, offset, length),
    list: (prefix, options) => memory.list(prefix, options),
    put: (key, body) => memory.put(key, body),
    putIfAbsent: (key, body) => memory.putIfAbsent(key, body),
    delete: (key) => memory.delete(key),
    close: () => memory.close(),
  };
}

const all = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;
const numbers = async (catalog: BlockCatalog, from: number = all[0], to: number = all[1]) =>
  (await catalog.blocks(from, to)).blocks.map((block) => Number(block.meta.ulid.slice(-2)));

describe('the catalog of a bucket', () => {
  it('finds the blocks of a time, and a new or gone one within two syncs', async () => {
    const { catalog, put, remove, pass } = world();
    for (const number of [3, 1, 2]) await put(meta(number));
    expect(await numbers(catalog)).toEqual([1, 2, 3]);
    expect(await numbers(catalog, 2 * hourMs, 3 * hourMs - 1)).toEqual([2]);
    await put(meta(4));
    await remove(1);
    expect(await numbers(catalog)).toEqual([1, 2, 3]);
    pass(61_000);
    expect(await numbers(catalog)).toEqual([2, 3, 4]);
  });

  it('asks for a listing only where nothing changed', async () => {
    const { catalog, put, pass } = world();
    for (let number = 10; number < 60; number++) await put(meta(number));
    await numbers(catalog);
    pass(61_000);
    const counts = { requests: 0, bytes: 0 };
    await countReads(counts, () => numbers(catalog));
    expect(counts).toEqual({ requests: 1, bytes: 0 });
    await countReads(counts, () => numbers(catalog));
    expect(counts.requests).toBe(1);
  });

  it('reads one object instead of each meta where the bucket has an index, and believes it no further than the listing', async () => {
    const { bucket, catalog, clock, put, memory, pass } = world();
    for (let number = 10; number < 60; number++) await put(meta(number));
    await catalog.publishIndex();
    pass(1000);
    await put(meta(10, { maxTime: 99 * hourMs }));
    const counts = { requests: 0, bytes: 0 };
    const fresh = new BlockCatalog(bucket, clock);
    expect((await countReads(counts, () => numbers(fresh))).length).toBe(50);
    expect(counts.requests).toBe(3);
    expect(await numbers(fresh, 98 * hourMs, 99 * hourMs)).toEqual([10]);
    for (const broken of [encode('no gzip'), new Uint8Array(0)]) {
      await memory.put(bucketIndexKey, broken);
      expect((await numbers(new BlockCatalog(bucket, clock))).length).toBe(50);
    }
  });

  it('serves the last state while the bucket is away, says so after three syncs, and fails after an hour', async () => {
    const { catalog, put, pass, leave } = world();
    await put(meta(1));
    await numbers(catalog);
    leave(true);
    pass(45_000);
    expect((await catalog.blocks(...all)).faults).toEqual([]);
    pass(50_000);
    const late = await catalog.blocks(...all);
    expect(late.blocks).toHaveLength(1);
    expect(late.faults.join()).toMatch(/95 s old.*away/);
    pass(hourMs);
    await expect(catalog.blocks(...all)).rejects.toMatchObject({ code: 'BucketUnavailable' });
    leave(false);
    expect(await numbers(catalog)).toEqual([1]);
  });

  it('leaves a block alone a day after it was marked for deletion', async () => {
    const { catalog, put, mark, pass } = world();
    await put(meta(1));
    await put(meta(2));
    await mark(1);
    expect(await numbers(catalog)).toEqual([1, 2]);
    pass(25 * hourMs);
    expect(await numbers(catalog)).toEqual([2]);
  });

  it('names a meta that cannot be read and lists the others', async () => {
    const { catalog, put, memory } = world();
    await put(meta(1));
    await memory.put(`${ulid(2)}/meta.json`, encode({ version: 7 }));
    await memory.put(`${ulid(3)}/meta.json`, encode(meta(4)));
    const { blocks, faults } = await catalog.blocks(...all);
    expect(blocks).toHaveLength(1);
    expect(faults).toHaveLength(2);
    expect(faults.join()).toContain(ulid(2));
    expect(faults.join()).toContain(ulid(3));
  });
});

describe('blocks that readers see', () => {
  const seen = (...metas: ReturnType<typeof meta>[]) =>
    visibleBlocks(metas).map((block) => Number(block.ulid.slice(-2)));
  const thanos = (more: object) => ({
    thanos: { labels: {}, downsample: { resolution: 0 }, source: 'test', ...more },
  });

  it('are not those that a compacted one descends from', () => {
    const compacted = meta(9, { compaction: { level: 2, sources: [ulid(1), ulid(2)] } });
    expect(seen(meta(1), meta(2), meta(3), compacted)).toEqual([3, 9]);
  });

  it('are all that overlap in part', () => {
    const [left, right] = [
      meta(8, { compaction: { level: 2, sources: [ulid(1), ulid(2)] } }),
      meta(9, { compaction: { level: 2, sources: [ulid(2), ulid(3)] } }),
    ];
    expect(seen(left, right)).toEqual([8, 9]);
  });

  it('are the older of two of the same sources, but of other labels or another resolution both', () => {
    const compaction = { level: 1, sources: [ulid(1)] };
    expect(seen(meta(1), meta(2, { compaction }))).toEqual([1]);
    expect(seen(meta(1), meta(2, { compaction, ...thanos({ labels: { replica: 'b' } }) }))).toEqual([1, 2]);
    expect(
      seen(meta(1), meta(2, { compaction, ...thanos({ downsample: { resolution: 300_000 } }) })),
    ).toEqual([1, 2]);
  });

  it('are a rewritten block instead of its original, whichever has the older name', () => {
    const original = meta(5);
    const rewritten = meta(2, {
      minTime: original.minTime,
      maxTime: original.maxTime,
      compaction: { level: 1, sources: [ulid(2)] },
      ...thanos({ rewrites: [{ sources: [ulid(5)] }] }),
    });
    expect(seen(original, rewritten, meta(6))).toEqual([2, 6]);
    const downsampled = meta(7, {
      compaction: { level: 1, sources: [ulid(5)] },
      ...thanos({ downsample: { resolution: 300_000 } }),
    });
    expect(seen(original, rewritten, downsampled)).toEqual([2, 7]);
  });
});
