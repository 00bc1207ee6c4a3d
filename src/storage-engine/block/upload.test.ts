import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import { seededRandom } from '../../base/random.ts';
import type { Bucket } from '../bucket/bucket.ts';
import { MemoryBucket } from '../bucket/memory-bucket.ts';
import { FaultyBucket, Killed } from '../bucket/testing/faulty-bucket.ts';
import type { BlockMeta } from '../format/block-meta.ts';
import { deleteBlock } from './delete.ts';
import { markBlock, readMark, unmarkBlock } from './marks.ts';
import { FileDigest, holds } from './object-digest.ts';
import { type LocalBlock, uploadBlock } from './upload.ts';

const ulid = '01KABCDEFGHJKMNPQRSTVWXYZ0';
const meta: BlockMeta = {
  ulid,
  minTime: 0,
  maxTime: 7_200_000,
  stats: {},
  compaction: { level: 1, sources: [ulid] },
  version: 1,
};
const folder = mkdtempSync(join(tmpdir(), 'upload-'));
mkdirSync(join(folder, 'chunks'));
const contents: Record<string, Buffer> = {
  'chunks/000001': Buffer.alloc(limits.digestReadBytes + 17, 'ab'),
  'chunks/000002': Buffer.alloc(1000, 'cd'),
  index: Buffer.alloc(3000, 'ef'),
};
for (const [path, content] of Object.entries(contents)) writeFileSync(join(folder, path), content);
const block: LocalBlock = { folder, meta, files: Object.keys(contents) };
afterAll(() => rmSync(folder, { recursive: true }));

async function stored(bucket: Bucket): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of bucket.list(`${ulid}/`))
    keys.push(...page.objects.map(({ key }) => key.slice(27)));
  return keys;
}

async function whole(bucket: Bucket): Promise<boolean> {
  for (const [path, content] of Object.entries(contents)) {
    const bytes = await bucket
      .getRange(`${ulid}/${path}`, 0, content.length + 1)
      .catch(() => new Uint8Array());
    if (Buffer.compare(bytes, content) !== 0) return false;
  }
  return (await bucket.head(`${ulid}/meta.json`)) !== undefined;
}

describe('an uploaded block', () => {
  it('appears whole, its meta.json last, and is not sent twice', async () => {
    const bucket = new MemoryBucket(systemClock);
    const order: string[] = [];
    const onObject = (key: string) => order.push(key.slice(27));
    expect(await uploadBlock(bucket, block, { onObject })).toBe('uploaded');
    expect(order).toEqual(['chunks/000001', 'chunks/000002', 'index', 'meta.json']);
    expect(await whole(bucket)).toBe(true);
    expect(await uploadBlock(bucket, block)).toBe('present');
  });

  it('is whole after a kill before or after any operation, once the upload is started again', async () => {
    for (let killAt = 1; ; killAt += 0.5) {
      const store = new MemoryBucket(systemClock);
      const dying = new FaultyBucket(store, seededRandom(1));
      dying.killAt = killAt;
      const outcome = await uploadBlock(dying, block).catch((error) => error);
      // A reader must never take a block for one that is there while a part is not.
      if ((await store.head(`${ulid}/meta.json`)) !== undefined) expect(await whole(store)).toBe(true);
      let sent = 0;
      await uploadBlock(store, block, { onObject: (_key, bytes) => (sent += bytes) });
      expect(await whole(store)).toBe(true);
      if (outcome === 'uploaded') break;
      expect(outcome).toBeInstanceOf(Killed);
      // What the first run stored is not sent again.
      if (killAt > 10) expect(sent).toBeLessThan(contents['chunks/000001']!.length);
    }
  });

  it('is whole after enough tries against a store that refuses, forgets to answer, lists late and flips bits', async () => {
    for (let seed = 1; seed <= 100; seed++) {
      const store = new MemoryBucket(systemClock);
      const bucket = new FaultyBucket(store, seededRandom(seed), {
        refused: 0.1,
        lostAnswer: 0.1,
        staleList: 0.5,
        bitRot: 0.1,
      });
      for (let attempt = 0; attempt < 200; attempt++) {
        const done = await uploadBlock(bucket, block).catch((error) => {
          expect(error.code).toMatch(/BucketUnavailable|BlockUploadIncomplete/);
        });
        if ((await store.head(`${ulid}/meta.json`)) !== undefined && done !== undefined) break;
      }
      const bits = await Promise.all(
        Object.entries(contents).map(
          async ([path, content]) =>
            Buffer.compare(await store.getRange(`${ulid}/${path}`, 0, 1e9), content) === 0,
        ),
      );
      expect(bits, `seed ${seed}`).toEqual([true, true, true]);
    }
  });

  it('is taken back where its writer slept while others cleaned up, and is whole after the next try', async () => {
    const store = new MemoryBucket(systemClock);
    const sleepy = new Proxy(store, {
      get(target, name) {
        if (name !== 'put') return Reflect.get(target, name).bind?.(target) ?? Reflect.get(target, name);
        return async (key: string, body: Uint8Array) => {
          if (key.endsWith('meta.json')) await deleteBlock(target, ulid);
          await target.put(key, body);
        };
      },
    });
    await expect(uploadBlock(sleepy, block)).rejects.toMatchObject({ code: 'BlockUploadIncomplete' });
    expect(await stored(store)).toEqual([]);
    expect(await uploadBlock(store, block)).toBe('uploaded');
    expect(await whole(store)).toBe(true);
  });
});

describe('a deleted block', () => {
  it('loses meta.json first and its mark last, whatever step a kill hits', async () => {
    for (let killAt = 1; ; killAt += 0.5) {
      const store = new MemoryBucket(systemClock);
      await uploadBlock(store, block);
      await markBlock(store, systemClock, { kind: 'deletion', ulid, details: 'test', reason: '' });
      const dying = new FaultyBucket(store, seededRandom(1));
      dying.killAt = killAt;
      const outcome = await deleteBlock(dying, ulid).catch((error) => error);
      const left = await stored(store);
      if (left.includes('meta.json')) expect(await whole(store)).toBe(true);
      if (left.length > 0) expect(left).toContain('deletion-mark.json');
      await deleteBlock(store, ulid);
      expect(await stored(store)).toEqual([]);
      if (outcome === 5) break;
    }
  });
});

describe('a mark', () => {
  it.each(['deletion', 'no-compact', 'no-downsample'] as const)('%s keeps its first time', async (kind) => {
    let nowMs = 1_700_000_000_123;
    const clock = { ...systemClock, nowMs: () => nowMs };
    const bucket = new MemoryBucket(clock);
    const mark = { kind, ulid, details: 'why', reason: kind === 'deletion' ? '' : 'manual' };
    expect(await readMark(bucket, kind, ulid)).toBeUndefined();
    expect(await markBlock(bucket, clock, mark)).toBe(true);
    nowMs += 60_000;
    expect(await markBlock(bucket, clock, mark)).toBe(false);
    expect(await readMark(bucket, kind, ulid)).toEqual({ ...mark, markedMs: 1_700_000_000_000 });
    await unmarkBlock(bucket, kind, ulid);
    expect(await readMark(bucket, kind, ulid)).toBeUndefined();
  });
});

describe('the digest of a file', () => {
  it('gives the ETag of S3, that of an upload in parts too', async () => {
    const file = join(folder, 'parts');
    writeFileSync(file, Buffer.alloc(limits.s3PartBytes + 1));
    expect(await (await FileDigest.of(file)).etag()).toMatch(/^[0-9a-f]{32}-2$/);
    writeFileSync(file, '');
    const empty = await FileDigest.of(file);
    expect([empty.sizeBytes, await empty.etag()]).toEqual([0, 'd41d8cd98f00b204e9800998ecf8427e']);
  });

  it.each([
    ['without an ETag', undefined],
    ["with another's", 'ab-2'],
  ])('%s is known by the bytes', async (_title, etag) => {
    const file = join(folder, 'bytes');
    const content = Buffer.alloc(limits.digestReadBytes * 2 + 7, 5);
    writeFileSync(file, content);
    const bucket = new MemoryBucket(systemClock);
    const digest = await FileDigest.of(file);
    for (const at of [-1, 0, content.length - 1]) {
      const stored = Buffer.from(content);
      if (at >= 0) stored[at]! ^= 1;
      await bucket.put('key', stored);
      const info = {
        key: 'key',
        sizeBytes: stored.length,
        modifiedMs: 0,
        ...(etag !== undefined && { etag }),
      };
      expect(await holds(bucket, info, digest)).toBe(at < 0);
    }
  });
});
