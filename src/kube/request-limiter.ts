import type { Clock } from '../base/clock.ts';
import type { LinkedAbort } from '../base/deadline.ts';
import { linkAbort } from '../base/deadline.ts';
import { LimitExceededError } from '../base/errors.ts';

export interface RequestLimiterOptions {
  readonly requestsPerSecond: number;
  readonly burst: number;
  readonly inFlight: number;
  readonly waiting: number;
}

interface Waiter {
  readonly grant: () => void;
}

/** Token bucket and concurrency bound for the requests of one client, first come, first served. */
export class RequestLimiter {
  readonly #options: RequestLimiterOptions;
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();
  #tokens: number;
  #filledAtMs: number;
  #inFlight = 0;
  #timerRuns = false;

  constructor(options: RequestLimiterOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#tokens = options.burst;
    this.#filledAtMs = clock.monotonicMs();
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** Runs `work` when its turn has come; rejects with the signal's reason while it still waits. */
  async run<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    await this.#turn(signal);
    try {
      return await work();
    } finally {
      this.#inFlight--;
      this.#pump();
    }
  }

  async #turn(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#waiters.size === 0 && this.#take()) return;
    if (this.#waiters.size >= this.#options.waiting) {
      throw new LimitExceededError(`more than ${this.#options.waiting} requests to the API server wait`);
    }
    const linked: LinkedAbort = linkAbort(signal);
    try {
      await new Promise<void>((resolve, reject) => {
        const waiter: Waiter = { grant: resolve };
        linked.signal.addEventListener(
          'abort',
          () => {
            if (this.#waiters.delete(waiter)) reject(linked.signal.reason);
          },
          { once: true },
        );
        this.#waiters.add(waiter);
        this.#pump();
      });
    } finally {
      linked.release();
    }
  }

  #take(): boolean {
    const { requestsPerSecond, burst, inFlight } = this.#options;
    const nowMs = this.#clock.monotonicMs();
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#filledAtMs) / 1000) * requestsPerSecond);
    this.#filledAtMs = nowMs;
    if (this.#inFlight >= inFlight || this.#tokens < 1) return false;
    this.#tokens--;
    this.#inFlight++;
    return true;
  }

  #pump(): void {
    for (const waiter of this.#waiters) {
      if (!this.#take()) break;
      this.#waiters.delete(waiter);
      waiter.grant();
    }
    if (this.#waiters.size === 0 || this.#timerRuns || this.#inFlight >= this.#options.inFlight) return;
    this.#timerRuns = true;
    const delayMs = Math.max(1, ((1 - this.#tokens) / this.#options.requestsPerSecond) * 1000);
    void this.#clock.sleep(delayMs).then(() => {
      this.#timerRuns = false;
      this.#pump();
    });
  }
}
