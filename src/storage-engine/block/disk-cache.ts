import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Clock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import type { Random } from '../../base/random.ts';

/** CRC-32 of name and content, four bytes, at the end of each file. */
const checksumBytes = 4;
const partialSuffix = '.partial';

interface Entry {
  readonly sizeBytes: number;
}

/**
 * Immutable parts of a bucket's objects kept in a folder: bounded, verified when read, there again after a restart. The
 * least recently used go first. A cache that cannot be read or written costs requests, never an answer.
 */
export class DiskCache {
  private readonly folder: string;
  private readonly limitBytes: number;
  private readonly clock: Clock;
  private readonly random: Random;
  /** By file name, least recently used first. */
  private readonly entries = new Map<string, Entry>();
  private totalBytes = 0;

  private constructor(folder: string, limitBytes: number, ports: { clock: Clock; random: Random }) {
    this.folder = folder;
    this.limitBytes = limitBytes;
    this.clock = ports.clock;
    this.random = ports.random;
  }

  /** `owner` tells the bucket: two buckets in one folder do not meet. */
  static async open(
    options: { folder: string; owner: string; limitBytes?: number },
    ports: { clock: Clock; random: Random },
  ): Promise<DiskCache> {
    const owner = createHash('sha256').update(options.owner).digest('hex').slice(0, 16);
    const folder = join(options.folder, owner);
    await mkdir(folder, { recursive: true });
    const cache = new DiskCache(folder, options.limitBytes ?? limits.diskCacheBytes, ports);
    await cache.scan();
    return cache;
  }

  get sizeBytes(): number {
    return this.totalBytes;
  }

  /** The content stored under a name, or undefined where it is absent or damaged. */
  async get(name: string): Promise<Uint8Array | undefined> {
    const file = fileName(name);
    const entry = this.entries.get(file);
    if (entry === undefined) return undefined;
    const path = join(this.folder, file);
    try {
      const bytes = await readFile(path);
      const content = bytes.subarray(0, Math.max(0, bytes.length - checksumBytes));
      if (bytes.length < checksumBytes || bytes.readUInt32LE(content.length) !== checksum(name, content)) {
        await this.forget(file);
        return undefined;
      }
      this.entries.delete(file);
      this.entries.set(file, entry);
      await this.touch(path);
      return new Uint8Array(content.buffer, content.byteOffset, content.length);
    } catch {
      await this.forget(file);
      return undefined;
    }
  }

  async put(name: string, content: Uint8Array): Promise<void> {
    const file = fileName(name);
    const sizeBytes = content.length + checksumBytes;
    if (this.entries.has(file) || sizeBytes > this.limitBytes) return;
    const path = join(this.folder, file);
    const partial = `${path}.${Math.floor(this.random.next() * 2 ** 48).toString(36)}${partialSuffix}`;
    const sum = Buffer.alloc(checksumBytes);
    sum.writeUInt32LE(checksum(name, content));
    try {
      await writeFile(partial, [content, sum]);
      await this.touch(partial);
      await rename(partial, path);
    } catch {
      await rm(partial, { force: true }).catch(() => undefined);
      return;
    }
    this.add(file, { sizeBytes });
    await this.evict();
  }

  /** Forgets what is of blocks that are not among these: they are gone, and may have held what is erased. */
  async retain(ulids: ReadonlySet<string>): Promise<void> {
    for (const file of [...this.entries.keys()])
      if (!ulids.has(file.slice(0, file.indexOf('.')))) await this.forget(file);
  }

  /** The order of use outlives a restart as the files' times. */
  private async touch(path: string): Promise<void> {
    const nowSeconds = this.clock.nowMs() / 1000;
    await utimes(path, nowSeconds, nowSeconds).catch(() => undefined);
  }

  private add(file: string, entry: Entry): void {
    this.totalBytes += entry.sizeBytes - (this.entries.get(file)?.sizeBytes ?? 0);
    this.entries.set(file, entry);
  }

  private async evict(): Promise<void> {
    for (const file of this.entries.keys()) {
      if (this.totalBytes <= this.limitBytes) return;
      await this.forget(file);
    }
  }

  private async forget(file: string): Promise<void> {
    this.totalBytes -= this.entries.get(file)?.sizeBytes ?? 0;
    this.entries.delete(file);
    await unlink(join(this.folder, file)).catch(() => undefined);
  }

  /** Takes over what an earlier run left; unfinished files go. */
  private async scan(): Promise<void> {
    const found: { file: string; sizeBytes: number; usedMs: number }[] = [];
    for (const file of await readdir(this.folder)) {
      const path = join(this.folder, file);
      if (file.endsWith(partialSuffix)) {
        await unlink(path).catch(() => undefined);
        continue;
      }
      const info = await stat(path).catch(() => undefined);
      if (info?.isFile()) found.push({ file, sizeBytes: info.size, usedMs: info.mtimeMs });
    }
    found.sort((a, b) => a.usedMs - b.usedMs);
    for (const { file, sizeBytes } of found) this.add(file, { sizeBytes });
    await this.evict();
  }
}

/** `name` is a key of the bucket, with more behind it: its first folder, the block, can be told from the file's name. */
function fileName(name: string): string {
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 32);
  return `${name.slice(0, Math.max(0, name.indexOf('/'))).replace(/[^0-9A-Za-z]/g, '')}.${hash}`;
}

function checksum(name: string, content: Uint8Array): number {
  return crc32(content, crc32(name));
}
