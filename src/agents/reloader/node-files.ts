import { copyFile, link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { Files } from './ports.ts';

/** Only the agent writes; the server runs as the same user or group. */
const fileMode = 0o640;

/** Files on a real disk. Folders that become empty stay: they cost nothing and a watcher may hold them. */
export function nodeFiles(root: string): Files {
  const at = (path: string) => join(root, path);
  return {
    async list() {
      const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(ifMissing([]));
      return entries
        .filter((entry) => !entry.isDirectory())
        .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
        .sort();
    },
    async read(path) {
      return await readFile(at(path), 'utf8').catch(ifMissing(undefined));
    },
    async write(path, content) {
      await withFolder(at(path), () => writeFile(at(path), content, { mode: fileMode }));
    },
    async rename(from, to) {
      await withFolder(at(to), () => rename(at(from), at(to)));
    },
    async link(from, to) {
      await rm(at(to), { force: true });
      await withFolder(at(to), () =>
        link(at(from), at(to)).catch(async (error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') throw error;
          // File systems without hard links; a copy that is cut short is undone with its journal.
          await copyFile(at(from), at(to));
        }),
      );
    },
    async remove(path) {
      await rm(at(path), { force: true });
    },
  };
}

/** Makes the folder only when it is missing: most writes need one system call. */
async function withFolder(path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await mkdir(dirname(path), { recursive: true });
    await write();
  }
}

function ifMissing<T>(fallback: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return fallback;
    throw error;
  };
}
