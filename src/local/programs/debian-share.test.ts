import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { relocateDebianShare, renewDebianShare } from './debian-share.ts';

const packaged = '/usr/share/prometheus/alertmanager';
let folder: string;
const made: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'promfleet-share-'));
});
afterEach(() => {
  for (const path of [folder, ...made.splice(0)]) rmSync(path, { recursive: true, force: true });
});

/** The folder in which a program looks for its templates. */
function templatesOf(program: string): string {
  const found = /\/tmp\/promfleet-[0-9a-f]{12}/.exec(readFileSync(program, 'latin1'))?.[0] ?? '';
  made.push(found);
  return found;
}

/** A cache with an unpacked program and its templates. */
async function cacheAt(cacheDir: string): Promise<string> {
  const root = join(folder, 'unpacked');
  mkdirSync(join(root, packaged), { recursive: true });
  mkdirSync(cacheDir, { recursive: true });
  writeFileSync(join(root, packaged, 'default.tmpl'), 'the default');
  const program = join(cacheDir, 'alertmanager');
  writeFileSync(program, `code before ${packaged}/default.tmpl and after`);
  expect(await relocateDebianShare(program, root, cacheDir)).toBeNull();
  return program;
}

describe('a program of an unpacked Debian package', () => {
  it('finds its templates, and is as long as before', async () => {
    const program = await cacheAt(join(folder, 'cache'));
    expect(readFileSync(join(templatesOf(program), 'default.tmpl'), 'utf8')).toBe('the default');
    expect(readFileSync(program, 'utf8')).toHaveLength(
      `code before ${packaged}/default.tmpl and after`.length,
    );
  });

  it('finds them again after a restart of the machine took the link away', async () => {
    const cacheDir = join(folder, 'cache');
    const program = await cacheAt(cacheDir);
    rmSync(templatesOf(program));
    await renewDebianShare(program, cacheDir);
    expect(existsSync(join(templatesOf(program), 'default.tmpl'))).toBe(true);
  });

  it('finds its own in a copy of the cache, also when the first one is gone, and leaves the first one alone', async () => {
    const first = await cacheAt(join(folder, 'cache'));
    const before = readFileSync(first);
    cpSync(join(folder, 'cache'), join(folder, 'copy'), { recursive: true });
    const copy = join(folder, 'copy', 'alertmanager');
    await renewDebianShare(copy, join(folder, 'copy'));
    expect(readFileSync(first)).toEqual(before);
    expect(templatesOf(copy)).not.toBe(templatesOf(first));
    rmSync(join(folder, 'cache'), { recursive: true });
    expect(readFileSync(join(templatesOf(copy), 'default.tmpl'), 'utf8')).toBe('the default');
  });
});
