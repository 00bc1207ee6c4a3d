import type { Clock } from '../../base/clock.ts';
import { CodedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { durationSecondsBuckets, type Metrics, silentMetrics } from '../../base/metrics.ts';

/** How the requests to one source went. Times are Unix milliseconds. */
export interface SourceRecord {
  readonly answers: number;
  readonly failures: number;
  readonly failuresInARow: number;
  readonly lastAnswerMs: number | undefined;
  /** Of the last answer. */
  readonly latencyMs: number | undefined;
  readonly lastFailureMs: number | undefined;
  readonly lastError: string | undefined;
  /** Until then it is not asked: it failed too often in a row. */
  readonly notAskedUntilMs: number | undefined;
}

interface State {
  answers: number;
  failures: number;
  failuresInARow: number;
  lastAnswerMs: number | undefined;
  latencyMs: number | undefined;
  lastFailureMs: number | undefined;
  lastError: CodedError | undefined;
  /** Monotonic. */
  openUntilMs: number;
}

/**
 * Watches the requests to sources by name: for diagnostics, for metrics, and as a circuit breaker. A source that failed
 * `sourceBreakerFailures` times in a row is not asked for a while, twice as long after each further failure; one request
 * then tells whether it is back.
 */
export class SourceMonitor {
  readonly #clock: Clock;
  readonly #states = new Map<string, State>();
  readonly #requests;
  readonly #durations;
  readonly #up;

  constructor(clock: Clock, metrics: Metrics = silentMetrics) {
    this.#clock = clock;
    this.#requests = metrics.counter('promfleet_query_source_requests_total', 'Requests to sources.', [
      'source',
      'outcome',
    ]);
    this.#durations = metrics.histogram(
      'promfleet_query_source_request_duration_seconds',
      'Time of requests to sources that were answered.',
      durationSecondsBuckets,
      ['source'],
    );
    this.#up = metrics.gauge(
      'promfleet_query_source_up',
      'Whether the last request to a source was answered.',
      ['source'],
    );
  }

  /** Runs a request to a source. Raises `SourceFailed` without asking while the breaker is open, else what `ask` raises. */
  async watch<T>(source: string, ask: () => Promise<T>): Promise<T> {
    const state = this.#stateOf(source);
    const startMs = this.#clock.monotonicMs();
    if (startMs < state.openUntilMs) {
      this.#requests.add(1, { source, outcome: 'not_asked' });
      throw new CodedError(
        'SourceFailed',
        `source ${source}: is not asked for a moment, as it failed ${state.failuresInARow} times in a row; the last time: ${state.lastError?.message ?? ''}`,
      );
    }
    // While one request finds out whether the source is back, others are told without waiting.
    if (state.failuresInARow >= limits.sourceBreakerFailures)
      state.openUntilMs = startMs + limits.sourceBreakerProbeMs;
    try {
      const answer = await ask();
      this.#answered(source, state, startMs);
      return answer;
    } catch (error) {
      if (error instanceof CodedError && error.code === 'SourceFailed') this.#failed(source, state, error);
      else state.openUntilMs = 0;
      throw error;
    }
  }

  recordOf(source: string): SourceRecord {
    const state = this.#stateOf(source);
    const restMs = state.openUntilMs - this.#clock.monotonicMs();
    return {
      ...state,
      lastError: state.lastError?.message,
      notAskedUntilMs: restMs > 0 ? this.#clock.nowMs() + restMs : undefined,
    };
  }

  /** The source is gone for good. */
  forget(source: string): void {
    this.#states.delete(source);
    this.#up.remove({ source });
  }

  #stateOf(source: string): State {
    let state = this.#states.get(source);
    if (state === undefined) {
      state = {
        answers: 0,
        failures: 0,
        failuresInARow: 0,
        lastAnswerMs: undefined,
        latencyMs: undefined,
        lastFailureMs: undefined,
        lastError: undefined,
        openUntilMs: 0,
      };
      this.#states.set(source, state);
    }
    return state;
  }

  #answered(source: string, state: State, startMs: number): void {
    state.answers++;
    state.failuresInARow = 0;
    state.openUntilMs = 0;
    state.lastAnswerMs = this.#clock.nowMs();
    state.latencyMs = this.#clock.monotonicMs() - startMs;
    this.#requests.add(1, { source, outcome: 'answered' });
    this.#durations.observe(state.latencyMs / 1000, { source });
    this.#up.set(1, { source });
  }

  #failed(source: string, state: State, error: CodedError): void {
    // A query that goes on after a source failed it is told the same again, without a further request.
    if (error === state.lastError) return;
    state.failures++;
    state.failuresInARow++;
    state.lastFailureMs = this.#clock.nowMs();
    state.lastError = error;
    const beyond = state.failuresInARow - limits.sourceBreakerFailures;
    state.openUntilMs =
      beyond < 0
        ? 0
        : this.#clock.monotonicMs() +
          Math.min(limits.sourceBreakerFirstMs * 2 ** Math.min(beyond, 16), limits.sourceBreakerMaxMs);
    this.#requests.add(1, { source, outcome: 'failed' });
    this.#up.set(0, { source });
  }
}
