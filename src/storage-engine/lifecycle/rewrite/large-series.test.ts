import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { limits } from '../../../base/limits.ts';
import { seededRandom } from '../../../base/random.ts';
import { FilesystemBucket } from '../../bucket/filesystem-bucket.ts';
import { decodeAggregateChunk } from '../../format/aggregate-chunk.ts';
import { encodeXorChunk } from '../../format/chunk-xor.ts';
import { floatOfBits } from '../../format/histogram-layout.ts';
import { type EncodedChunk, makeBlock, readBlock } from '../testing/make-block.ts';
import { BatchKernel } from './batch-kernel.ts';
import { inlinePool } from './batch-pool.ts';
import { decodeRaw } from './decoded-chunk.ts';
import { processBatch } from './process-batch.ts';
import { type RewriteInput, rewriteBlocks } from './rewrite.ts';

const root = mkdtempSync(join(tmpdir(), 'large-series-'));
afterAll(() => rmSync(root, { recursive: true, force: true }), 60_000);

const stepMs = 15_000;
const windowMs = 300_000;
const perChunk = 1_000;
const chunks = Math.ceil((limits.rewriteBatchSamples * 1.1) / perChunk);
const startMs = 5_000_000 * windowMs;
const endMs = startMs + chunks * perChunk * stepMs;

/** One series that never changes, of more samples than are worked on at once. */
function store(ulid: string, shiftMs: number): RewriteInput {
  const valueBits = new BigUint64Array(perChunk).fill(0x3ff0000000000000n);
  const encoded = Array.from({ length: chunks }, (_, chunk): EncodedChunk => {
    const first = startMs + shiftMs + chunk * perChunk * stepMs;
    const timestamps = Float64Array.from({ length: perChunk }, (_, i) => first + i * stepMs);
    return {
      encoding: 1,
      data: encodeXorChunk({ timestamps, valueBits }),
      minTime: first,
      maxTime: timestamps.at(-1)!,
    };
  });
  const meta = makeBlock(root, [{ labels: { __name__: 'up' }, chunks: encoded }], {
    ulid,
    minTime: startMs,
    maxTime: endMs,
    compaction: { level: 1, sources: [ulid] },
  });
  return { meta, replica: shiftMs > 0 ? 1 : 0 };
}

const kernel = new BatchKernel();
const pool = {
  ...inlinePool,
  run: async (...[batch, parameters]: Parameters<typeof inlinePool.run>) =>
    processBatch(batch, parameters, kernel),
};

describe('a series of more samples than are worked on at once', { timeout: 240_000 }, () => {
  const first = store('01LARGE0000000000000000001', 0);
  const second = store('01LARGE0000000000000000002', 7_000);
  let made = 0;

  async function rewrite(inputs: readonly RewriteInput[], resolutionMs: number) {
    const ulid = `01LARGE00000000000000001${String(++made).padStart(2, '0')}`;
    await rewriteBlocks({
      bucket: new FilesystemBucket(root, seededRandom(1)),
      inputs,
      folder: join(root, ulid),
      minTime: startMs,
      maxTime: endMs,
      memoryBytes: 64 * 1024 * 1024,
      parameters: { native: false, resolutionMs, sourceResolutionMs: 0 },
      pool,
    });
    writeFileSync(join(root, ulid, 'meta.json'), JSON.stringify({ ...first.meta, ulid }));
    return [...(await readBlock(root, ulid)).values()][0]!;
  }

  it('is downsampled in parts that are cut between windows', async () => {
    const series = await rewrite([first], windowMs);
    let last = startMs - 1;
    for (const { data } of series.chunks) {
      const { count } = decodeAggregateChunk(data);
      const { timestamps, bits } = decodeRaw(count!.encoding, count!.data);
      timestamps.forEach((time, i) => {
        if (time <= last || floatOfBits(bits[i]!) !== windowMs / stepMs)
          throw new Error(`window ${time} after ${last} has ${floatOfBits(bits[i]!)} samples`);
        // The last window of a chunk ends with its last sample.
        if (Math.floor(time / windowMs) !== Math.floor(last / windowMs) + 1)
          throw new Error(`window ${time} after ${last}`);
        last = time;
      });
    }
    expect(last).toBe(endMs - stepMs);
  });

  it('is deduplicated in parts without a sample more or less', async () => {
    const { samples } = await rewrite([first, second], 0);
    // The second replica's last sample lies within an interval of the first one's.
    expect(samples.length).toBe(chunks * perChunk);
    for (let i = 0; i < samples.length; i++)
      if (samples[i]![0] !== startMs + i * stepMs) throw new Error(`sample ${i} is of ${samples[i]![0]}`);
  });
});
