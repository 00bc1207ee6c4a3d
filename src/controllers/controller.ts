import { BugError } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import { withDeadline } from '../base/deadline.ts';
import { CodedError, describeError, StalledError, WaitingError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { type Logger, silentLogger } from '../base/log.ts';
import { durationSecondsBuckets, type Metrics, silentMetrics } from '../base/metrics.ts';
import type { Random } from '../base/random.ts';
import type { TurnBreather } from './breather.ts';
import type { Change } from './informer.ts';
import { KeyQueue, type KeyQueueOptions } from './key-queue.ts';

export interface ReconcileResult {
  /** Look at the key again after this time even if nothing changes. */
  readonly requeueAfterMs?: number;
}

/**
 * Brings the object behind a key to its declared state; the key may name an object that is gone. Level-based, idempotent,
 * stoppable at any point by `signal`. Outcomes beside success: StalledError (only a change can help: not repeated),
 * WaitingError (repeated after its time), any other error (repeated with backoff).
 */
export interface Reconciler {
  reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined>;
}

/** Where changes come from; `Informer` is one. */
export interface ChangeSource<T> {
  onChange(handler: (change: Change<T>) => void): () => void;
}

/** A source whose changes put keys into a controller's queue. Made by `watch`, which ties the two types. */
export interface Watch {
  start(add: (key: string) => void): () => void;
}

/** For a source without a cache, `onChange` may replay nothing; an informer replays every known object. */
export function watch<T>(source: ChangeSource<T>, keysOf: (change: Change<T>) => Iterable<string>): Watch {
  return {
    start: (add) =>
      source.onChange((change) => {
        for (const key of keysOf(change)) add(key);
      }),
  };
}

export interface ControllerOptions {
  /** Lower-case noun: for logs and metrics. */
  readonly name: string;
  readonly reconciler: Reconciler;
  readonly watches: readonly Watch[];
  readonly concurrency?: number;
  readonly reconcileTimeoutMs?: number;
  readonly backoff?: KeyQueueOptions['backoff'];
}

export interface ControllerContext {
  readonly clock: Clock;
  /** Between keys; keys that need no request would otherwise hold the thread until the queue is empty. */
  readonly breather?: Pick<TurnBreather, 'wait'>;
  readonly random: Random;
  readonly log?: Logger;
  readonly metrics?: Metrics;
}

type Outcome = 'success' | 'stalled' | 'waiting' | 'error' | 'aborted';

/** A queue, the watches that fill it, and the workers that empty it. */
export class Controller {
  readonly name: string;
  readonly queue: KeyQueue;
  readonly #options: ControllerOptions;
  readonly #clock: Clock;
  readonly #breather: ControllerContext['breather'];
  readonly #log: Logger;
  readonly #observe: (outcome: Outcome, durationMs: number) => void;

  constructor(options: ControllerOptions, context: ControllerContext) {
    const { name } = options;
    const metrics = context.metrics ?? silentMetrics;
    this.name = name;
    this.#options = options;
    this.#clock = context.clock;
    this.#breather = context.breather;
    this.#log = (context.log ?? silentLogger).child({ controller: name });
    const labels = { controller: name };
    const depth = metrics.gauge('promfleet_queue_depth', 'Keys that wait for a worker.', ['controller']);
    const waited = metrics.histogram(
      'promfleet_queue_wait_seconds',
      'Time that keys waited for a worker.',
      durationSecondsBuckets,
      ['controller'],
    );
    const retries = metrics.counter('promfleet_queue_retries_total', 'Keys put back after an error.', [
      'controller',
    ]);
    const durations = metrics.histogram(
      'promfleet_reconcile_duration_seconds',
      'Time of reconciling one key.',
      durationSecondsBuckets,
      ['controller'],
    );
    const outcomes = metrics.counter('promfleet_reconciles_total', 'Reconciled keys by outcome.', [
      'controller',
      'outcome',
    ]);
    this.#observe = (outcome, durationMs) => {
      durations.observe(durationMs / 1000, labels);
      outcomes.add(1, { ...labels, outcome });
    };
    this.queue = new KeyQueue({
      clock: context.clock,
      random: context.random,
      ...(options.backoff === undefined ? {} : { backoff: options.backoff }),
      hooks: {
        depth: (keys) => depth.set(keys, labels),
        waited: (durationMs) => waited.observe(durationMs / 1000, labels),
        retried: () => retries.add(1, labels),
      },
    });
  }

  /**
   * Works from now until `stop` aborts, beginning with every object that the watches know. Running reconciles may then end
   * by themselves until `kill` aborts, which ends their signals. Resolves when no worker runs any more.
   */
  async run(stop: AbortSignal, kill: AbortSignal): Promise<void> {
    const stopWatches = this.#options.watches.map((each) => each.start((key) => this.queue.add(key)));
    try {
      const workers = Array.from({ length: this.#options.concurrency ?? 1 }, () => this.#work(stop, kill));
      await Promise.all(workers);
    } finally {
      for (const stopWatch of stopWatches) stopWatch();
      this.queue.clear();
    }
  }

  async #work(stop: AbortSignal, kill: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      let key: string;
      try {
        key = await this.queue.take(stop);
      } catch (error) {
        if (stop.aborted) return;
        throw error;
      }
      for (let turn = this.#breather?.wait(); turn !== undefined; turn = this.#breather?.wait()) await turn;
      const stuck = await this.#reconcile(key, kill);
      const done = () => this.queue.done(key);
      if (stuck === undefined) done();
      else {
        // Its key stays in work until it ends, so that no second one runs beside it; the worker goes on.
        this.#log.error({ key }, 'a reconcile ignores that it was aborted');
        stuck.work.then(done, done);
      }
    }
  }

  /** The work that goes on although its signal was aborted, where there is one. */
  async #reconcile(key: string, kill: AbortSignal): Promise<{ readonly work: Promise<unknown> } | undefined> {
    const startedMs = this.#clock.monotonicMs();
    const timeoutMs = this.#options.reconcileTimeoutMs ?? limits.reconcileTimeoutMs;
    const timeoutError = () =>
      new CodedError('ReconcileTimeout', `${this.name} ${key}: not done within ${timeoutMs} ms`);
    let outcome: Outcome;
    let stuck: { readonly work: Promise<unknown> } | undefined;
    try {
      const result = await withDeadline(this.#clock, timeoutMs, kill, timeoutError, async (signal) => {
        const work = this.#options.reconciler.reconcile(key, signal);
        if (!(await settlesOnAbort(this.#clock, work, signal, limits.reconcileAbandonMs))) {
          stuck = { work };
          signal.throwIfAborted();
        }
        return await work;
      });
      outcome = 'success';
      this.queue.forget(key);
      if (result?.requeueAfterMs !== undefined) this.queue.addAfter(key, result.requeueAfterMs);
    } catch (error) {
      outcome = kill.aborted ? 'aborted' : this.#failed(key, error);
    }
    this.#observe(outcome, this.#clock.monotonicMs() - startedMs);
    return stuck;
  }

  #failed(key: string, error: unknown): Outcome {
    if (error instanceof StalledError) {
      this.queue.forget(key);
      this.#log.info({ key, code: error.code, reason: error.message }, 'stalled until it changes');
      return 'stalled';
    }
    if (error instanceof WaitingError) {
      this.queue.forget(key);
      this.queue.addAfter(key, error.retryAfterMs);
      this.#log.debug({ key, code: error.code, reason: error.message }, 'waiting');
      return 'waiting';
    }
    const delayMs = Math.round(this.queue.addFailed(key));
    const failures = this.queue.failuresOf(key);
    const fields = { key, failures, delayMs, reason: describeError(error) };
    if (!(error instanceof CodedError)) {
      // Not an expected fault: a defect of ours. The key alone is held back, with the stack in the log.
      const stack = error instanceof Error ? error.stack : undefined;
      this.#log.error({ ...fields, stack, bug: error instanceof BugError }, 'reconcile failed unexpectedly');
    } else this.#log[failures > 3 ? 'warn' : 'info'](fields, 'reconcile failed, trying again');
    return 'error';
  }
}

/** False when `work` is still not done `graceMs` after `signal` aborted. Leaves no timer and no listener. */
async function settlesOnAbort(
  clock: Clock,
  work: Promise<unknown>,
  signal: AbortSignal,
  graceMs: number,
): Promise<boolean> {
  const settled = new AbortController();
  let onAbort: () => void = () => {};
  const overdue = new Promise<boolean>((resolve) => {
    onAbort = () => {
      clock.sleep(graceMs, settled.signal).then(
        () => resolve(false),
        () => {},
      );
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    const done = work.then(
      () => true,
      () => true,
    );
    return await Promise.race([done, overdue]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    settled.abort('over');
  }
}
