/**
 * Loads a change into the server. When the server refuses it, the parts at fault are found by halving and left out;
 * what remains is live, and every part that is left out keeps its old content.
 */
import type { Clock } from '../../base/clock.ts';
import type { ConfigFolder, FileChange } from './config-folder.ts';
import type { ManagedServer } from './ports.ts';

export interface Refusal {
  readonly path: string;
  readonly hash: string | undefined;
  readonly error: string;
}

export interface LoadResult {
  readonly refused: readonly Refusal[];
}

export interface LoadPorts {
  readonly folder: ConfigFolder;
  /** Whether the server shows a file with this content among what runs: a rule file without groups it does not. */
  readonly shows: (hash: string) => boolean;
  readonly server: ManagedServer;
  /** Told how long each reload took: the server's own time, not ours. */
  readonly reloaded?: (seconds: number) => void;
  readonly clock: Clock;
  /** Returns when the server is ready; throws when it stays away for so long that the files must be what it ran last. */
  awaitReady(): Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * `divisible` tells changes that can be refused one by one; all others stand or fall together, as one file refers to another.
 * Throws, with everything as it was, when the server cannot be reached.
 */
export async function loadChange(
  changes: readonly FileChange[],
  divisible: (path: string) => boolean,
  ports: LoadPorts,
): Promise<LoadResult> {
  const whole = await attempt(changes, ports);
  if (whole === undefined) return { refused: [] };
  const together = changes.filter(({ path }) => !divisible(path));
  const apart = changes.filter(({ path }) => divisible(path));
  const refused: Refusal[] = [];
  const refuse = (part: readonly FileChange[], error: string) => {
    for (const { path, hash } of part) refused.push({ path, hash, error });
  };
  if (apart.length === 0) {
    refuse(together, whole.error);
  } else {
    // The error of the whole is already known to be true of a part that cannot be made smaller.
    if (together.length > 0) {
      const failure = await attempt(together, ports);
      if (failure !== undefined) refuse(together, failure.error);
    }
    await loadApart(apart, together.length === 0 ? whole : undefined, ports, refuse);
  }
  // The last attempt may have been refused: the server must run exactly what lies on disk.
  await reloadAsIs(ports);
  return { refused };
}

interface Failure {
  readonly error: string;
  readonly path?: string;
}

/**
 * Halves until single files remain. `known` is the failure of exactly these changes, where it is known. Returns whether
 * all are loaded.
 */
async function loadApart(
  changes: readonly FileChange[],
  known: Failure | undefined,
  ports: LoadPorts,
  refuse: (part: readonly FileChange[], error: string) => void,
): Promise<boolean> {
  const failure = known ?? (await attempt(changes, ports));
  if (failure === undefined) return true;
  if (changes.length === 1) {
    refuse(changes, failure.error);
    return false;
  }
  const named = changes.filter(({ path }) => path === failure.path);
  if (named.length === 1) {
    refuse(named, failure.error);
    const rest = changes.filter(({ path }) => path !== failure.path);
    await loadApart(rest, undefined, ports, refuse);
    return false;
  }
  const middle = changes.length >> 1;
  const firstLoaded = await loadApart(changes.slice(0, middle), undefined, ports, refuse);
  const second = changes.slice(middle);
  // What failed lies in the other half then; a single file is tried all the same before it is blamed.
  const inferred = firstLoaded && second.length > 1 ? { error: failure.error } : undefined;
  await loadApart(second, inferred, ports, refuse);
  return false;
}

/** Swaps in, reloads, confirms, commits; undefined on success. On refusal everything on disk is as it was. */
async function attempt(changes: readonly FileChange[], ports: LoadPorts): Promise<Failure | undefined> {
  const { folder } = ports;
  await folder.swapIn(changes);
  try {
    const answer = await reloadWhenReady(ports);
    const failure = answer ?? (await confirm(changes, ports));
    if (failure === undefined) {
      await folder.commit(changes);
      return undefined;
    }
    await folder.swapOut();
    return failure;
  } catch (error) {
    await folder.swapOut();
    throw error;
  }
}

async function confirm(changes: readonly FileChange[], ports: LoadPorts): Promise<Failure | undefined> {
  const missing = await ports.server.unconfirmed(
    {
      put: changes.filter(({ hash }) => hash !== undefined && ports.shows(hash)).map(({ path }) => path),
      removed: changes.filter(({ hash }) => hash === undefined).map(({ path }) => path),
      contents: (path) => ports.folder.contents(path),
    },
    ports.signal,
  );
  const path = missing[0];
  if (path === undefined) return undefined;
  return { error: 'the server reloaded but does not show this content as running', path };
}

/** Undefined when the reload took effect. A server that restarts meanwhile is waited for: it reads the files anew. */
async function reloadWhenReady(ports: LoadPorts): Promise<Failure | undefined> {
  await ports.awaitReady();
  const startedMs = ports.clock.monotonicMs();
  const answer = await ports.server.reload(ports.signal);
  ports.reloaded?.((ports.clock.monotonicMs() - startedMs) / 1000);
  return answer.ok
    ? undefined
    : { error: answer.error, ...(answer.path === undefined ? {} : { path: answer.path }) };
}

/** Makes the server read what lies on disk; what was running before cannot be refused now. */
export async function reloadAsIs(ports: LoadPorts): Promise<void> {
  const failure = await reloadWhenReady(ports);
  if (failure !== undefined) throw new Error(`the server refuses what it ran before: ${failure.error}`);
}
