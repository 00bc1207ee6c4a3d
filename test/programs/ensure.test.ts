import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ProgramEntry, programs } from '../../src/local/programs/catalogue.ts';
import { ensureProgram } from '../../src/local/programs/ensure.ts';
import type { Way } from '../../src/local/programs/way.ts';
import { releaseWay } from '../../src/local/programs/way-release.ts';

let folder: string;
let server: Server | null = null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'promfleet-programs-'));
});
afterEach(async () => {
  await new Promise<void>((resolve) => (server === null ? resolve() : server.close(() => resolve())));
  server = null;
  rmSync(folder, { recursive: true, force: true });
});

/** A program that prints a version, as each real one does. */
function script(version: string): string {
  return `#!${process.execPath}\nconsole.log('prometheus, version ${version}');\n`;
}

function wayThatGives(version: string, calls: string[] = []): Way {
  return {
    title: 'test way',
    async obtain(entry, context) {
      calls.push(entry.name);
      const file = join(context.scratchDir, entry.name);
      writeFileSync(file, script(version));
      chmodSync(file, 0o755);
      return { file };
    },
  };
}

const cacheDir = () => join(folder, 'cache');
const noPath = { PATH: '' };

describe('ensureProgram', () => {
  it('takes a program of a supported version from PATH', async () => {
    writeFileSync(join(folder, 'prometheus'), script('3.6.0'), { mode: 0o755 });
    const found = await ensureProgram('prometheus', {
      cacheDir: cacheDir(),
      environment: { PATH: folder },
      ways: [],
    });
    expect(found).toBe(join(folder, 'prometheus'));
  });

  it('passes over an old program on PATH and says why', async () => {
    writeFileSync(join(folder, 'prometheus'), script('2.42.0'), { mode: 0o755 });
    const messages: string[] = [];
    const found = await ensureProgram('prometheus', {
      cacheDir: cacheDir(),
      environment: { PATH: folder },
      ways: [wayThatGives('3.5.3')],
      progress: (event) => messages.push(`${event.state} ${event.message}`),
    });
    expect(found).toBe(join(cacheDir(), 'prometheus-3.5.3', 'prometheus'));
    expect(messages[0]).toMatch(/^skipped .*2\.42\.0: from 3\.5\.0 up to 4\.0\.0 is needed$/);
  });

  it('obtains a program once when asked by several callers, then answers from the cache', async () => {
    const calls: string[] = [];
    const options = { cacheDir: cacheDir(), environment: noPath, ways: [wayThatGives('3.5.3', calls)] };
    const found = await Promise.all([1, 2, 3].map(() => ensureProgram('prometheus', options)));
    expect(new Set(found).size).toBe(1);
    expect(calls).toEqual(['prometheus']);
    expect(readdirSync(cacheDir())).toEqual(['prometheus-3.5.3']);
  });

  it('takes over the lock of a dead process and removes what it left half done', async () => {
    mkdirSync(join(cacheDir(), '.partial-dead'), { recursive: true });
    writeFileSync(join(cacheDir(), 'lock'), '4194305');
    await ensureProgram('prometheus', {
      cacheDir: cacheDir(),
      environment: noPath,
      ways: [wayThatGives('3.5.3')],
    });
    expect(readdirSync(cacheDir())).toEqual(['prometheus-3.5.3']);
  });

  it('names every way and its reason when none works', async () => {
    const none: Way = { title: 'nothing', obtain: async () => ({ skipped: 'no luck' }) };
    const attempt = ensureProgram('prometheus', {
      cacheDir: cacheDir(),
      environment: noPath,
      ways: [none, wayThatGives('1.0.0')],
    });
    await expect(attempt).rejects.toMatchObject({
      code: 'ProgramUnavailable',
      message: expect.stringMatching(/nothing: no luck; test way: what it gave has version 1\.0\.0/),
    });
  });
});

describe('upstream release', () => {
  /** Serves one release archive; `checksum` may lie. */
  async function serve(content: string, checksum?: string): Promise<ProgramEntry> {
    const archive = gzipSync(
      Buffer.concat([tarEntry('x-1/README', 'read me'), tarEntry('x-1/prometheus', content)]),
    );
    const hash = checksum ?? createHash('sha256').update(archive).digest('hex');
    server = createServer((request, response) => {
      response.end(request.url === '/x.tar.gz' ? archive : `${hash}  x.tar.gz\n`);
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const entry = programs.get('prometheus') as ProgramEntry;
    return {
      ...entry,
      release: () => ({
        url: `${base}/x.tar.gz`,
        checksumsUrl: `${base}/sums`,
        pathInArchive: 'x-1/prometheus',
      }),
    };
  }
  const context = () => {
    const scratchDir = mkdtempSync(join(folder, 'scratch-'));
    mkdirSync(cacheDir(), { recursive: true });
    return {
      cacheDir: cacheDir(),
      scratchDir,
      environment: noPath,
      platform: 'linux' as const,
      arch: 'x64',
      say: () => undefined,
    };
  };

  it('unpacks the program when its checksum is right and remembers the checksum', async () => {
    const result = await releaseWay.obtain(await serve(script('3.5.3')), context());
    expect(result).toHaveProperty('file');
    if ('file' in result) expect(readFileSync(result.file, 'utf8')).toBe(script('3.5.3'));
    expect(Object.keys(JSON.parse(readFileSync(join(cacheDir(), 'programs.lock.json'), 'utf8')))).toEqual([
      'x.tar.gz@3.5.3',
    ]);
  });

  it('refuses an archive with a wrong checksum', async () => {
    const result = await releaseWay.obtain(await serve(script('3.5.3'), 'f'.repeat(64)), context());
    expect(result).toMatchObject({ skipped: expect.stringContaining('its release says ffff') });
    expect(existsSync(join(cacheDir(), 'programs.lock.json'))).toBe(false);
  });

  it('refuses a release that changed since its checksum was remembered', async () => {
    mkdirSync(cacheDir(), { recursive: true });
    writeFileSync(
      join(cacheDir(), 'programs.lock.json'),
      JSON.stringify({ 'x.tar.gz@3.5.3': '0'.repeat(64) }),
    );
    const result = await releaseWay.obtain(await serve(script('3.5.3')), context());
    expect(result).toMatchObject({ skipped: expect.stringContaining('changed upstream') });
  });

  it('says so at once when the host cannot be reached', async () => {
    const entry = await serve(script('3.5.3'));
    await new Promise<void>((resolve) => server?.close(() => resolve()));
    server = null;
    expect(await releaseWay.obtain(entry, context())).toMatchObject({
      skipped: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

/** One ustar entry. */
function tarEntry(path: string, content: string): Buffer {
  const header = Buffer.alloc(512);
  const bytes = Buffer.from(content);
  header.write(path, 0);
  header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('0', 156);
  header.write('ustar\0', 257);
  return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}
