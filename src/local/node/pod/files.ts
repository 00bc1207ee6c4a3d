import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Replaces a file so that a reader, or a crash, sees the old or the new content and nothing between. */
export async function writeFileAtomically(
  path: string,
  content: string | Buffer,
  mode = 0o600,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const partial = join(dirname(path), `.${basename(path)}.${process.pid}.partial`);
  await writeFile(partial, content, { mode });
  await rename(partial, path);
}

/** The parsed content of a JSON file, or null where it is absent or broken (a broken one is as good as none). */
export async function readJsonFile<T>(path: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch {
    return null;
  }
}

/**
 * Makes `folder` hold exactly `files` (relative path -> content), all at once: content goes into a fresh folder, then the
 * link `..data` is moved to it (the scheme of the kubelet's atomic writer, which programs that watch files know).
 * Returns whether anything changed.
 */
export async function writeFilesAtomically(
  folder: string,
  files: ReadonlyMap<string, Buffer>,
): Promise<boolean> {
  await mkdir(folder, { recursive: true });
  const data = join(folder, '..data');
  const before = await readlink(data).catch(() => null);
  if (before !== null && (await sameContent(join(folder, before), files))) return false;
  // Joined by hand: `join` takes `..` for the folder above.
  const fresh = await mkdtemp(`${folder}/..`);
  for (const [path, content] of files) {
    await mkdir(dirname(join(fresh, path)), { recursive: true });
    await writeFile(join(fresh, path), content, { mode: 0o644 });
  }
  await symlink(basename(fresh), `${data}_tmp`).catch(async () => {
    await rm(`${data}_tmp`, { force: true });
    await symlink(basename(fresh), `${data}_tmp`);
  });
  await rename(`${data}_tmp`, data);
  const top = new Set([...files.keys()].map((path) => path.split('/')[0] ?? path));
  for (const name of await readdir(folder)) {
    if (name === '..data' || name === basename(fresh)) continue;
    if (name.startsWith('..') || !top.has(name))
      await rm(join(folder, name), { recursive: true, force: true });
    else top.delete(name);
  }
  for (const name of top) await symlink(join('..data', name), join(folder, name));
  return true;
}

async function sameContent(folder: string, files: ReadonlyMap<string, Buffer>): Promise<boolean> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  if (entries.filter((entry) => entry.isFile()).length !== files.size) return false;
  for (const [path, content] of files) {
    const present = await readFile(join(folder, path)).catch(() => null);
    if (present === null || !present.equals(content)) return false;
  }
  return true;
}
