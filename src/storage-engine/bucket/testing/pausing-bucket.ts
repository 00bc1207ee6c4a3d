import type { Bucket, ListOptions, ListPage, ObjectBody, ObjectInfo } from '../bucket.ts';

/** A bucket whose process stops before an operation and wakes up later, knowing nothing of the time between. */
export class PausingBucket implements Bucket {
  readonly description: string;
  /** Resolves when the process has stopped. */
  readonly paused: Promise<void>;
  private readonly inner: Bucket;
  private readonly pauseAt: number;
  private readonly gate: Promise<void>;
  private operations = 0;
  private stop!: () => void;
  private wake!: () => void;

  constructor(inner: Bucket, pauseAt: number) {
    this.inner = inner;
    this.pauseAt = pauseAt;
    this.description = inner.description;
    this.paused = new Promise((resolve) => {
      this.stop = resolve;
    });
    this.gate = new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  resume(): void {
    this.wake();
  }

  async head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    await this.step();
    return this.inner.head(key, signal);
  }

  async getRange(
    key: string,
    offset: number,
    lengthBytes: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    await this.step();
    return this.inner.getRange(key, offset, lengthBytes, signal);
  }

  async *list(prefix: string, options?: ListOptions): AsyncIterable<ListPage> {
    await this.step();
    yield* this.inner.list(prefix, options);
  }

  async put(key: string, body: ObjectBody, signal?: AbortSignal): Promise<void> {
    await this.step();
    await this.inner.put(key, body, signal);
  }

  async putIfAbsent(key: string, body: Uint8Array, signal?: AbortSignal): Promise<boolean> {
    await this.step();
    return this.inner.putIfAbsent(key, body, signal);
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    await this.step();
    await this.inner.delete(key, signal);
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  private async step(): Promise<void> {
    if (++this.operations !== this.pauseAt) return;
    this.stop();
    await this.gate;
  }
}
