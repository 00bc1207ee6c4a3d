import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
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
  const id = createHash('sha256')
    .update(await readFile(mainFile))
    .update((await readdir(source)).sort().join())
    .digest('hex')
    .slice(0, 16);
  const target = join(layout.own, id);
  const main = join(target, relative(source, mainFile));
  const present = await readdir(target).catch(() => null);
  if (present === null) {
    await mkdir(layout.own, { recursive: true });
    const partial = join(layout.own, `.${id}.${process.pid}`);
    await cp(source, partial, { recursive: true });
    await rename(partial, target);
  }
  await removeOldCopies(layout.own, id);
  return { file: process.execPath, args: [main] };
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
