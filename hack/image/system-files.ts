import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { unpackDebianPackages } from '../../src/local/programs/debian-packages.ts';
import type { Architecture } from './oci-archive.ts';
import type { TarEntry } from './tar.ts';

/** Debian's current stable release: Node is linked against its C and C++ libraries. */
const suite = 'trixie';
const packageNames = ['libc6', 'libstdc++6', 'libgcc-s1', 'gcc-14-base', 'ca-certificates'];

/** Folder of libraries and the loader's path by architecture, as the ABI fixes them. */
const layouts: Readonly<Record<Architecture, { readonly folder: string; readonly loader: string }>> = {
  amd64: { folder: 'usr/lib/x86_64-linux-gnu', loader: 'lib64/ld-linux-x86-64.so.2' },
  arm64: { folder: 'usr/lib/aarch64-linux-gnu', loader: 'lib/ld-linux-aarch64.so.1' },
};

/** Libraries that Node names as needed, and those that a program built with cgo may need beside them. */
const libraries = [
  'libc.so.6',
  'libm.so.6',
  'libdl.so.2',
  'libpthread.so.0',
  'libresolv.so.2',
  'libstdc++.so.6',
  'libgcc_s.so.1',
];

/** User and group `nobody`, as the pods' security contexts name them. */
export const nobodyId = 65534;

export interface SystemFiles {
  readonly entries: readonly TarEntry[];
  /** What is inside, for the bill of materials. */
  readonly packages: readonly DebianComponent[];
}

export interface DebianComponent {
  readonly name: string;
  readonly version: string;
  readonly architecture: Architecture;
  readonly suite: string;
  /** Text of the package's copyright file. */
  readonly copyright: string;
}

/**
 * What a program linked against the C library needs, and nothing else: no shell, no package manager. `cacheDir` keeps
 * package lists. Throws where Debian's tools are missing.
 */
export async function systemFiles(architecture: Architecture, cacheDir: string): Promise<SystemFiles> {
  mkdirSync(cacheDir, { recursive: true });
  const scratchDir = mkdtempSync(join(cacheDir, 'system-'));
  try {
    const { env: environment, platform } = process;
    const say = () => undefined;
    const unpacked = await unpackDebianPackages(
      { packageNames, suite, architecture },
      { cacheDir, scratchDir, environment, platform, say },
    );
    if ('skipped' in unpacked)
      throw new Error(`${unpacked.skipped}; without Debian's tools use the Dockerfile`);
    const { root, versions } = unpacked;
    const packages = packageNames.map((name): DebianComponent => {
      // Packages of one source may share the copyright file of one of them.
      const own = join(root, 'usr/share/doc', name, 'copyright');
      const shared = join(root, 'usr/share/doc/gcc-14-base/copyright');
      const copyright = readFileSync(existsSync(own) ? own : shared, 'utf8');
      return { name, version: versions.get(name) ?? '', architecture, suite, copyright };
    });
    return { entries: [...libraryEntries(root, architecture), ...fixedEntries(root)], packages };
  } finally {
    rmSync(scratchDir, { recursive: true, force: true });
  }
}

function libraryEntries(root: string, architecture: Architecture): TarEntry[] {
  const { folder, loader } = layouts[architecture];
  const loaderName = loader.slice(loader.indexOf('/') + 1);
  const isInLib64 = loader.startsWith('lib64/');
  return [
    ...[...libraries, loaderName].map(
      (name): TarEntry => ({
        path: `${folder}/${name}`,
        content: readFileSync(join(root, folder, name)),
        executable: name === loaderName,
      }),
    ),
    { path: 'lib', link: 'usr/lib' },
    ...(isInLib64 ? [{ path: 'lib64', link: 'usr/lib64' }] : []),
    {
      path: `usr/${loader}`,
      link: isInLib64
        ? `../${folder.slice('usr/'.length)}/${loaderName}`
        : `${folder.slice('usr/lib/'.length)}/${loaderName}`,
    },
  ];
}

function fixedEntries(root: string): TarEntry[] {
  const text = (path: string, content: string): TarEntry => ({ path, content: Buffer.from(content) });
  return [
    text(
      'etc/passwd',
      `root:x:0:0:root:/:/nonexistent\nnobody:x:${nobodyId}:${nobodyId}:nobody:/:/nonexistent\n`,
    ),
    text('etc/group', `root:x:0:\nnogroup:x:${nobodyId}:\n`),
    text('etc/nsswitch.conf', 'hosts: files dns\n'),
    text('etc/ssl/certs/ca-certificates.crt', authorities(join(root, 'usr/share/ca-certificates/mozilla'))),
    { path: 'tmp', folder: true, mode: 0o1777 },
  ];
}

/** All certificate authorities as one PEM file. */
function authorities(folder: string): string {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.crt'))
    .sort()
    .map((name) => `${readFileSync(join(folder, name), 'utf8').trimEnd()}\n`)
    .join('');
}
