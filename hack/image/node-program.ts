import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { runProgram } from '../../src/local/programs/run.ts';
import { extractTarFile } from '../../src/local/programs/tar.ts';
import { root } from '../bundle.ts';
import type { Architecture } from './oci-archive.ts';

const downloadTimeoutMs = 5 * 60_000;
const npmNames: Readonly<Record<Architecture, string>> = { amd64: 'x64', arm64: 'arm64' };

export interface NodeProgram {
  readonly version: string;
  readonly program: Buffer;
  /** Text of Node's own licence file with those of what it contains. */
  readonly license: string;
}

/**
 * Node of the version that package.json pins, for an architecture: from node_modules where it is this machine's, else from
 * its npm package, kept below `cacheDir`.
 */
export async function nodeProgram(architecture: Architecture, cacheDir: string): Promise<NodeProgram> {
  const version = pinnedVersion();
  const packageName = `node-linux-${npmNames[architecture]}`;
  const installed = join(root, 'node_modules/node/node_modules', packageName);
  if (existsSync(join(installed, 'bin/node'))) {
    const { version: found } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
      version: string;
    };
    if (found === version)
      return {
        version,
        program: readFileSync(join(installed, 'bin/node')),
        license: readFileSync(join(installed, 'LICENSE'), 'utf8'),
      };
  }
  const folder = join(cacheDir, `${packageName}-${version}`);
  if (!existsSync(folder)) await download(`${packageName}@${version}`, folder, cacheDir);
  return {
    version,
    program: readFileSync(join(folder, 'node')),
    license: readFileSync(join(folder, 'LICENSE'), 'utf8'),
  };
}

function pinnedVersion(): string {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: { node: string };
  };
  return manifest.dependencies.node;
}

async function download(specifier: string, folder: string, cacheDir: string): Promise<void> {
  mkdirSync(cacheDir, { recursive: true });
  const scratch = mkdtempSync(join(cacheDir, 'node-'));
  try {
    const packed = await runProgram('npm', ['pack', '--silent', '--pack-destination', scratch, specifier], {
      cwd: scratch,
      env: process.env,
      timeoutMs: downloadTimeoutMs,
    });
    const archive = readdirSync(scratch).find((name) => name.endsWith('.tgz'));
    if (packed.code !== 0 || archive === undefined)
      throw new Error(`npm pack ${specifier}: ${packed.output.trim()}`);
    mkdirSync(join(scratch, 'package'));
    for (const [inside, name] of [
      ['package/bin/node', 'node'],
      ['package/LICENSE', 'LICENSE'],
    ] as const)
      await extractTarFile(
        createReadStream(join(scratch, archive)).pipe(createGunzip()),
        inside,
        join(scratch, 'package', name),
      );
    renameSync(join(scratch, 'package'), folder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
