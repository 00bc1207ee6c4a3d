import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { seededRandom } from '../../base/random.ts';
import { DiskCache } from './disk-cache.ts';

describe('a cache of index parts on disk', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'disk-cache-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** A clock that never stands still, so that the order of use shows in the files' times. */
  let nowMs = 1_700_000_000_000;
  const clock = { ...systemClock, nowMs: () => (nowMs += 1000) };
  const open = (owner: string, limitBytes = 1000) =>
    DiskCache.open({ folder, owner, limitBytes }, { clock, random: seededRandom(1) });
  const content = (byte: number, length = 96) => new Uint8Array(length).fill(byte);

  it('gives back what was put in, after a restart too, and to its own bucket only', async () => {
    const cache = await open('one');
    expect(await cache.get('a')).toBeUndefined();
    await cache.put('a', content(1));
    expect(await cache.get('a')).toEqual(content(1));
    expect(await (await open('one')).get('a')).toEqual(content(1));
    expect(await (await open('two')).get('a')).toBeUndefined();
  });

  it('stays within its limit and lets the least recently used go, also over a restart', async () => {
    const first = await open('bounded');
    for (let i = 0; i < 10; i++) await first.put(`part ${i}`, content(i));
    expect(first.sizeBytes).toBe(1000);
    for (const i of [0, 1]) expect(await first.get(`part ${i}`)).toEqual(content(i));
    await first.put('one more', content(99));
    expect(first.sizeBytes).toBe(1000);
    expect(await first.get('part 2')).toBeUndefined();
    expect(await first.get('part 0')).toEqual(content(0));
    await first.put('too large for it', content(5, 2000));
    expect(await first.get('too large for it')).toBeUndefined();

    const second = await open('bounded', 300);
    expect(second.sizeBytes).toBeLessThanOrEqual(300);
    expect(await second.get('part 0')).toEqual(content(0));
    expect(await second.get('part 3')).toBeUndefined();
  });

  it('gives nothing where a file is damaged, cut off or stands under another name', async () => {
    const cache = await open('damaged', 10_000);
    await cache.put('a', content(1));
    const owners = await readdir(folder);
    const held = await Promise.all(
      owners.map(async (name) => ({ name, files: await readdir(join(folder, name)) })),
    );
    const paths = held.flatMap(({ name, files }) => files.map((file) => join(folder, name, file)));
    for (const damage of [
      (bytes: Buffer) => bytes.with(0, 9),
      (bytes: Buffer) => bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1),
      (bytes: Buffer) => bytes.subarray(0, bytes.length - 5),
      () => Buffer.alloc(0),
    ]) {
      await cache.put('a', content(1));
      const good = await Promise.all(paths.map((path) => readFile(path).catch(() => undefined)));
      for (const [i, path] of paths.entries())
        if (good[i] !== undefined) await writeFile(path, damage(good[i]!));
      expect(await cache.get('a')).toBeUndefined();
      for (const [i, path] of paths.entries()) if (good[i] !== undefined) await writeFile(path, good[i]!);
    }
  });
});
