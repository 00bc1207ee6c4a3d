import type { Clock } from '../../base/clock.ts';
import { describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { SeriesHolder } from '../query/source.ts';

/** Whether a query would find anybody to ask, and what is missing. */
export interface ReadyState {
  readonly isReady: boolean;
  readonly text: string;
}

/**
 * Ready while at least one source answers. Asked often by a probe that waits a second at most: what a look found is used
 * for `readyAgeMs`, and one that takes longer than `readyWaitMs` is waited for by the next.
 */
export class Readiness {
  readonly #holders: () => readonly SeriesHolder[];
  readonly #clock: Clock;
  #known: ReadyState = { isReady: false, text: 'no source has answered yet\n' };
  #knownMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;

  constructor(holders: () => readonly SeriesHolder[], clock: Clock) {
    this.#holders = holders;
    this.#clock = clock;
  }

  async state(): Promise<ReadyState> {
    if (this.#clock.monotonicMs() - this.#knownMs < limits.readyAgeMs) return this.#known;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    const waited = new AbortController();
    const late = this.#clock.sleep(limits.readyWaitMs, waited.signal).catch(() => undefined);
    await Promise.race([this.#looking, late]);
    waited.abort('over');
    return this.#known;
  }

  async #look(): Promise<void> {
    const scope = {
      signal: AbortSignal.any([]),
      timeoutMs: limits.queryTimeoutMs,
      partial: () => undefined,
    };
    const faults = await Promise.all(
      this.#holders().map(async (holder) => {
        try {
          await holder.check?.(scope);
          return undefined;
        } catch (error) {
          return describeError(error);
        }
      }),
    );
    const missing = faults.filter((fault) => fault !== undefined);
    const isReady = missing.length < faults.length;
    const lines = [isReady ? 'promfleet query is ready.' : 'no source answers.', ...missing];
    this.#known = { isReady, text: `${lines.join('\n')}\n` };
    this.#knownMs = this.#clock.monotonicMs();
  }
}
