import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bucket, getObject } from './bucket.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (value: Uint8Array) => new TextDecoder().decode(value);

async function keys(
  bucket: Bucket,
  prefix: string,
  options = {},
): Promise<{ keys: string[]; prefixes: string[] }> {
  const found = { keys: [] as string[], prefixes: [] as string[] };
  for await (const page of bucket.list(prefix, options)) {
    found.keys.push(...page.objects.map((object) => object.key));
    found.prefixes.push(...page.prefixes);
  }
  return found;
}

/** What every adapter promises. `open` gives an empty bucket; it is closed and forgotten afterwards. */
export function bucketContract(name: string, open: () => Promise<Bucket>): void {
  describe(`${name} as a bucket`, () => {
    let bucket: Bucket;
    let folder: string;
    beforeAll(async () => {
      bucket = await open();
      folder = await mkdtemp(join(tmpdir(), 'bucket-'));
    });
    afterAll(async () => {
      await bucket?.close();
      await rm(folder, { recursive: true, force: true });
    });

    it('returns what was put, whole and in ranges', async () => {
      await bucket.put('a/one', bytes('0123456789'));
      expect(text(await getObject(bucket, 'a/one', 100))).toBe('0123456789');
      expect(text(await bucket.getRange('a/one', 3, 4))).toBe('3456');
      expect(text(await bucket.getRange('a/one', 8, 10))).toBe('89');
      expect(text(await bucket.getRange('a/one', 10, 10))).toBe('');
      expect(text(await bucket.getRange('a/one', 2, 0))).toBe('');
      expect(await bucket.head('a/one')).toMatchObject({ key: 'a/one', sizeBytes: 10 });
    });

    it('stores a local file as it is, an empty one too', async () => {
      const file = join(folder, 'f');
      const content = Buffer.alloc(300_000, 'promfleet');
      await writeFile(file, content);
      await bucket.put('a/file', { file });
      expect(Buffer.compare(await getObject(bucket, 'a/file', 1_000_000), content)).toBe(0);
      await bucket.put('a/empty', new Uint8Array(0));
      expect(await bucket.head('a/empty')).toMatchObject({ sizeBytes: 0 });
    });

    it('replaces an object, and stores an absent one only once', async () => {
      await bucket.put('b/x', bytes('old'));
      await bucket.put('b/x', bytes('new'));
      expect(await bucket.putIfAbsent('b/x', bytes('late'))).toBe(false);
      expect(text(await getObject(bucket, 'b/x', 10))).toBe('new');
      const results = await Promise.all(
        Array.from({ length: 8 }, (_, i) => bucket.putIfAbsent('b/race', bytes(`writer ${i}`))),
      );
      expect(results.filter(Boolean)).toHaveLength(1);
      expect(text(await getObject(bucket, 'b/race', 20))).toBe(`writer ${results.indexOf(true)}`);
    });

    it('lists keys below a prefix in byte order, folders apart when asked', async () => {
      for (const key of ['c/2/b', 'c/10/a', 'c/z', 'c/é', 'c/2/a', 'cc/x']) await bucket.put(key, bytes(key));
      expect((await keys(bucket, 'c/')).keys).toEqual(['c/10/a', 'c/2/a', 'c/2/b', 'c/z', 'c/é']);
      expect(await keys(bucket, 'c/', { shallow: true })).toEqual({
        keys: ['c/z', 'c/é'],
        prefixes: ['c/10/', 'c/2/'],
      });
      expect((await keys(bucket, 'c/', { startAfter: 'c/2/a' })).keys).toEqual(['c/2/b', 'c/z', 'c/é']);
      expect((await keys(bucket, 'c/2')).keys).toEqual(['c/2/a', 'c/2/b']);
      expect((await keys(bucket, 'nothing/')).keys).toEqual([]);
    });

    it('lists more keys than one page holds', async () => {
      await Promise.all(
        Array.from({ length: 1100 }, (_, i) => bucket.put(`page/${String(i).padStart(5, '0')}`, bytes('x'))),
      );
      const found = (await keys(bucket, 'page/')).keys;
      expect(found).toHaveLength(1100);
      expect(found).toEqual([...found].sort());
    });

    it('says that an absent object is absent, and deletes it without complaint', async () => {
      expect(await bucket.head('d/none')).toBeUndefined();
      await expect(bucket.getRange('d/none', 0, 1)).rejects.toMatchObject({ code: 'ObjectNotFound' });
      await bucket.delete('d/none');
      await bucket.put('d/gone', bytes('x'));
      await bucket.delete('d/gone');
      expect(await bucket.head('d/gone')).toBeUndefined();
      expect((await keys(bucket, 'd/')).keys).toEqual([]);
    });

    it.each(['', '/a', 'a//b', '../a', 'a/../../b', 'a/', './a'])('refuses the key %j', async (key) => {
      await expect(bucket.put(key, bytes('x'))).rejects.toMatchObject({ code: 'ObjectKeyInvalid' });
      await expect(bucket.getRange(key, 0, 1)).rejects.toMatchObject({ code: 'ObjectKeyInvalid' });
    });

    it('keeps keys with characters that URLs and file systems treat apart', async () => {
      for (const key of ['e/a b+c%20', "e/(x)!*'~", 'e/ü#?&=', 'e/"q"']) {
        await bucket.put(key, bytes(key));
        expect(text(await bucket.getRange(key, 0, 100))).toBe(key);
      }
    });

    it('refuses an object above the limit of its reader', async () => {
      await bucket.put('f/big', bytes('12345'));
      await expect(getObject(bucket, 'f/big', 4)).rejects.toMatchObject({ code: 'LimitExceeded' });
    });
  });
}
