import { existsSync, realpathSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../base/clock.ts';
import { StalledError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { acceptsVersion, type ProgramEntry, type ProgramName, parseVersion, programs } from './catalogue.ts';
import { readsDebianShare, renewDebianShare } from './debian-share.ts';
import { withFileLock } from './file-lock.ts';
import { findOnPath, isExecutable } from './path-search.ts';
import { lastLine, runProgram } from './run.ts';
import type { Way } from './way.ts';
import { debianWay } from './way-debian.ts';
import { goWay } from './way-go.ts';
import { releaseWay } from './way-release.ts';

/** One thing that happened while a program was looked for. */
export interface ProgramProgress {
  readonly program: ProgramName;
  /** `doing` may repeat; `skipped` says why a way was not possible; `ready` ends it. */
  readonly state: 'doing' | 'skipped' | 'ready';
  readonly message: string;
  /** Part done, in [0, 1], where it is known. */
  readonly fraction?: number;
}

export interface EnsureProgramOptions {
  /** Absolute folder that keeps obtained programs; `.promfleet/programs` below the working directory when absent. */
  readonly cacheDir?: string;
  readonly progress?: (event: ProgramProgress) => void;
  readonly environment?: NodeJS.ProcessEnv;
  readonly platform?: NodeJS.Platform;
  readonly arch?: string;
  readonly clock?: Clock;
  /** Ways after PATH and cache, in order; tests choose one. */
  readonly ways?: readonly Way[];
}

export const defaultWays: readonly Way[] = [releaseWay, debianWay, goWay];

/**
 * Absolute path of a program that runs here and has a version we support. Found on PATH, else in the cache, else
 * obtained by the first way that works. Safe to call from several processes at once; a killed call leaves nothing
 * half done. Rejects with ProgramUnavailable, which names what was tried and why it failed.
 */
export async function ensureProgram(name: ProgramName, options: EnsureProgramOptions = {}): Promise<string> {
  const entry = programs.get(name);
  if (entry === undefined)
    throw new StalledError('ProgramUnavailable', `no program is called ${String(name)}`);
  const environment = options.environment ?? process.env;
  const asked = options.cacheDir ?? join(process.cwd(), '.promfleet', 'programs');
  // The folder itself, whatever link it was named by.
  const cacheDir = existsSync(asked) ? realpathSync(asked) : asked;
  const tell = (state: ProgramProgress['state'], message: string, fraction?: number) =>
    options.progress?.({ program: name, state, message, ...(fraction === undefined ? {} : { fraction }) });

  const onPath = await findSystemProgram(entry, environment, (message) => tell('skipped', message));
  if (onPath !== null) {
    tell('ready', `${name} ${onPath.version} found at ${onPath.file}`);
    return onPath.file;
  }
  const cached = join(cacheDir, `${name}-${entry.version}`, name);
  if (isExecutable(cached)) {
    if (readsDebianShare(entry.debian.packageName)) await renewDebianShare(cached, cacheDir);
    tell('ready', `${name} found at ${cached}`);
    return cached;
  }
  // One lock for all programs: apt's own lists are shared between them.
  const waiting = () => tell('doing', `waiting for another process that obtains programs into ${cacheDir}`);
  const obtain = async () => {
    if (isExecutable(cached)) return cached;
    await removeLeftovers(cacheDir);
    const reasons: string[] = [];
    for (const way of options.ways ?? defaultWays) {
      const scratchDir = await mkdtemp(join(cacheDir, '.partial-'));
      try {
        tell('doing', `${way.title}: trying`);
        const result = await way.obtain(entry, {
          cacheDir,
          scratchDir,
          environment,
          platform: options.platform ?? process.platform,
          arch: options.arch ?? process.arch,
          say: (message, fraction) => tell('doing', `${way.title}: ${message}`, fraction),
        });
        const refused = 'skipped' in result ? result.skipped : await refuse(entry, result.file);
        if ('skipped' in result || refused !== null) {
          reasons.push(`${way.title}: ${refused}`);
          tell('skipped', `${way.title}: ${refused}`);
          continue;
        }
        await install(result.file, cacheDir, cached);
        tell('ready', `${name} obtained by ${way.title} at ${cached}`);
        return cached;
      } finally {
        await rm(scratchDir, { recursive: true, force: true });
      }
    }
    throw new StalledError(
      'ProgramUnavailable',
      `${name} ${entry.version} cannot be had: ${reasons.join('; ')}`,
    );
  };
  return withFileLock(join(cacheDir, 'lock'), options.clock ?? systemClock, obtain, waiting);
}

async function findSystemProgram(
  entry: ProgramEntry,
  environment: NodeJS.ProcessEnv,
  skipped: (message: string) => void,
): Promise<{ file: string; version: string } | null> {
  for (const file of entry.executables.flatMap((name) => findOnPath(name, environment))) {
    const version = await versionOf(entry, file);
    if (version.accepted) return { file, version: version.text };
    skipped(`${file} ${version.text}: from ${entry.accepts.oldest} up to ${entry.accepts.below} is needed`);
  }
  return null;
}

async function versionOf(entry: ProgramEntry, file: string): Promise<{ accepted: boolean; text: string }> {
  const result = await runProgram(file, entry.versionArgs, { timeoutMs: limits.versionCheckTimeoutMs });
  if (result.code !== 0) return { accepted: false, text: `does not run here (${lastLine(result.output)})` };
  const version = parseVersion(result.output);
  if (version === null) return { accepted: false, text: 'tells no version' };
  return { accepted: acceptsVersion(entry, version), text: version };
}

async function refuse(entry: ProgramEntry, file: string): Promise<string | null> {
  const version = await versionOf(entry, file);
  return version.accepted ? null : `what it gave has version ${version.text}`;
}

/** A folder appears under its final name only complete. */
async function install(file: string, cacheDir: string, cached: string): Promise<void> {
  const partial = await mkdtemp(join(cacheDir, '.partial-'));
  await rename(file, join(partial, cached.slice(cached.lastIndexOf('/') + 1)));
  const folder = join(cached, '..');
  await rm(folder, { recursive: true, force: true });
  await rename(partial, folder);
}

/** What a killed call left; called with the lock held. */
async function removeLeftovers(cacheDir: string): Promise<void> {
  await mkdir(cacheDir, { recursive: true });
  for (const name of await readdir(cacheDir)) {
    if (name.startsWith('.partial-')) await rm(join(cacheDir, name), { recursive: true, force: true });
  }
}
