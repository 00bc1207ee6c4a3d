import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { seededRandom } from '../../../src/base/random.ts';
import { BlockCatalog } from '../../../src/storage-engine/block/block-catalog.ts';
import type { Bucket } from '../../../src/storage-engine/bucket/bucket.ts';
import { MemoryBucket } from '../../../src/storage-engine/bucket/memory-bucket.ts';
import { openCompactor } from '../../../src/storage-engine/lifecycle/compactor/open-compactor.ts';
import { RetentionStore } from '../../../src/storage-engine/retention/retention-store.ts';

/** The same bucket with its requests counted; a listing is as many as it has pages. */
function counted(bucket: Bucket): { bucket: Bucket; take: () => Record<string, number> } {
  let counts: Record<string, number> = {};
  const count = (name: string) => {
    counts[name] = (counts[name] ?? 0) + 1;
  };
  function named<T extends unknown[], R>(name: string, request: (...given: T) => R): (...given: T) => R {
    return (...given) => {
      count(name);
      return request(...given);
    };
  }
  const counting: Bucket = {
    description: bucket.description,
    head: named('head', (...given) => bucket.head(...given)),
    getRange: named('get', (...given) => bucket.getRange(...given)),
    put: named('put', (...given) => bucket.put(...given)),
    putIfAbsent: named('put', (...given) => bucket.putIfAbsent(...given)),
    delete: named('delete', (...given) => bucket.delete(...given)),
    async *list(...given) {
      for await (const page of bucket.list(...given)) {
        count('list');
        yield page;
      }
    },
    close: () => bucket.close(),
  };
  return {
    bucket: counting,
    take: () => {
      const taken = counts;
      counts = {};
      return taken;
    },
  };
}

export interface IdleRequests {
  readonly pass: Record<string, number>;
  readonly sync: Record<string, number>;
}

/**
 * Requests of one pass of a compactor, with retention, and of one sync of a query server, over blocks in which nothing has
 * changed since the pass and the sync before. Listings come in pages of 1,000 keys, as S3 gives them.
 */
export async function idleRequests(blocks: number): Promise<IdleRequests> {
  const folder = mkdtempSync(join(tmpdir(), 'idle-'));
  const memory = new MemoryBucket(systemClock);
  const dayMs = 24 * 3_600_000;
  for (let i = 0; i < blocks; i++) {
    const ulid = `01J0DE${String(i).padStart(20, '0')}`;
    const meta = {
      ulid,
      minTime: i * 14 * dayMs,
      maxTime: (i + 1) * 14 * dayMs,
      stats: { numSeries: 1 },
      compaction: { level: 4, sources: [ulid] },
      version: 1,
      thanos: {
        version: 1,
        labels: { cluster: 'a' },
        downsample: { resolution: 3_600_000 },
        source: 'compactor',
      },
    };
    await memory.put(`${ulid}/meta.json`, Buffer.from(JSON.stringify(meta)));
    for (const file of ['index', 'chunks/000001']) await memory.put(`${ulid}/${file}`, new Uint8Array(1));
  }
  const { bucket, take } = counted(memory);
  const { compactor, close } = await openCompactor({
    bucket,
    clock: systemClock,
    random: seededRandom(1),
    log: silentLogger,
    dataFolder: folder,
    memoryBytes: 2 ** 28,
    replicaLabels: [],
    native: false,
    concurrency: 1,
    consistencyDelayMs: 30 * 60_000,
    deletionDelayMs: 2 * dayMs,
    downsample: true,
    retention: new RetentionStore(bucket, systemClock),
    workers: 0,
  });
  const catalog = new BlockCatalog(bucket, systemClock);
  try {
    await compactor.pass();
    take();
    await compactor.pass();
    const pass = take();
    await catalog.refresh();
    take();
    await catalog.refresh();
    return { pass, sync: take() };
  } finally {
    await close();
    rmSync(folder, { recursive: true, force: true });
  }
}
