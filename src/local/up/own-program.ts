import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { limits } from '../../base/limits.ts';
import type { Layout } from './layout.ts';

/** How to run promfleet itself: `file` with `args` before those of the role. */
export interface OwnProgram {
  readonly file: string;
  readonly args: readonly string[];
}

/**
 * The program to start parts and agents with. A checkout is rebuilt in place, which would pull lazily loaded files from
 * under running processes; so the built folder is copied below the state folder, named by its content. Where the
 * state folder lies outside the checkout a copy would not find its packages: the folder itself is used then.
 */
export async function ownProgram(mainFile: string, layout: Layout): Promise<OwnProgram> {
  const source = dirname(mainFile);
  const root = dirname(source);
  const fromRoot = relative(root, layout.root);
  if (fromRoot.startsWith('..') || !mainFile.endsWith('.js'))
    return { file: process.execPath, args: [mainFile] };
  const id = await copyOnce(source, basename(mainFile), layout.own);
  await removeOldCopies(layout.own, id);
  return { file: process.execPath, args: [join(layout.own, id, basename(mainFile))] };
}

/** Copies the built folder unless the same is there; returns its name. A rebuild meanwhile is noticed and copied anew. */
async function copyOnce(source: string, mainName: string, copies: string): Promise<string> {
  await mkdir(copies, { recursive: true });
  for (let attempt = 1; ; attempt++) {
    const partial = join(copies, `.partial-${process.pid}-${attempt}`);
    try {
      const id = await contentId(source, mainName);
      if (existsSync(join(copies, id))) return id;
      await cp(source, partial, { recursive: true });
      if ((await contentId(partial, mainName)) === id) {
        await rename(partial, join(copies, id));
        return id;
      }
    } catch (error) {
      if (attempt >= limits.localProgramCopies) throw error;
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  }
}

/** Names of chunks carry hashes of their content, so the names and the main file say all. */
async function contentId(folder: string, mainName: string): Promise<string> {
  const hash = createHash('sha256').update(await readFile(join(folder, mainName)));
  return hash
    .update((await readdir(folder)).sort().join())
    .digest('hex')
    .slice(0, 16);
}

/** Agents that were taken over may still run from a copy before: the newest few stay. */
async function removeOldCopies(folder: string, present: string): Promise<void> {
  const copies = await Promise.all(
    (await readdir(folder))
      .filter((name) => name !== present)
      .map(async (name) => ({ name, changedMs: (await stat(join(folder, name))).mtimeMs })),
  );
  const old = copies.sort((a, b) => b.changedMs - a.changedMs).slice(limits.localProgramCopies);
  for (const { name } of old) await rm(join(folder, name), { recursive: true, force: true });
}
