import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImageArchive } from '../../hack/image/oci-archive.ts';
import { promfleetImage } from '../../hack/image/promfleet-image.ts';
import { tarArchive } from '../../hack/image/tar.ts';

const name = 'registry.example/promfleet:test';
const megabyte = 1_000_000;
const folder = mkdtempSync(join(tmpdir(), 'promfleet-image-'));
const rootfs = join(folder, 'rootfs');
let image: ImageArchive;

interface Blob {
  readonly digest: string;
}

const blob = (digest: string) => join(folder, 'layout', 'blobs', digest.replace(':', '/'));
const json = <T>(path: string) => JSON.parse(readFileSync(path, 'utf8')) as T;
const tar = (...args: readonly string[]) => execFileSync('tar', args, { encoding: 'utf8' });

beforeAll(async () => {
  image = await promfleetImage(name, ['amd64']);
  writeFileSync(join(folder, 'image.tar'), image.bytes);
  execFileSync('mkdir', ['-p', rootfs, join(folder, 'layout')]);
  tar('-xf', join(folder, 'image.tar'), '-C', join(folder, 'layout'));
  for (const { digest } of manifest().layers) tar('-xzf', blob(digest), '-C', rootfs);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function manifest() {
  const index = json<{ manifests: (Blob & { annotations: Record<string, string> })[] }>(
    join(folder, 'layout', 'index.json'),
  );
  const [first] = index.manifests;
  expect(first?.annotations['io.containerd.image.name']).toBe(name);
  expect(first?.digest).toBe(image.digest);
  return json<{ config: Blob; layers: readonly Blob[] }>(blob(image.digest));
}

const files = () =>
  manifest()
    .layers.flatMap(({ digest }) => tar('-tvzf', blob(digest)).trim().split('\n'))
    .map((line) => {
      const [mode = '', owner = '', , , , ...rest] = line.split(/\s+/);
      return { mode, owner, path: rest.join(' ') };
    });

describe('the image', () => {
  it('is the same to the byte when it is built again', async () => {
    const again = await promfleetImage(name, ['amd64']);
    expect(again.digest).toBe(image.digest);
    expect(again.bytes.equals(image.bytes)).toBe(true);
  });

  it('takes at most 120 MB to download', () => {
    expect(image.compressedBytes.amd64).toBeGreaterThan(20 * megabyte);
    expect(image.compressedBytes.amd64).toBeLessThanOrEqual(120 * megabyte);
  });

  it('holds two programs, no shell and nothing that gives rights', () => {
    const executables = files().filter(({ mode }) => mode.startsWith('-') && mode.includes('x'));
    expect(executables.map(({ path }) => path).sort()).toEqual([
      'opt/promfleet/bin/promfleet.js',
      'usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2',
      'usr/local/bin/node',
    ]);
    expect(files().filter(({ mode }) => /[sS]/.test(mode))).toEqual([]);
    expect(files().filter(({ owner }) => owner !== '0/0')).toEqual([]);
    expect(
      files().filter(({ mode, path }) => mode[8] === 'w' && !mode.startsWith('l') && path !== 'tmp/'),
    ).toEqual([]);
  });

  it('runs as nobody and is started by its own command', () => {
    const { config, user } = json<{ config: Record<string, unknown>; user?: string }>(
      blob(manifest().config.digest),
    );
    expect(user).toBeUndefined();
    expect(config).toMatchObject({ User: '65534:65534', Entrypoint: ['promfleet'] });
  });

  it('lists each package that is inside with its licence', () => {
    const bill = json<{ components: { name: string; version: string; purl: string; licenses: unknown[] }[] }>(
      join(rootfs, 'usr/share/promfleet/sbom.cdx.json'),
    );
    const names = bill.components.map((component) => component.name);
    for (const expected of ['node', 'libc6', 'libstdc++6', 'ca-certificates', 'undici', '@aws-sdk/client-s3'])
      expect(names).toContain(expected);
    // Tools that only build or test are not inside.
    for (const refused of ['typescript', 'vitest', 'rolldown']) expect(names).not.toContain(refused);
    const texts = readFileSync(join(rootfs, 'usr/share/promfleet/THIRD-PARTY-LICENSES.txt'), 'utf8');
    for (const component of bill.components) {
      expect(component.purl).toMatch(/^pkg:(npm|deb|generic)\/[^@]+@[^@]+$/);
      expect(component.licenses).toHaveLength(1);
      expect(texts).toContain(`${component.name} ${component.version}`);
    }
  });

  it.runIf(process.getuid?.() === 0)('runs with nothing but its own files', () => {
    const run = (...command: readonly string[]) =>
      execFileSync('/usr/sbin/chroot', ['--userspec=65534:65534', rootfs, ...command], {
        encoding: 'utf8',
        env: { PATH: '/usr/local/bin', NODE_OPTIONS: '--use-openssl-ca' },
      });
    expect(run('/usr/local/bin/promfleet', '--version')).toBe('0.1.0\n');
    const authorities = "require('node:tls').createSecureContext(); console.log('ok')";
    expect(run('/usr/local/bin/node', '-e', authorities)).toBe('ok\n');
  });
});

describe('a tar archive', () => {
  it('keeps long paths, links, modes and contents', () => {
    const long = `${'folder-of-some-length/'.repeat(9)}file-with-a-name`;
    const bytes = tarArchive([
      { path: long, content: Buffer.from('content'), executable: true },
      { path: 'link', link: long.slice(0, 90) },
      { path: 'tmp', folder: true, mode: 0o1777 },
    ]);
    const file = join(folder, 'small.tar');
    writeFileSync(file, bytes);
    const listed = tar('-tvf', file).trim().split('\n');
    expect(listed.at(-2)).toMatch(/^lrwxrwxrwx 0\/0 +0 1970-01-01 00:00 link -> folder/);
    expect(listed.at(-1)).toMatch(/^drwxrwxrwt 0\/0 .* tmp\/$/);
    expect(tar('-xOf', file, long)).toBe('content');
  });

  it('refuses what the format cannot hold', () => {
    expect(() => tarArchive([{ path: 'x'.repeat(101), content: Buffer.alloc(0) }])).toThrow(/too long/);
  });
});
