import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type Dispatcher, EnvHttpProxyAgent, fetch } from 'undici';
import { limits } from '../../base/limits.ts';
import type { ReleaseArch, ReleaseOs } from './catalogue.ts';
import { extractTarFile } from './tar.ts';
import type { Way, WayContext } from './way.ts';

/**
 * The upstream release. Its SHA-256 comes from the release's own checksum file over https and is remembered in
 * `programs.lock.json` the first time (trust on first use): a release that changes later is refused. No hash is
 * built into promfleet, because none could be verified against a second source when this was written.
 */
export const releaseWay: Way = {
  title: 'upstream release',
  async obtain(entry, context) {
    const target = releaseTarget(context.platform, context.arch);
    if (target === null) return { skipped: `no release for ${context.platform}/${context.arch}` };
    const file = entry.release(target.os, target.arch);
    const name = basename(new URL(file.url).pathname);
    const dispatcher = new EnvHttpProxyAgent({
      connect: { timeout: limits.downloadConnectTimeoutMs },
      headersTimeout: limits.downloadIdleTimeoutMs,
      bodyTimeout: limits.downloadIdleTimeoutMs,
      ...proxySettings(context.environment),
    });
    try {
      context.say(`asking ${new URL(file.url).host} for ${name}`);
      const expected = await expectedHash(file.checksumsUrl, name, dispatcher);
      const lockKey = `${name}@${entry.version}`;
      const locked = (await readLock(context))[lockKey];
      if (locked !== undefined && locked !== expected) {
        return {
          skipped: `${name} changed upstream: programs.lock.json says sha256 ${locked}, release says ${expected}`,
        };
      }
      const archive = join(context.scratchDir, 'download');
      const actual = await download(file.url, archive, dispatcher, (fraction) =>
        context.say(`downloading ${name}`, fraction),
      );
      if (actual !== expected)
        return { skipped: `${name} has sha256 ${actual}, its release says ${expected}` };
      context.say(`checksum of ${name} is right`);
      const program = join(context.scratchDir, entry.name);
      if (file.pathInArchive === null) await rename(archive, program);
      else await extractTarFile(createReadStream(archive).pipe(createGunzip()), file.pathInArchive, program);
      await chmod(program, 0o755);
      await writeLock(context, lockKey, expected);
      return { file: program };
    } catch (error) {
      return { skipped: `${new URL(file.url).host}: ${reasonOf(error)}` };
    } finally {
      await dispatcher.destroy().catch(() => undefined);
    }
  },
};

function releaseTarget(platform: NodeJS.Platform, arch: string): { os: ReleaseOs; arch: ReleaseArch } | null {
  const os = platform === 'linux' || platform === 'darwin' ? platform : null;
  const goArch = arch === 'x64' ? 'amd64' : arch === 'arm64' ? 'arm64' : null;
  return os === null || goArch === null ? null : { os, arch: goArch };
}

function proxySettings(environment: NodeJS.ProcessEnv): EnvHttpProxyAgent.Options {
  const pick = (name: string) => environment[name.toLowerCase()] ?? environment[name];
  const [http, https, no] = [pick('HTTP_PROXY'), pick('HTTPS_PROXY'), pick('NO_PROXY')];
  return {
    ...(http ? { httpProxy: http } : {}),
    ...(https ? { httpsProxy: https } : {}),
    ...(no ? { noProxy: no } : {}),
  };
}

/** Hash of `name` in a checksum file: `<sha256>  <name>` lines, or one bare hash. */
export function findHash(text: string, name: string): string | null {
  for (const line of text.split('\n')) {
    const [hash, file] = line.trim().split(/[ *]+/);
    if (hash !== undefined && /^[0-9a-f]{64}$/i.test(hash) && (file === undefined || file === name)) {
      return hash.toLowerCase();
    }
  }
  return null;
}

async function expectedHash(url: string, name: string, dispatcher: Dispatcher): Promise<string> {
  const response = await fetch(url, {
    dispatcher,
    signal: AbortSignal.timeout(limits.downloadIdleTimeoutMs),
  });
  if (!response.ok) throw new Error(`${basename(new URL(url).pathname)} answers HTTP ${response.status}`);
  const hash = findHash(await response.text(), name);
  if (hash === null) throw new Error(`its checksum file does not name ${name}`);
  return hash;
}

async function download(
  url: string,
  to: string,
  dispatcher: Dispatcher,
  progress: (fraction: number) => void,
): Promise<string> {
  const response = await fetch(url, { dispatcher });
  if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`);
  const totalBytes = Number(response.headers.get('content-length') ?? 0);
  const hash = createHash('sha256');
  let doneBytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      doneBytes += chunk.length;
      if (doneBytes > limits.downloadBytes)
        return done(new Error(`larger than ${limits.downloadBytes} bytes`));
      hash.update(chunk);
      if (totalBytes > 0) progress(doneBytes / totalBytes);
      done(null, chunk);
    },
  });
  await pipeline(Readable.fromWeb(response.body), meter, createWriteStream(to));
  return hash.digest('hex');
}

const lockFile = (context: WayContext) => join(context.cacheDir, 'programs.lock.json');

async function readLock(context: WayContext): Promise<Record<string, string>> {
  const text = await readFile(lockFile(context), 'utf8').catch(() => '{}');
  return JSON.parse(text) as Record<string, string>;
}

async function writeLock(context: WayContext, key: string, hash: string): Promise<void> {
  const next = { ...(await readLock(context)), [key]: hash };
  const partial = join(context.scratchDir, 'lock');
  await writeFile(partial, `${JSON.stringify(next, null, 2)}\n`);
  await rename(partial, lockFile(context));
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
