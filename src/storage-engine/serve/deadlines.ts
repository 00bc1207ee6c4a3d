import type { Clock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';

interface Deadline {
  readonly untilMs: number;
  readonly expire: () => void;
}

/**
 * Tells requests that their time is over. A timer of its own for each, set and taken back, would be a good part of the work of
 * a small request: long times are looked at by one clock for all, which stands still while there are none.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #waiting = new Set<Deadline>();
  #isTicking = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `expire` when `afterMs` have passed (long times: up to `limits.deadlineTickMs` later), unless what is returned is called before. */
  after(afterMs: number, expire: () => void): () => void {
    if (afterMs < limits.exactDeadlineMs) {
      const taken = new AbortController();
      this.#clock.sleep(afterMs, taken.signal).then(expire, () => undefined);
      return () => taken.abort();
    }
    const deadline = { untilMs: this.#clock.monotonicMs() + afterMs, expire };
    this.#waiting.add(deadline);
    if (!this.#isTicking) void this.#tick();
    return () => this.#waiting.delete(deadline);
  }

  async #tick(): Promise<void> {
    this.#isTicking = true;
    while (this.#waiting.size > 0) {
      await this.#clock.sleep(limits.deadlineTickMs);
      const nowMs = this.#clock.monotonicMs();
      for (const deadline of this.#waiting) {
        if (deadline.untilMs > nowMs) continue;
        this.#waiting.delete(deadline);
        deadline.expire();
      }
    }
    this.#isTicking = false;
  }
}
