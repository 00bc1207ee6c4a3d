import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { checkBlock } from '../../src/storage-engine/block/health.ts';
import { FilesystemBucket } from '../../src/storage-engine/bucket/filesystem-bucket.ts';
import { makeBlocks, steadySeries } from '../support/made-block.ts';

describe('the health of a block that promtool wrote', () => {
  const folder = mkdtempSync(join(tmpdir(), 'health-'));
  const data = join(folder, 'data');
  const bucket = new FilesystemBucket(data, seededRandom(1));
  let ulid: string;
  beforeAll(async () => {
    [ulid] = (await makeBlocks(folder, steadySeries(100, 1_699_999_200_000, 1))) as [string];
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is sound, and its counts are those of meta.json', async () => {
    const health = await checkBlock(bucket, ulid, 'chunks');
    expect(health.faults).toEqual([]);
    const { numSeries, numChunks, numSamples } = health.meta.stats;
    expect(health).toMatchObject({
      seriesCount: numSeries,
      chunkCount: numChunks,
      sampleCount: numSamples,
      encodings: new Set([1]),
    });
    expect(health.seriesCount).toBe(100);
    expect((await checkBlock(bucket, ulid, 'index')).sampleCount).toBe(0);
  });

  it.each(['index', 'chunks/000001'])(
    'shows every flipped bit of %s, but in bytes that nobody reads',
    async (file) => {
      const path = join(data, ulid, file);
      const good = readFileSync(path);
      const random = seededRandom(3);
      let unseen = 0;
      for (let round = 0; round < 60; round++) {
        const damaged = Buffer.from(good);
        const at = Math.floor(random.next() * good.length);
        damaged[at]! ^= 1 << Math.floor(random.next() * 8);
        writeFileSync(path, damaged);
        const { faults } = await checkBlock(bucket, ulid, 'chunks');
        // Padding between series is of no meaning; everything else has a checksum.
        if (faults.length === 0) {
          expect(file).toBe('index');
          expect(good[at]).toBe(0);
          unseen++;
        }
      }
      writeFileSync(path, good);
      expect(unseen).toBeLessThan(15);
    },
  );

  it.each(['index', 'chunks/000001'])('shows that %s is cut off or absent', async (file) => {
    const path = join(data, ulid, file);
    const good = readFileSync(path);
    for (const keep of [0, 4, 60, Math.floor(good.length / 2), good.length - 1]) {
      truncateSync(path, keep);
      expect((await checkBlock(bucket, ulid, 'chunks')).faults).not.toEqual([]);
    }
    rmSync(path);
    expect((await checkBlock(bucket, ulid, 'chunks')).faults).toEqual([expect.stringContaining('is absent')]);
    writeFileSync(path, good);
  });

  it('shows a meta.json that says other counts or another time', async () => {
    const path = join(data, ulid, 'meta.json');
    const good = readFileSync(path, 'utf8');
    const meta = JSON.parse(good);
    for (const wrong of [
      { ...meta, stats: { ...meta.stats, numSeries: 99 } },
      { ...meta, stats: { ...meta.stats, numSamples: 1 } },
      { ...meta, maxTime: meta.maxTime - 100_000 },
    ]) {
      writeFileSync(path, JSON.stringify(wrong));
      expect((await checkBlock(bucket, ulid, 'chunks')).faults).not.toEqual([]);
    }
    writeFileSync(path, good);
  });
});
