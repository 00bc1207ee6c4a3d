import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../base/clock.ts';
import { limits } from '../base/limits.ts';

/**
 * Lets timers and sockets of this thread go on once it has worked for `limits.turnMs`. One for all that works on a thread:
 * promises that are fulfilled already never let a timer through, however many hands take turns.
 */
export class TurnBreather {
  readonly #clock: Clock;
  #sinceMs: number;
  #turn: Promise<void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sinceMs = clock.monotonicMs();
  }

  async breathe(): Promise<void> {
    // Those that waited for the same turn go on one after the other: who comes late in it may have to wait again.
    while (this.#turn !== undefined || this.#clock.monotonicMs() - this.#sinceMs >= limits.turnMs) {
      this.#turn ??= this.#nextTurn();
      await this.#turn;
    }
  }

  async #nextTurn(): Promise<void> {
    await setImmediate();
    this.#sinceMs = this.#clock.monotonicMs();
    this.#turn = undefined;
  }
}
