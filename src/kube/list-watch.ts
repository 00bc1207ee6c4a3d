import { BugError } from '../base/assert.ts';
import { type BackoffOptions, backoffDelayMs } from '../base/backoff.ts';
import { LimitExceededError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { Logger } from '../base/log.ts';
import { silentLogger } from '../base/log.ts';
import type { CounterMetric } from '../base/metrics.ts';
import { pauses } from '../base/pauses.ts';
import type { KubeClient } from './client.ts';
import { isGone, KubeError } from './errors.ts';
import { listPages, type Selection } from './list.ts';
import type { KubeObject } from './object.ts';
import { type WatchEvent, watchEvents } from './watch.ts';

/** Receives the state of a selection. Calls are made one after the other; they must not block. */
export interface ListWatchSink<T> {
  /** A page of a list; `first` starts a new list. Objects of the page are the newest known. */
  page(items: readonly T[], first: boolean): void;
  /** The list is whole: what was known before and came in none of its pages is gone. */
  listed(resourceVersion: string): void;
  upserted(object: T): void;
  deleted(object: T): void;
  /** A list or watch failed and is tried again. */
  failed?(error: unknown): void;
}

export interface ListWatchOptions {
  readonly log?: Logger;
  readonly pageObjects?: number;
  readonly watchSeconds?: number;
  readonly idleMs?: number;
  readonly backoff?: BackoffOptions;
}

/** A watch that lived this long proves that the server is well, even when nothing changed. */
const lastedMs = 10_000;

/** Why a watch ended, for metrics. */
type WatchEnd = 'closed' | 'expired' | 'severed' | 'stalled' | 'refused';

/**
 * Keeps a sink equal to the server's state until `signal` aborts: lists, watches from the list's version, resumes from
 * the last version after any end, lists again when that version has expired. Never ends by itself, except by
 * LimitExceeded from the sink; failures are repeated with backoff and reported through `log` and metrics.
 */
export async function listWatch<T extends KubeObject>(
  client: KubeClient,
  selection: Selection,
  sink: ListWatchSink<T>,
  signal: AbortSignal,
  options: ListWatchOptions = {},
): Promise<void> {
  await new ListWatch(client, selection, sink, signal, options).run();
}

class ListWatch<T extends KubeObject> {
  readonly #client: KubeClient;
  readonly #selection: Selection;
  readonly #sink: ListWatchSink<T>;
  readonly #signal: AbortSignal;
  readonly #options: ListWatchOptions;
  readonly #log: Logger;
  readonly #restarts: CounterMetric;
  readonly #lists: CounterMetric;
  /** Undefined: a list is needed. */
  #resourceVersion: string | undefined;
  /** Events that came together, and pages, leave other work its turn. */
  readonly #pauses: () => Promise<void> | undefined;
  #failures = 0;
  #skipPause = false;

  constructor(
    client: KubeClient,
    selection: Selection,
    sink: ListWatchSink<T>,
    signal: AbortSignal,
    options: ListWatchOptions,
  ) {
    this.#client = client;
    this.#selection = selection;
    this.#sink = sink;
    this.#signal = signal;
    this.#options = options;
    this.#log = options.log ?? silentLogger;
    this.#pauses = pauses(client.clock, limits.turnMs);
    this.#restarts = client.metrics.counter(
      'promfleet_kube_watch_ends_total',
      'Watches that ended and were resumed, by reason.',
      ['kind', 'reason'],
    );
    this.#lists = client.metrics.counter('promfleet_kube_lists_total', 'Full lists read for a watch.', [
      'kind',
    ]);
  }

  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      try {
        if (this.#resourceVersion === undefined) await this.#list();
        const wasOfUse = await this.#watch();
        this.#ended('closed');
        // An immediate end without a change would otherwise spin.
        if (wasOfUse) continue;
        this.#failures++;
      } catch (error) {
        if (this.#signal.aborted) return;
        if (error instanceof LimitExceededError || error instanceof BugError) throw error;
        this.#failed(error);
      }
      await this.#pause();
    }
  }

  async #list(): Promise<void> {
    const options = { signal: this.#signal, ...pick(this.#options.pageObjects) };
    let resourceVersion = '';
    for await (const page of listPages<T>(this.#client, this.#selection, options)) {
      this.#sink.page(page.items, page.first);
      resourceVersion = page.resourceVersion;
      await this.#pauses();
    }
    this.#sink.listed(resourceVersion);
    this.#resourceVersion = resourceVersion;
    this.#lists.add(1, { kind: this.#selection.kind });
  }

  /** True when the watch was of use: it brought a change, or lasted. Then what failed before counts no more. */
  async #watch(): Promise<boolean> {
    const { clock, random } = this.#client;
    const baseSeconds = this.#options.watchSeconds ?? limits.kubeWatchSeconds;
    const timeoutSeconds = Math.ceil(baseSeconds * (1 + random.next()));
    const lastingMs = clock.monotonicMs() + Math.min(lastedMs, (timeoutSeconds * 1000) / 2);
    let isOfUse = false;
    const events = watchEvents<T>(this.#client, this.#selection, {
      resourceVersion: this.#resourceVersion ?? '',
      signal: this.#signal,
      timeoutSeconds,
      ...(this.#options.idleMs === undefined ? {} : { idleMs: this.#options.idleMs }),
    });
    try {
      for await (const event of events) {
        this.#take(event);
        isOfUse ||= event.type !== 'BOOKMARK';
        const pause = this.#pauses();
        if (pause !== undefined) await pause;
      }
    } finally {
      isOfUse ||= clock.monotonicMs() >= lastingMs;
      if (isOfUse) this.#failures = 0;
    }
    return isOfUse;
  }

  #take(event: WatchEvent<T>): void {
    if (event.type === 'DELETED') this.#sink.deleted(event.object);
    else if (event.type !== 'BOOKMARK') this.#sink.upserted(event.object);
    // After the sink took it: a change counts as seen only then.
    const { resourceVersion } = event.object.metadata;
    if (resourceVersion !== undefined && resourceVersion !== '') this.#resourceVersion = resourceVersion;
  }

  #failed(error: unknown): void {
    this.#failures++;
    const watching = this.#resourceVersion !== undefined;
    const end = endOf(error);
    this.#sink.failed?.(error);
    if (watching) this.#ended(end);
    // A list is the remedy for an expired version: no need to wait for it, unless it did not help.
    // A stalled stream has taken its time already.
    this.#skipPause = end === 'stalled' || (end === 'expired' && this.#failures === 1);
    if (end === 'expired') this.#resourceVersion = undefined;
    const level = end === 'refused' || this.#failures > 3 ? 'warn' : 'debug';
    this.#log[level](
      { kind: this.#selection.kind, namespace: this.#selection.namespace, end, error: String(error) },
      watching ? 'watch ended, resuming' : 'list failed, trying again',
    );
  }

  #ended(reason: WatchEnd): void {
    this.#restarts.add(1, { kind: this.#selection.kind, reason });
  }

  async #pause(): Promise<void> {
    const skip = this.#skipPause;
    this.#skipPause = false;
    if (skip || this.#failures === 0) return;
    const backoff = this.#options.backoff ?? {
      firstDelayMs: limits.kubeRetryFirstDelayMs,
      maxDelayMs: limits.kubeRetryMaxDelayMs,
    };
    try {
      await this.#client.clock.sleep(
        backoffDelayMs(this.#failures, backoff, this.#client.random),
        this.#signal,
      );
    } catch {
      // Aborted: the loop ends by itself.
    }
  }
}

function endOf(error: unknown): WatchEnd {
  if (isGone(error)) return 'expired';
  if (!(error instanceof KubeError)) return 'severed';
  // The server does not know our version yet, e.g. after a restore: only a list brings one that it knows.
  if (error.causes.some((cause) => cause.reason === 'ResourceVersionTooLarge')) return 'expired';
  if (error.code === 'ApiTimeout' && error.httpStatus === 0) return 'stalled';
  return error.code === 'ApiUnavailable' && error.httpStatus === 0 ? 'severed' : 'refused';
}

function pick(pageObjects: number | undefined): { pageObjects?: number } {
  return pageObjects === undefined ? {} : { pageObjects };
}
