import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { Clock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import { podFolderName } from './pod/leftovers.ts';

export interface LogQuery {
  readonly follow?: boolean;
  /** The run before the last. */
  readonly previous?: boolean;
  /** Lines from the end; all when absent. */
  readonly tailLines?: number | undefined;
  readonly limitBytes?: number | undefined;
  /** Only lines of this time or later, milliseconds since the epoch. */
  readonly sinceMs?: number | undefined;
  /** Each line begins with its RFC 3339 time. */
  readonly timestamps?: boolean;
}

/** Names one pod that runs, or ran, on the node. */
export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * Log files of a container, oldest run first: `<restart>.log`. A run's file is written by the process itself; when it grows
 * beyond the limit its older half lies in `<restart>.log.1`.
 */
async function logFiles(stateDir: string, pod: PodIdentity, container: string): Promise<readonly string[]> {
  const folder = join(
    stateDir,
    'pods',
    podFolderName(pod.namespace, pod.name, pod.uid),
    'containers',
    container,
  );
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => /^\d+\.log$/.test(name))
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    .map((name) => join(folder, name));
}

/** The log of a container in parts; null when it never ran. A follower ends when `signal` aborts or the pod is gone. */
export async function readContainerLog(
  stateDir: string,
  pod: PodIdentity,
  container: string,
  query: LogQuery,
  clock: Clock,
  signal: AbortSignal,
): Promise<AsyncIterable<Buffer> | null> {
  const files = await logFiles(stateDir, pod, container);
  const file = query.previous === true ? files.at(-2) : files.at(-1);
  if (file === undefined) return null;
  const parts = readLog(stateDir, pod, container, file, query, clock, signal);
  if (query.timestamps !== true && query.sinceMs === undefined) return parts;
  const startMs = (await stat(file).catch(() => null))?.birthtimeMs ?? 0;
  return timedLines(parts, { startMs, sinceMs: query.sinceMs ?? 0, stamp: query.timestamps === true });
}

const timeInLine = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)/;

/**
 * Lines with their times. Processes write their files themselves, so nobody notes when a line came: its time is the one that
 * it names in its first 200 characters, else that of the line before, else the start of the run.
 */
async function* timedLines(
  parts: AsyncIterable<Buffer>,
  options: { startMs: number; sinceMs: number; stamp: boolean },
): AsyncIterable<Buffer> {
  const decoder = new StringDecoder('utf8');
  let timeMs = options.startMs;
  let rest = '';
  for await (const part of parts) {
    const lines = (rest + decoder.write(part)).split('\n');
    rest = lines.pop() ?? '';
    let text = '';
    for (const line of lines) {
      const found = timeInLine.exec(line.slice(0, 200));
      if (found !== null) timeMs = Date.parse(found[0]);
      if (timeMs < options.sinceMs) continue;
      text += `${options.stamp ? `${new Date(timeMs).toISOString()} ` : ''}${line}\n`;
    }
    if (text !== '') yield Buffer.from(text);
  }
}

async function* readLog(
  stateDir: string,
  pod: PodIdentity,
  container: string,
  first: string,
  query: LogQuery,
  clock: Clock,
  signal: AbortSignal,
): AsyncIterable<Buffer> {
  let file = first;
  let at = query.tailLines === undefined ? 0 : await offsetOfTail(file, query.tailLines);
  let restBytes = query.limitBytes ?? Number.POSITIVE_INFINITY;
  while (!signal.aborted && restBytes > 0) {
    const part = await readAt(file, at, Math.min(limits.logReadBytes, restBytes));
    if (part === null) return;
    if (part.length > 0) {
      at += part.length;
      restBytes -= part.length;
      yield part;
      continue;
    }
    if (query.follow !== true) return;
    const size = (await stat(file).catch(() => null))?.size;
    // Rotated: the file was emptied, or a restart began a new one.
    if (size !== undefined && size < at) at = 0;
    const latest = (await logFiles(stateDir, pod, container)).at(-1);
    if (latest === undefined) return;
    if (latest !== file && size === at) [file, at] = [latest, 0];
    else await clock.sleep(limits.localPollMs, signal).catch(() => undefined);
  }
}

/** Null when the file is gone. */
async function readAt(file: string, at: number, maxBytes: number): Promise<Buffer | null> {
  const handle = await open(file, 'r').catch(() => null);
  if (handle === null) return null;
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(maxBytes), 0, maxBytes, at);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function offsetOfTail(file: string, lines: number): Promise<number> {
  let end = (await stat(file).catch(() => null))?.size ?? 0;
  // The line break that ends the last line does not begin another one.
  let missing = lines + 1;
  if (end === 0 || lines === 0) return end;
  let last = true;
  while (end > 0) {
    const from = Math.max(0, end - limits.logReadBytes);
    const part = (await readAt(file, from, end - from)) ?? Buffer.alloc(0);
    for (let i = part.length - 1; i >= 0; i--) {
      if (part[i] === 10 || (last && i === part.length - 1)) missing--;
      last = false;
      if (missing === 0) return from + i + 1;
    }
    end = from;
  }
  return 0;
}
