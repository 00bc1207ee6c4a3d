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

  /**
   * What to wait for, then to ask again; undefined: work on now, before anything else is awaited. Of many hands that waited
   * for the same turn those late in it may have to wait for the next one.
   */
  wait(): Promise<void> | undefined {
    if (this.#turn === undefined && this.#clock.monotonicMs() - this.#sinceMs < limits.turnMs)
      return undefined;
    this.#turn ??= this.#nextTurn();
    return this.#turn;
  }

  async breathe(): Promise<void> {
    for (let turn = this.wait(); turn !== undefined; turn = this.wait()) await turn;
  }

  async #nextTurn(): Promise<void> {
    await setImmediate();
    this.#sinceMs = this.#clock.monotonicMs();
    this.#turn = undefined;
  }
}
