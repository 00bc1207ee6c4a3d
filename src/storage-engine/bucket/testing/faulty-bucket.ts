import { CodedError } from '../../../base/errors.ts';
import type { Random } from '../../../base/random.ts';
import type { Bucket, ListOptions, ListPage, ObjectBody, ObjectInfo } from '../bucket.ts';

export interface Faults {
  /** Chance that an operation fails before it does anything. */
  readonly refused?: number;
  /** Chance that a write or delete happens and its answer is lost. */
  readonly lostAnswer?: number;
  /** Chance that a listing leaves out one of the newest objects, or still shows a deleted one. */
  readonly staleList?: number;
  /** Chance that a stored object, other than a small JSON one that readers check, has one bit flipped. */
  readonly bitRot?: number;
  /** Chance that a write of such an object stores its first half only, and fails. */
  readonly torn?: number;
  /** Chance that the store refuses this operation and the next few: it is asked too often. */
  readonly throttled?: number;
}

/** Thrown by every operation from the kill on: the process is gone. Not a `CodedError`, so nobody handles it. */
export class Killed extends Error {}

/**
 * A bucket whose store misbehaves as object stores do, by chance from a seed; and whose process can be killed before or
 * after a given operation.
 */
export class FaultyBucket implements Bucket {
  readonly description: string;
  /** Operations so far. */
  operations = 0;
  /** The process ends at this operation, counted from 1: before it is done (`.0`) or after it (`.5`). */
  killAt: number | undefined;
  faults: Faults;
  private readonly inner: Bucket;
  private readonly random: Random;
  private refusals = 0;
  private recent: ObjectInfo[] = [];
  private gone: ObjectInfo[] = [];

  constructor(inner: Bucket, random: Random, faults: Faults = {}) {
    this.inner = inner;
    this.random = random;
    this.faults = faults;
    this.description = inner.description;
  }

  head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    return this.act('read', () => this.inner.head(key, signal));
  }

  getRange(key: string, offset: number, lengthBytes: number, signal?: AbortSignal): Promise<Uint8Array> {
    return this.act('read', () => this.inner.getRange(key, offset, lengthBytes, signal));
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncIterable<ListPage> {
    await this.act('read', async () => undefined);
    const hidden = this.hits('staleList') ? this.recent.at(-1)?.key : undefined;
    const ghost = this.hits('staleList') ? this.gone.at(-1) : undefined;
    let first = true;
    for await (const page of this.inner.list(prefix, options)) {
      const objects = page.objects.filter(({ key }) => key !== hidden);
      if (first && ghost?.key.startsWith(prefix) === true && options.shallow !== true) objects.push(ghost);
      first = false;
      yield { ...page, objects };
    }
  }

  async put(key: string, body: ObjectBody, signal?: AbortSignal): Promise<void> {
    await this.act('write', async () => {
      await this.inner.put(key, body, signal);
      if (!key.endsWith('.json') && this.hits('torn')) {
        await this.cut(key);
        throw this.away();
      }
      if (!key.endsWith('.json') && this.hits('bitRot')) await this.rot(key);
      await this.remember(key);
    });
  }

  putIfAbsent(key: string, body: Uint8Array, signal?: AbortSignal): Promise<boolean> {
    return this.act('write', async () => {
      const stored = await this.inner.putIfAbsent(key, body, signal);
      if (stored) await this.remember(key);
      return stored;
    });
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    await this.act('write', async () => {
      const info = await this.inner.head(key);
      await this.inner.delete(key, signal);
      if (info !== undefined) this.gone = [...this.gone.slice(-4), info];
    });
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  private async act<T>(kind: 'read' | 'write', work: () => Promise<T>): Promise<T> {
    const number = ++this.operations;
    if (this.killAt !== undefined && this.killAt <= number) throw new Killed();
    if (this.hits('throttled')) this.refusals = 1 + Math.floor(this.random.next() * 5);
    if (this.refusals > 0) {
      this.refusals--;
      throw this.away();
    }
    if (this.hits('refused')) throw this.away();
    const done = await work();
    if (this.killAt !== undefined && this.killAt < number + 1) throw new Killed();
    if (kind === 'write' && this.hits('lostAnswer')) throw this.away();
    return done;
  }

  private hits(fault: keyof Faults): boolean {
    const chance = this.faults[fault] ?? 0;
    return chance > 0 && this.random.next() < chance;
  }

  private async remember(key: string): Promise<void> {
    const info = await this.inner.head(key);
    if (info !== undefined) this.recent = [...this.recent.slice(-4), info];
  }

  private async rot(key: string): Promise<void> {
    const size = (await this.inner.head(key))?.sizeBytes ?? 0;
    if (size === 0) return;
    const bytes = (await this.inner.getRange(key, 0, size)).slice();
    bytes[Math.floor(this.random.next() * size)]! ^= 1 << Math.floor(this.random.next() * 8);
    await this.inner.put(key, bytes);
  }

  private async cut(key: string): Promise<void> {
    const size = (await this.inner.head(key))?.sizeBytes ?? 0;
    await this.inner.put(key, (await this.inner.getRange(key, 0, size)).slice(0, Math.floor(size / 2)));
  }

  private away(): CodedError {
    return new CodedError('BucketUnavailable', `${this.description}: the store did not answer`);
  }
}
