import { assert } from '../base/assert.ts';
import { type BackoffOptions, backoffDelayMs } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import { LimitExceededError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { Random } from '../base/random.ts';
import { splitKey } from '../kube/object.ts';
import { DelayHeap } from './delay-heap.ts';
import { Fifo } from './fifo.ts';

/** Called on every change; for metrics. */
export interface KeyQueueHooks {
  /** Keys that wait now, delayed ones excluded. */
  depth?(keys: number): void;
  /** How long a key waited until a worker took it. */
  waited?(durationMs: number): void;
  retried?(): void;
}

export interface KeyQueueOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly backoff?: BackoffOptions;
  readonly hooks?: KeyQueueHooks;
  readonly maxKeys?: number;
  /** Keys of one group are served in turn with those of others; by default the key's namespace. */
  readonly groupOf?: (key: string) => string;
}

interface Taker {
  readonly give: (key: string) => void;
  readonly fail: (reason: unknown) => void;
}

const defaultBackoff: BackoffOptions = { firstDelayMs: 100, maxDelayMs: 300_000 };

/**
 * Work queue of keys (the contract of client-go's workqueue): a key that waits is held once; a key in work is never given
 * to a second worker, and comes again after `done` when it was added meanwhile. Groups (namespaces) are served in turn, so
 * that one with many keys delays no other.
 */
export class KeyQueue {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #backoff: BackoffOptions;
  readonly #hooks: KeyQueueHooks;
  readonly #maxKeys: number;
  readonly #groupOf: (key: string) => string;
  /** Keys that need work, with the time since when: those that wait, and those in work that were added again. */
  readonly #dirty = new Map<string, number>();
  readonly #inWork = new Set<string>();
  /** Group -> its waiting keys. */
  readonly #waiting = new Map<string, Fifo<string>>();
  /** Groups with waiting keys, in the order of service. */
  readonly #turns = new Fifo<string>();
  #waitingKeys = 0;
  readonly #failures = new Map<string, number>();
  readonly #delayed = new DelayHeap();
  readonly #takers = new Set<Taker>();
  #timer: { readonly dueMs: number; readonly stop: AbortController } | undefined;
  #closed = false;

  constructor(options: KeyQueueOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#backoff = options.backoff ?? defaultBackoff;
    this.#hooks = options.hooks ?? {};
    this.#maxKeys = options.maxKeys ?? limits.queueKeys;
    this.#groupOf = options.groupOf ?? ((key) => splitKey(key).namespace);
  }

  /** Keys that wait for a worker now. */
  get depth(): number {
    return this.#waitingKeys;
  }

  /** Keys that come later by themselves. */
  get delayed(): number {
    return this.#delayed.size;
  }

  get inWork(): number {
    return this.#inWork.size;
  }

  /** Asks for work on a key. */
  add(key: string): void {
    if (this.#closed || this.#dirty.has(key)) return;
    if (this.#dirty.size >= this.#maxKeys)
      throw new LimitExceededError(`work queue: more than ${this.#maxKeys} keys`);
    this.#dirty.set(key, this.#clock.monotonicMs());
    if (!this.#inWork.has(key)) this.#enqueue(key);
  }

  /** Asks for work on a key later. An earlier time that is already set stays. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed) return;
    if (!(delayMs > 0)) return this.add(key);
    this.#delayed.add(key, this.#clock.monotonicMs() + delayMs);
    this.#armTimer();
  }

  /** Asks for work on a key again after its work failed, later with each failure until `forget`. The delay in ms. */
  addFailed(key: string): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    this.#hooks.retried?.();
    const delayMs = backoffDelayMs(failures, this.#backoff, this.#random);
    this.addAfter(key, delayMs);
    return delayMs;
  }

  /** The work on a key succeeded: its next failure counts as the first. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  failuresOf(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The next key, as soon as there is one. Rejects with the signal's reason. `done` must follow. */
  async take(signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    const ready = this.#next();
    if (ready !== undefined) return ready;
    return await new Promise<string>((resolve, reject) => {
      const settle = () => {
        this.#takers.delete(taker);
        signal.removeEventListener('abort', onAbort);
      };
      const onAbort = () => taker.fail(signal.reason);
      const taker: Taker = {
        give(key) {
          settle();
          resolve(key);
        },
        fail(reason) {
          settle();
          reject(reason);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#takers.add(taker);
    });
  }

  /** Ends the work on a key that `take` gave. */
  done(key: string): void {
    assert(this.#inWork.delete(key), `key ${key} is not in work`);
    if (this.#dirty.has(key)) this.#enqueue(key);
  }

  /** Forgets all keys that wait or are delayed; keys in work still end by `done`. */
  clear(): void {
    this.#dirty.clear();
    this.#waiting.clear();
    this.#turns.clear();
    this.#waitingKeys = 0;
    this.#failures.clear();
    this.#delayed.clear();
    this.#stopTimer();
    this.#hooks.depth?.(0);
  }

  /** No more keys; takers are refused. */
  close(): void {
    this.#closed = true;
    this.clear();
    for (const taker of [...this.#takers]) taker.fail(new Error('the queue is closed'));
  }

  #enqueue(key: string): void {
    const group = this.#groupOf(key);
    let keys = this.#waiting.get(group);
    if (keys === undefined) {
      keys = new Fifo();
      this.#waiting.set(group, keys);
      this.#turns.push(group);
    }
    keys.push(key);
    this.#waitingKeys++;
    const [taker] = this.#takers;
    if (taker !== undefined) taker.give(this.#next()!);
    else this.#hooks.depth?.(this.#waitingKeys);
  }

  #next(): string | undefined {
    const group = this.#turns.shift();
    if (group === undefined) return undefined;
    const keys = this.#waiting.get(group);
    const key = keys?.shift();
    assert(keys !== undefined && key !== undefined, `group ${group} without keys`);
    // Its turn is over: to the end of the ring.
    if (keys.size > 0) this.#turns.push(group);
    else this.#waiting.delete(group);
    this.#waitingKeys--;
    const sinceMs = this.#dirty.get(key)!;
    this.#dirty.delete(key);
    assert(!this.#inWork.has(key), `key ${key} is in work twice`);
    this.#inWork.add(key);
    this.#hooks.waited?.(this.#clock.monotonicMs() - sinceMs);
    this.#hooks.depth?.(this.#waitingKeys);
    return key;
  }

  #armTimer(): void {
    const dueMs = this.#delayed.nextMs();
    if (dueMs === undefined || (this.#timer !== undefined && this.#timer.dueMs <= dueMs)) return;
    this.#stopTimer();
    const stop = new AbortController();
    this.#timer = { dueMs, stop };
    const fullPauseMs = this.#dirty.size >= this.#maxKeys ? 1000 : 0;
    this.#clock.sleep(Math.max(fullPauseMs, dueMs - this.#clock.monotonicMs()), stop.signal).then(
      () => this.#timerFired(stop),
      () => {},
    );
  }

  #timerFired(stop: AbortController): void {
    if (this.#timer?.stop !== stop) return;
    this.#timer = undefined;
    const nowMs = this.#clock.monotonicMs();
    // Over the limit keys stay delayed: none is lost, and the next timer tries again.
    for (let room = this.#maxKeys - this.#dirty.size; room > 0; room--) {
      const key = this.#delayed.takeDue(nowMs);
      if (key === undefined) break;
      this.add(key);
    }
    this.#armTimer();
  }

  #stopTimer(): void {
    this.#timer?.stop.abort();
    this.#timer = undefined;
  }
}
