import { readFile } from 'node:fs/promises';
import type { Clock } from '../../base/clock.ts';
import {
  type Bucket,
  checkKey,
  type ListOptions,
  type ListPage,
  type ObjectBody,
  type ObjectInfo,
  objectNotFound,
} from './bucket.ts';

interface Stored {
  readonly bytes: Uint8Array;
  readonly modifiedMs: number;
}

const pageObjects = 1000;

/** A bucket in memory, for simulations and tests. */
export class MemoryBucket implements Bucket {
  readonly description = 'memory bucket';
  private readonly objects = new Map<string, Stored>();
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    checkKey(key);
    const found = this.objects.get(key);
    return found && { key, sizeBytes: found.bytes.length, modifiedMs: found.modifiedMs };
  }

  async getRange(key: string, offset: number, lengthBytes: number): Promise<Uint8Array> {
    checkKey(key);
    const found = this.objects.get(key);
    if (found === undefined) throw objectNotFound(this, key);
    return found.bytes.slice(offset, offset + lengthBytes);
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncIterable<ListPage> {
    const objects: ObjectInfo[] = [];
    const prefixes = new Set<string>();
    for (const [key, { bytes, modifiedMs }] of this.objects) {
      if (
        !key.startsWith(prefix) ||
        (options.startAfter !== undefined && compareKeys(key, options.startAfter) <= 0)
      )
        continue;
      const cut = options.shallow === true ? key.indexOf('/', prefix.length) : -1;
      if (cut >= 0) prefixes.add(key.slice(0, cut + 1));
      else objects.push({ key, sizeBytes: bytes.length, modifiedMs });
    }
    objects.sort((a, b) => compareKeys(a.key, b.key));
    const folders = [...prefixes].sort(compareKeys);
    for (let at = 0; at === 0 || at < objects.length; at += pageObjects) {
      yield { objects: objects.slice(at, at + pageObjects), prefixes: at === 0 ? folders : [] };
    }
  }

  async put(key: string, body: ObjectBody): Promise<void> {
    checkKey(key);
    const bytes = body instanceof Uint8Array ? body.slice() : new Uint8Array(await readFile(body.file));
    this.objects.set(key, { bytes, modifiedMs: this.clock.nowMs() });
  }

  async putIfAbsent(key: string, body: Uint8Array): Promise<boolean> {
    checkKey(key);
    if (this.objects.has(key)) return false;
    this.objects.set(key, { bytes: body.slice(), modifiedMs: this.clock.nowMs() });
    return true;
  }

  async delete(key: string): Promise<void> {
    checkKey(key);
    this.objects.delete(key);
  }

  async close(): Promise<void> {}
}

/** Order of keys in a listing: by UTF-8 bytes, which is by code points. */
export function compareKeys(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}
