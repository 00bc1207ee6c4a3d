import { backoffDelayMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { describeError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { ReportStore } from './ports.ts';
import { Signal } from './signal.ts';

/** Keeps the report object equal to the newest report; writes only what differs, and tries until it succeeds. */
export class ReportWriter {
  readonly #store: ReportStore;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Logger;
  readonly #changed = new Signal();
  #wanted: string | undefined;
  #written: string | undefined;

  constructor(ports: { store: ReportStore; clock: Clock; random: Random; log: Logger }) {
    this.#store = ports.store;
    this.#clock = ports.clock;
    this.#random = ports.random;
    this.#log = ports.log;
  }

  set(text: string): void {
    if (text === this.#wanted) return;
    this.#wanted = text;
    this.#changed.raise();
  }

  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    let known = false;
    while (!signal.aborted) {
      try {
        if (!known) {
          this.#written = await this.#store.read(signal);
          known = true;
        }
        const text = this.#wanted;
        if (text !== undefined && text !== this.#written) {
          await this.#store.write(text, signal);
          this.#written = text;
        }
        failures = 0;
        if (this.#wanted === text) await this.#changed.wait(signal);
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        this.#log.warn({ error: describeError(error) }, 'the report could not be written');
        const delayMs = backoffDelayMs(failures, { firstDelayMs: 200, maxDelayMs: 10_000 }, this.#random);
        await this.#clock.sleep(delayMs, signal).catch(() => {});
      }
    }
  }
}
