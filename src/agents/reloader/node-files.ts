import {
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Files } from './ports.ts';

/** Only the agent writes; the server runs as the same user or group. */
const fileMode = 0o640;

/**
 * Files on a real disk. Folders that become empty stay: they cost nothing and a watcher may hold them. Each small file is
 * one blocking call or two: a promise, a handle and a thread's turn for each of thousands cost more memory than the files.
 */
export function nodeFiles(root: string): Files {
  const at = (path: string) => join(root, path);
  return {
    async list() {
      return filesBelow(root, '').sort();
    },
    async read(path) {
      return orMissing(() => readFileSync(at(path), 'utf8'));
    },
    async write(path, content) {
      withFolder(at(path), () => writeFileSync(at(path), content, { mode: fileMode }));
    },
    async rename(from, to) {
      withFolder(at(to), () => renameSync(at(from), at(to)));
    },
    async link(from, to) {
      orMissing(() => unlinkSync(at(to)));
      withFolder(at(to), () => linkOrCopy(at(from), at(to)));
    },
    async remove(path) {
      orMissing(() => unlinkSync(at(path)));
    },
  };
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (isMissing(error)) throw error;
    // File systems without hard links; a copy that is cut short is undone with its journal.
    copyFileSync(from, to);
  }
}

function filesBelow(root: string, prefix: string): string[] {
  const entries = orMissing(() => readdirSync(join(root, prefix), { withFileTypes: true })) ?? [];
  return entries.flatMap((entry): string[] => {
    const path = `${prefix}${entry.name}`;
    return entry.isDirectory() ? filesBelow(root, `${path}/`) : [path];
  });
}

/** Makes the folder only when it is missing: most writes need one system call. */
function withFolder(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!isMissing(error)) throw error;
    mkdirSync(dirname(path), { recursive: true });
    write();
  }
}

function orMissing<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
