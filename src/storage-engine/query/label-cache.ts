import type { Clock } from '../../base/clock.ts';
import { CodedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Labels } from '../promql/exec/labels.ts';
import { unlessAborted, withDeadline } from './deadline.ts';

type Outcome = { readonly labels: Labels } | { readonly failure: CodedError; readonly hung: boolean };
type Known = Outcome & { readonly atMs: number };

/**
 * External labels of one live source: read once for all queries of the moment, kept for `liveSourceLabelsMs`. The answer is
 * small, so a source that takes longer than `liveSourceConfigMs` hangs; it is left alone for `liveSourceRetryMs`,
 * and asked behind the backs of further queries for `liveSourceHungMs`: only the first one waits for it.
 */
export class LabelCache {
  readonly #source: string;
  readonly #read: (signal: AbortSignal) => Promise<Labels>;
  readonly #clock: Clock;
  readonly #closed = new AbortController();
  #known: Known | undefined;
  #reading: Promise<Labels> | undefined;
  /** What the source said last, however long ago. */
  lastKnown: Labels | undefined;

  constructor(source: string, read: (signal: AbortSignal) => Promise<Labels>, clock: Clock) {
    this.#source = source;
    this.#read = read;
    this.#clock = clock;
  }

  /** Raises `SourceFailed`, or the signal's reason. */
  async get(signal: AbortSignal): Promise<Labels> {
    const known = this.#known;
    const ageMs = this.#clock.monotonicMs() - (known?.atMs ?? 0);
    if (known !== undefined && 'labels' in known && ageMs < limits.liveSourceLabelsMs) return known.labels;
    if (known !== undefined && 'failure' in known && ageMs < limits.liveSourceRetryMs) throw known.failure;
    this.#reading ??= this.#readNow();
    if (known !== undefined && 'hung' in known && known.hung && ageMs < limits.liveSourceHungMs)
      throw known.failure;
    return await unlessAborted(this.#reading, signal);
  }

  /** The source failed: it may be another one, with other labels, when it is back. */
  forget(): void {
    if (this.#known !== undefined && 'labels' in this.#known) this.#known = undefined;
  }

  close(): void {
    this.#closed.abort(new CodedError('SourceFailed', `source ${this.#source}: is no longer asked`));
  }

  #readNow(): Promise<Labels> {
    const late = new CodedError(
      'SourceFailed',
      `source ${this.#source}: did not answer within ${limits.liveSourceConfigMs} ms`,
    );
    const reading = withDeadline(this.#read, {
      clock: this.#clock,
      timeMs: limits.liveSourceConfigMs,
      signal: this.#closed.signal,
      late,
    });
    const settle = (outcome: Outcome | undefined) => {
      this.#known = outcome === undefined ? undefined : { atMs: this.#clock.monotonicMs(), ...outcome };
      this.#reading = undefined;
    };
    // Nobody may be waiting any more.
    reading.then(
      (labels) => {
        this.lastKnown = labels;
        settle({ labels });
      },
      (failure) => settle(failure instanceof CodedError ? { failure, hung: failure === late } : undefined),
    );
    return reading;
  }
}
