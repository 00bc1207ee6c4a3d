import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import type { Breather } from '../../reconcilers/ports.ts';

/** Lets timers and sockets of this thread go on once enough time has passed since the last breath. */
export class TurnBreather implements Breather {
  readonly #clock: Clock;
  #sinceMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sinceMs = clock.monotonicMs();
  }

  async breathe(): Promise<void> {
    if (this.#clock.monotonicMs() - this.#sinceMs < limits.turnMs) return;
    await setImmediate();
    this.#sinceMs = this.#clock.monotonicMs();
  }
}
