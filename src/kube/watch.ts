import type { Clock } from '../base/clock.ts';
import { linkAbort } from '../base/deadline.ts';
import { limits } from '../base/limits.ts';
import type { KubeClient } from './client.ts';
import { errorFromStatus, KubeError } from './errors.ts';
import type { Selection } from './list.ts';
import type { KubeObject, Status } from './object.ts';
import { collectionPath } from './resources.ts';
import { LineSplitter } from './watch-lines.ts';

export interface WatchEvent<T> {
  /** A BOOKMARK's object holds its resourceVersion only. */
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

export interface WatchOptions {
  readonly resourceVersion: string;
  readonly signal: AbortSignal;
  /** After this time the server ends the watch by itself. */
  readonly timeoutSeconds?: number;
  /** Without a byte for this long the watch ends with ApiTimeout. */
  readonly idleMs?: number;
}

const eventTypes: ReadonlySet<string> = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK']);

/**
 * Events after `resourceVersion`. Returns when the server ends the watch; raises the server's error (ApiGone: the version
 * is too old), ApiUnavailable for a severed stream, ApiTimeout for a stalled one, the signal's reason when aborted.
 * Leaving the iteration closes the connection.
 */
export async function* watchEvents<T extends KubeObject>(
  client: KubeClient,
  selection: Selection,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>> {
  const type = await client.resolve(selection);
  const what = `watch ${type.plural}${selection.namespace === undefined ? '' : ` in ${selection.namespace}`}`;
  const abort = linkAbort(options.signal);
  const idle = new IdleDeadline(client.clock, options.idleMs ?? limits.kubeWatchIdleMs, () =>
    abort.abort(new KubeError('ApiTimeout', `${what}: the stream stalled`)),
  );
  try {
    const request = {
      path: collectionPath(type, selection.namespace),
      query: {
        watch: true,
        allowWatchBookmarks: true,
        resourceVersion: options.resourceVersion,
        timeoutSeconds: options.timeoutSeconds,
        labelSelector: selection.labelSelector,
        fieldSelector: selection.fieldSelector,
      },
      what,
    };
    const response = await client.openStream(request, abort.signal);
    const lines = new LineSplitter(limits.kubeWatchLineBytes);
    try {
      for await (const chunk of response.body) {
        idle.touch();
        for (const line of lines.push(chunk)) yield parseEvent<T>(line, what);
        // The time that the consumer took is not the server's silence.
        idle.touch();
      }
    } finally {
      response.discard();
    }
  } catch (error) {
    if (abort.signal.aborted) throw abort.signal.reason;
    if (error instanceof KubeError || !(error instanceof Error) || error.name === 'LimitExceededError')
      throw error;
    throw new KubeError('ApiUnavailable', `${what}: the stream broke: ${error.message}`, { cause: error });
  } finally {
    idle.stop();
    abort.release();
    if (!abort.signal.aborted) abort.abort();
  }
}

function parseEvent<T extends KubeObject>(line: string, what: string): WatchEvent<T> {
  let event: { type?: string; object?: unknown };
  try {
    event = JSON.parse(line);
  } catch (error) {
    throw new KubeError('ApiRequestFailed', `${what}: an event is not JSON`, { cause: error });
  }
  if (event.type === 'ERROR') {
    const status = event.object as Status | undefined;
    throw errorFromStatus(what, status?.code ?? 500, status);
  }
  if (event.type === undefined || !eventTypes.has(event.type) || typeof event.object !== 'object') {
    throw new KubeError('ApiRequestFailed', `${what}: an event of unknown type`);
  }
  return event as WatchEvent<T>;
}

/** Calls `expired` once no `touch` came for `idleMs`; one timer, however many touches. */
class IdleDeadline {
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #stopped = new AbortController();
  #touchedAtMs: number;

  constructor(clock: Clock, idleMs: number, expired: () => void) {
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#touchedAtMs = clock.monotonicMs();
    void this.#run(expired);
  }

  touch(): void {
    this.#touchedAtMs = this.#clock.monotonicMs();
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #run(expired: () => void): Promise<void> {
    try {
      for (;;) {
        const restMs = this.#touchedAtMs + this.#idleMs - this.#clock.monotonicMs();
        if (restMs <= 0) break;
        await this.#clock.sleep(restMs, this.#stopped.signal);
      }
    } catch {
      return;
    }
    if (!this.#stopped.signal.aborted) expired();
  }
}
