import type { Clock } from '../../src/base/clock.ts';

interface Sleeper {
  readonly dueMs: number;
  readonly order: number;
  readonly wake: () => void;
}

/**
 * Time that moves only when told: simulations of hours take milliseconds and repeat exactly. The wall clock can be
 * made to jump; the monotonic one cannot.
 */
export class VirtualClock implements Clock {
  #monotonicMs = 1_000;
  #wallOffsetMs: number;
  #order = 0;
  readonly #sleepers = new Set<Sleeper>();

  constructor(startWallMs = Date.UTC(2026, 0, 1)) {
    this.#wallOffsetMs = startWallMs - this.#monotonicMs;
  }

  /** Sleeps that have not ended: zero after everything that uses the clock has stopped. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  nowMs(): number {
    return this.#monotonicMs + this.#wallOffsetMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  /** Steps the wall clock, as a time server or a suspended machine does. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const sleeper: Sleeper = {
        dueMs: this.#monotonicMs + Math.max(0, delayMs),
        order: this.#order++,
        wake: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      const onAbort = () => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#sleepers.add(sleeper);
    });
  }

  /** Lets `durationMs` pass, waking sleepers in order and letting what they start run in between. */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.#monotonicMs + durationMs;
    await settle();
    for (let next = this.#next(); next !== undefined && next.dueMs <= endMs; next = this.#next()) {
      this.#wake(next);
      await settle();
    }
    this.#monotonicMs = endMs;
  }

  /** Lets time pass until `done()`; fails after `limitMs`. */
  async advanceUntil(done: () => boolean, limitMs: number): Promise<void> {
    const endMs = this.#monotonicMs + limitMs;
    for (;;) {
      await settle();
      if (done()) return;
      const next = this.#next();
      if (next === undefined) throw new Error('nothing is left to wait for');
      if (next.dueMs > endMs) throw new Error(`not done within ${limitMs} ms`);
      this.#wake(next);
    }
  }

  #next(): Sleeper | undefined {
    let first: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (
        first === undefined ||
        sleeper.dueMs < first.dueMs ||
        (sleeper.dueMs === first.dueMs && sleeper.order < first.order)
      ) {
        first = sleeper;
      }
    }
    return first;
  }

  #wake(sleeper: Sleeper): void {
    this.#sleepers.delete(sleeper);
    this.#monotonicMs = Math.max(this.#monotonicMs, sleeper.dueMs);
    sleeper.wake();
  }
}

/** The clock of one machine: its wall clock is set by itself, and the monotonic time is that of all. */
export class MachineClock implements Clock {
  readonly #shared: Clock;
  #offsetMs = 0;

  constructor(shared: Clock) {
    this.#shared = shared;
  }

  nowMs(): number {
    return this.#shared.nowMs() + this.#offsetMs;
  }

  monotonicMs(): number {
    return this.#shared.monotonicMs();
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return this.#shared.sleep(delayMs, signal);
  }

  jumpWall(byMs: number): void {
    this.#offsetMs += byMs;
  }

  /** As a time server does in the end. */
  setRight(): void {
    this.#offsetMs = 0;
  }
}

/** Lets all promises settle that need no time, also those of work that lets other work of the thread go on in between. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
