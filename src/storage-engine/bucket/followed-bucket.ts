import type { Clock } from '../../base/clock.ts';
import { describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Bucket, ListOptions, ListPage, ObjectBody } from './bucket.ts';

/** A bucket that is open, and the operations that use it. */
interface Held {
  readonly text: string;
  readonly bucket: Bucket;
  users: number;
  /** Another took its place. */
  retired: boolean;
}

export interface FollowedParts {
  /** Text of the configuration as it is now; rejects when it cannot be read. */
  readonly read: () => Promise<string>;
  /** Opens what a text describes; throws when it describes nothing. */
  readonly open: (text: string) => Promise<Bucket>;
  readonly clock: Clock;
  /** Told of a changed configuration, and of one that is not taken over. */
  readonly say: (message: string) => void;
}

/**
 * The bucket that a configuration describes, also after it changed: credentials are rotated in place, in a mounted Secret for
 * one. Looks at most every `limits.bucketConfigCheckMs`, before an operation. One that cannot be read or used leaves the
 * bucket as it is; operations that have begun end on the bucket they began on. Rejects when the first is not usable.
 */
export async function followBucket(parts: FollowedParts): Promise<Bucket> {
  const text = await parts.read();
  return new FollowedBucket({ text, bucket: await parts.open(text), users: 0, retired: false }, parts);
}

class FollowedBucket implements Bucket {
  readonly #parts: FollowedParts;
  #held: Held;
  #checkedMs: number;
  /** The text that was looked at last, taken over or not: a fault is told once. */
  #seen: string;
  #check: Promise<void> | undefined;

  constructor(held: Held, parts: FollowedParts) {
    this.#held = held;
    this.#seen = held.text;
    this.#parts = parts;
    this.#checkedMs = parts.clock.monotonicMs();
  }

  get description(): string {
    return this.#held.bucket.description;
  }

  get localPath() {
    const { bucket } = this.#held;
    return bucket.localPath && ((key: string) => bucket.localPath!(key));
  }

  head(key: string, signal?: AbortSignal) {
    return this.#use((bucket) => bucket.head(key, signal));
  }

  getRange(key: string, offset: number, lengthBytes: number, signal?: AbortSignal) {
    return this.#use((bucket) => bucket.getRange(key, offset, lengthBytes, signal));
  }

  async *list(prefix: string, options?: ListOptions): AsyncIterable<ListPage> {
    const held = await this.#take();
    try {
      yield* held.bucket.list(prefix, options);
    } finally {
      await giveBack(held);
    }
  }

  put(key: string, body: ObjectBody, signal?: AbortSignal) {
    return this.#use((bucket) => bucket.put(key, body, signal));
  }

  putIfAbsent(key: string, body: Uint8Array, signal?: AbortSignal) {
    return this.#use((bucket) => bucket.putIfAbsent(key, body, signal));
  }

  delete(key: string, signal?: AbortSignal) {
    return this.#use((bucket) => bucket.delete(key, signal));
  }

  async close(): Promise<void> {
    await this.#check;
    await this.#held.bucket.close();
  }

  async #use<T>(run: (bucket: Bucket) => Promise<T>): Promise<T> {
    const held = await this.#take();
    try {
      return await run(held.bucket);
    } finally {
      await giveBack(held);
    }
  }

  async #take(): Promise<Held> {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs - this.#checkedMs >= limits.bucketConfigCheckMs) {
      this.#checkedMs = nowMs;
      this.#check = this.#look();
    }
    await this.#check;
    const held = this.#held;
    held.users++;
    return held;
  }

  async #look(): Promise<void> {
    const { read, open, say } = this.#parts;
    try {
      const text = await read();
      if (text === this.#seen) return;
      this.#seen = text;
      if (text === this.#held.text) return;
      const bucket = await open(text);
      const old = this.#held;
      this.#held = { text, bucket, users: 0, retired: false };
      say('the configuration of the bucket changed and is in use');
      old.retired = true;
      if (old.users === 0) await old.bucket.close();
    } catch (error) {
      say(`the changed configuration of the bucket is not used: ${describeError(error)}`);
    }
  }
}

async function giveBack(held: Held): Promise<void> {
  held.users--;
  if (held.retired && held.users === 0) await held.bucket.close();
}
