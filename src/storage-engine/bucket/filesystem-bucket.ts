import { constants } from 'node:fs';
import {
  copyFile,
  link,
  mkdir,
  open,
  readdir,
  rename,
  rmdir,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CodedError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import {
  type Bucket,
  checkKey,
  type ListOptions,
  type ListPage,
  type ObjectBody,
  type ObjectInfo,
  objectNotFound,
} from './bucket.ts';
import { compareKeys } from './memory-bucket.ts';

/** Files that are being written; never listed, removed when the write ends or fails. */
const partialSuffix = '.promfleet-partial';
const pageObjects = 1000;
const smallReadBytes = 256 * 1024;
/** Files whose sizes are asked for at once. */
const statConcurrency = 64;

/**
 * A folder as a bucket, laid out as Thanos's FILESYSTEM bucket: one file per object. A write goes to a hidden
 * neighbour, is synced and then renamed (or linked, for put-if-absent), so a crash leaves the old or the new object.
 */
export class FilesystemBucket implements Bucket {
  readonly description: string;
  private readonly root: string;
  private readonly random: Random;

  constructor(root: string, random: Random) {
    this.root = root;
    this.random = random;
    this.description = `folder ${root}`;
  }

  private path(key: string): string {
    checkKey(key);
    return join(this.root, key);
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    try {
      const found = await stat(this.path(key));
      return found.isFile() ? { key, sizeBytes: found.size, modifiedMs: found.mtimeMs } : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw this.fault(error, key);
    }
  }

  async getRange(
    key: string,
    offset: number,
    lengthBytes: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    signal?.throwIfAborted();
    const file = await open(this.path(key), constants.O_RDONLY).catch((error) => {
      throw this.fault(error, key);
    });
    try {
      // A small buffer is cheaper than asking how much of it will be filled.
      const available = lengthBytes <= smallReadBytes ? lengthBytes : (await file.stat()).size - offset;
      const bytes = new Uint8Array(Math.max(0, Math.min(lengthBytes, available)));
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    } catch (error) {
      throw this.fault(error, key);
    } finally {
      await file.close();
    }
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncIterable<ListPage> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    let objects: ObjectInfo[] = [];
    let keys: string[] = [];
    const prefixes: string[] = [];
    const look = async () => {
      for (const info of await Promise.all(keys.map((key) => this.head(key))))
        if (info !== undefined) objects.push(info);
      keys = [];
    };
    for await (const entry of this.walk(folder, options)) {
      options.signal?.throwIfAborted();
      if (!entry.startsWith(prefix)) continue;
      if (entry.endsWith('/')) {
        prefixes.push(entry);
        continue;
      }
      if (options.startAfter !== undefined && compareKeys(entry, options.startAfter) <= 0) continue;
      keys.push(entry);
      if (keys.length < statConcurrency) continue;
      await look();
      if (objects.length < pageObjects) continue;
      yield { objects, prefixes: [] };
      objects = [];
    }
    await look();
    yield { objects, prefixes };
  }

  /** Keys below a folder in byte order of the whole key; with `shallow`, sub-folders as `name/`. */
  private async *walk(folder: string, options: ListOptions): AsyncIterable<string> {
    const entries = await readdir(join(this.root, folder), { withFileTypes: true }).catch((error) => {
      if (isMissing(error)) return [];
      throw this.fault(error, folder);
    });
    const names = entries
      .filter((entry) => (entry.isDirectory() || entry.isFile()) && !entry.name.endsWith(partialSuffix))
      .map((entry) => folder + entry.name + (entry.isDirectory() ? '/' : ''))
      .sort(compareKeys);
    for (const name of names) {
      if (name.endsWith('/') && options.shallow !== true) yield* this.walk(name, options);
      else yield name;
    }
  }

  async put(key: string, body: ObjectBody, signal?: AbortSignal): Promise<void> {
    await this.write(key, body, signal, rename);
  }

  async putIfAbsent(key: string, body: Uint8Array, signal?: AbortSignal): Promise<boolean> {
    let created = true;
    await this.write(key, body, signal, async (partial, target) => {
      try {
        await link(partial, target);
      } catch (error) {
        if (!hasCode(error, 'EEXIST')) throw error;
        created = false;
      } finally {
        await unlink(partial);
      }
    });
    return created;
  }

  private async write(
    key: string,
    body: ObjectBody,
    signal: AbortSignal | undefined,
    publish: (partial: string, target: string) => Promise<void>,
  ): Promise<void> {
    signal?.throwIfAborted();
    const target = this.path(key);
    const partial = `${target}.${Math.floor(this.random.next() * 2 ** 48).toString(36)}${partialSuffix}`;
    try {
      await this.writePartial(partial, body);
      await publish(partial, target);
      await syncPath(dirname(target));
    } catch (error) {
      await unlink(partial).catch(() => undefined);
      throw this.fault(error, key);
    }
  }

  private async writePartial(partial: string, body: ObjectBody): Promise<void> {
    // A delete that empties a folder removes it; one that races with this write is answered by making it again.
    for (let attempt = 0; ; attempt++) {
      await mkdir(dirname(partial), { recursive: true });
      try {
        if (body instanceof Uint8Array) await writeFile(partial, body, { flush: true });
        else await copyFile(body.file, partial).then(() => syncPath(partial));
        return;
      } catch (error) {
        if (!isMissing(error) || attempt >= 3) throw error;
      }
    }
  }

  async delete(key: string): Promise<void> {
    const path = this.path(key);
    try {
      await unlink(path);
    } catch (error) {
      if (isMissing(error)) return;
      throw this.fault(error, key);
    }
    // Folders are not objects: empty ones go, as in an object store.
    for (let folder = dirname(path); folder.length > this.root.length; folder = dirname(folder)) {
      try {
        await rmdir(folder);
      } catch {
        return;
      }
    }
  }

  localPath(key: string): string {
    return this.path(key);
  }

  async close(): Promise<void> {}

  private fault(error: unknown, key: string): Error {
    if (error instanceof CodedError || (error instanceof Error && error.name === 'AbortError')) return error;
    if (isMissing(error)) return objectNotFound(this, key);
    const code = hasCode(error, 'EACCES') || hasCode(error, 'EPERM') ? 'BucketDenied' : 'BucketUnavailable';
    return new CodedError(
      code,
      `${this.description}: ${key}: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}

function isMissing(error: unknown): boolean {
  return hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR');
}
