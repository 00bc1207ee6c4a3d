import type { Clock } from '../../base/clock.ts';
import { CodedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { withDeadline } from './deadline.ts';
import type { QueryScope } from './source.ts';

interface Share {
  readonly endMs: number;
  readonly timeMs: number;
  /** Why the source is not asked again in this query. */
  failure?: CodedError;
}

/**
 * How long one source may keep a query waiting: a share of the query's time, for all that the query asks of it. A source
 * that has failed a query is not asked again by it: the answer is partial already, and many selectors must not add up
 * many waits.
 */
export class Patience {
  readonly #source: string;
  readonly #clock: Clock;
  readonly #shares = new WeakMap<QueryScope, Share>();

  constructor(source: string, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  /** Raises what `work` raises, `SourceFailed` when the time is over, or the reason of the scope's signal. */
  async run<T>(scope: QueryScope, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const share = this.#shareOf(scope);
    if (share.failure !== undefined) throw share.failure;
    try {
      return await withDeadline(work, {
        clock: this.#clock,
        timeMs: Math.max(0, share.endMs - this.#clock.monotonicMs()),
        signal: scope.signal,
        late: new CodedError(
          'SourceFailed',
          `source ${this.#source}: did not answer whole within ${share.timeMs} ms`,
        ),
      });
    } catch (error) {
      if (error instanceof CodedError && error.code === 'SourceFailed') share.failure = error;
      throw error;
    }
  }

  #shareOf(scope: QueryScope): Share {
    const known = this.#shares.get(scope);
    if (known !== undefined) return known;
    const timeMs = Math.min(limits.liveSourceMs, Math.floor(scope.timeoutMs * limits.liveSourceShare));
    const share: Share = { timeMs, endMs: this.#clock.monotonicMs() + timeMs };
    this.#shares.set(scope, share);
    return share;
  }
}
