import { isUtf8 } from 'node:buffer';
import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { limits } from '../../base/limits.ts';

/** A file of manifests, or why it could not be read. */
export type ManifestFile =
  | { readonly name: string; readonly text: string }
  | { readonly name: string; readonly fault: FileFault };

export interface FileFault {
  readonly code: 'FileUnreadable' | 'LimitExceeded' | 'NotUtf8';
  readonly message: string;
  readonly line?: number;
}

/** A path that the user gave and that cannot be read at all. */
export class PathError extends Error {
  override readonly name = 'PathError';
}

const manifestName = /\.(ya?ml|json)$/i;

/**
 * The manifest files at `paths`, in a stable order. A folder stands for every `.yaml`, `.yml` and `.json` file below it,
 * hidden folders, `node_modules` and symbolic links to folders left out; `-` is standard input. Files are read one by
 * one as they are consumed. Throws PathError for a path that does not exist.
 */
export async function* readManifestFiles(
  paths: readonly string[],
  cwd: string,
  stdin: () => Promise<Buffer>,
): AsyncGenerator<ManifestFile> {
  const seen = new Set<string>();
  for (const path of paths) {
    if (path === '-') {
      yield decode('<stdin>', await stdin());
      continue;
    }
    for await (const file of filesAt(resolve(cwd, path), path)) {
      if (seen.has(file)) continue;
      seen.add(file);
      const name = displayName(file, cwd);
      if (seen.size > limits.manifestFiles) {
        yield { name, fault: { code: 'LimitExceeded', message: `more than ${limits.manifestFiles} files` } };
        return;
      }
      yield await readOne(file, name);
    }
  }
}

async function* filesAt(path: string, given: string): AsyncGenerator<string> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) throw new PathError(`${given} does not exist or cannot be read`);
  if (info.isDirectory()) yield* filesBelow(path);
  else if (info.isFile()) yield path;
  else throw new PathError(`${given} is neither a file nor a folder`);
}

async function* filesBelow(folder: string): AsyncGenerator<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!entry.name.startsWith('.') && entry.name !== 'node_modules') yield* filesBelow(path);
    } else if (manifestName.test(entry.name)) yield path;
  }
}

async function readOne(path: string, name: string): Promise<ManifestFile> {
  try {
    const info = (await lstat(path)).isSymbolicLink() ? await stat(path) : await lstat(path);
    if (!info.isFile()) return { name, fault: { code: 'FileUnreadable', message: 'is no plain file' } };
    if (info.size > limits.manifestFileBytes) return { name, fault: tooLarge(info.size) };
    return decode(name, await readFile(path));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown reason';
    return { name, fault: { code: 'FileUnreadable', message: `cannot be read (${code})` } };
  }
}

function tooLarge(sizeBytes: number): FileFault {
  return {
    code: 'LimitExceeded',
    message: `has ${sizeBytes} bytes, files of up to ${limits.manifestFileBytes} are read`,
  };
}

function decode(name: string, bytes: Buffer): ManifestFile {
  if (bytes.length > limits.manifestFileBytes) return { name, fault: tooLarge(bytes.length) };
  if (!isUtf8(bytes))
    return { name, fault: { code: 'NotUtf8', message: 'is not valid UTF-8 here', line: badLine(bytes) } };
  const text = bytes.toString('utf8');
  return { name, text: text.startsWith('\ufeff') ? text.slice(1) : text };
}

/** The first line, from 1, that is not valid UTF-8. A newline is never a part of another character. */
function badLine(bytes: Buffer): number {
  let line = 1;
  for (let start = 0; ; line++) {
    const end = bytes.indexOf(0x0a, start);
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) return line;
    start = end + 1;
  }
}

function displayName(path: string, cwd: string): string {
  const below = relative(cwd, path);
  return (below.startsWith('..') ? path : below).split(sep).join('/');
}
