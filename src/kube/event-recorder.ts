import type { Clock } from '../base/clock.ts';
import { withDeadline } from '../base/deadline.ts';
import { CodedError, describeError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { type Logger, silentLogger } from '../base/log.ts';
import type { CounterMetric } from '../base/metrics.ts';
import type { Random } from '../base/random.ts';
import type { KubeClient } from './client.ts';
import { isNotFound, isTransient } from './errors.ts';
import type { KubeObject } from './object.ts';

/** What people read in `kubectl describe`. */
export interface EventText {
  readonly type: 'Normal' | 'Warning';
  /** A code of the catalogue or another CamelCase word. */
  readonly reason: string;
  readonly message: string;
}

export interface EventRecorderOptions {
  readonly client: KubeClient;
  /** Who speaks, e.g. `promfleet-operator`. */
  readonly component: string;
  /** Which process, e.g. the pod's name. */
  readonly instance: string;
  readonly log?: Logger;
}

/** One Event object in the making: the same text about the same object is counted, not repeated. */
interface Aggregate {
  readonly about: KubeObject['metadata'] & { readonly apiVersion: string; readonly kind: string };
  readonly text: EventText;
  readonly firstMs: number;
  lastMs: number;
  count: number;
  /** Name of the Event once it has been written. */
  name: string | undefined;
  attempts: number;
}

const maxMessageChars = 1024;
const maxAttempts = 3;
/** How long what still waits may take when the program ends. */
const lastFlushMs = 2_000;

/**
 * Writes core/v1 Events: repeated ones raise the count of the first, an object that causes many is damped, and what
 * cannot be written in time is dropped and counted. `emit` never waits and never fails; `run` does the writing.
 */
export class EventRecorder {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Logger;
  readonly #options: EventRecorderOptions;
  readonly #dropped: CounterMetric;
  /** By object and text, least recently used first. */
  readonly #aggregates = new Map<string, Aggregate>();
  /** How many Events an object may still cause, least recently used first. */
  readonly #budgets = new Map<string, { left: number; atMs: number }>();
  readonly #waiting = new Set<Aggregate>();
  #wake: () => void = () => {};

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#clock = options.client.clock;
    this.#random = options.client.random;
    this.#log = options.log ?? silentLogger;
    this.#dropped = options.client.metrics.counter(
      'promfleet_events_dropped_total',
      'Events not written, by reason.',
      ['reason'],
    );
  }

  /** Events that wait for being written. */
  get waiting(): number {
    return this.#waiting.size;
  }

  emit(object: KubeObject, text: EventText): void {
    const { metadata, apiVersion, kind } = object;
    const about = metadata.uid ?? `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
    const key = JSON.stringify([about, text.type, text.reason, text.message]);
    const nowMs = this.#clock.nowMs();
    const known = touch(this.#aggregates, key);
    const aggregate = known ?? {
      about: { ...metadata, apiVersion, kind },
      text: { ...text, message: text.message.slice(0, maxMessageChars) },
      firstMs: nowMs,
      lastMs: nowMs,
      count: 0,
      name: undefined,
      attempts: 0,
    };
    aggregate.count++;
    aggregate.lastMs = nowMs;
    this.#aggregates.set(key, aggregate);
    evict(this.#aggregates, limits.eventAggregates);
    if (this.#waiting.has(aggregate)) return;
    // What is damped is still counted: the next write tells.
    if (!this.#spend(about)) return this.#drop('damped');
    if (this.#waiting.size >= limits.eventsWaiting) return this.#drop('full');
    this.#waiting.add(aggregate);
    this.#wake();
  }

  /** Writes what was emitted until `signal` aborts, then for a short time what still waits. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const [next] = this.#waiting;
      if (next !== undefined) await this.#write(next, signal);
      else await this.#moreOrAbort(signal);
    }
    const late = () => new CodedError('ApiTimeout', 'Events were not written before the end');
    await withDeadline(this.#clock, lastFlushMs, undefined, late, async (deadline) => {
      for (const next of this.#waiting) {
        deadline.throwIfAborted();
        await this.#write(next, deadline);
      }
    }).catch(() => {});
    for (const _ of this.#waiting) this.#drop('ended');
    this.#waiting.clear();
  }

  async #write(aggregate: Aggregate, signal: AbortSignal): Promise<void> {
    this.#waiting.delete(aggregate);
    const written = aggregate.count;
    try {
      if (aggregate.name === undefined) await this.#create(aggregate, signal);
      else await this.#update(aggregate, aggregate.name, signal);
      aggregate.attempts = 0;
      // Emitted again meanwhile: the count must follow.
      if (aggregate.count !== written) this.#waiting.add(aggregate);
    } catch (error) {
      if (signal.aborted) {
        this.#waiting.add(aggregate);
        return;
      }
      aggregate.attempts++;
      if (isTransient(error) && aggregate.attempts < maxAttempts) {
        this.#waiting.add(aggregate);
        await this.#clock
          .sleep(limits.kubeRetryFirstDelayMs * 2 ** aggregate.attempts, signal)
          .catch(() => {});
        return;
      }
      aggregate.attempts = 0;
      this.#drop('refused');
      this.#log.debug({ reason: describeError(error) }, 'an Event was not written');
    }
  }

  async #create(aggregate: Aggregate, signal: AbortSignal): Promise<void> {
    const { about, text } = aggregate;
    const { component, instance } = this.#options;
    // Events about cluster-scoped objects live in the namespace `default`, as those of client-go.
    const namespace = about.namespace ?? 'default';
    const suffix = `${this.#clock.nowMs().toString(16)}${Math.floor(this.#random.next() * 2 ** 24).toString(16)}`;
    const name = `${(about.name ?? '').slice(0, 200)}.${suffix}`;
    await this.#client.create(
      {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { namespace, name },
        involvedObject: {
          apiVersion: about.apiVersion,
          kind: about.kind,
          name: about.name,
          namespace: about.namespace,
          uid: about.uid,
          resourceVersion: about.resourceVersion,
        },
        ...text,
        source: { component },
        reportingComponent: component,
        reportingInstance: instance,
        firstTimestamp: timestamp(aggregate.firstMs),
        lastTimestamp: timestamp(aggregate.lastMs),
        count: aggregate.count,
      },
      { signal },
    );
    aggregate.name = name;
  }

  async #update(aggregate: Aggregate, name: string, signal: AbortSignal): Promise<void> {
    const ref = { apiVersion: 'v1', kind: 'Event', namespace: aggregate.about.namespace ?? 'default', name };
    const patch = { count: aggregate.count, lastTimestamp: timestamp(aggregate.lastMs) };
    try {
      await this.#client.mergePatch(ref, patch, { signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      // The server forgets Events after an hour.
      aggregate.name = undefined;
      await this.#create(aggregate, signal);
    }
  }

  /** One Event of the object's budget: a burst, then one per refill time. */
  #spend(object: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    const budget = touch(this.#budgets, object) ?? { left: limits.eventBurstPerObject, atMs: nowMs };
    const refilled = Math.floor((nowMs - budget.atMs) / limits.eventRefillMs);
    budget.left = Math.min(limits.eventBurstPerObject, budget.left + refilled);
    budget.atMs += refilled * limits.eventRefillMs;
    this.#budgets.set(object, budget);
    evict(this.#budgets, limits.eventAggregates);
    if (budget.left < 1) return false;
    budget.left--;
    return true;
  }

  #drop(reason: string): void {
    this.#dropped.add(1, { reason });
  }

  async #moreOrAbort(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done);
        this.#wake = () => {};
        resolve();
      };
      this.#wake = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }
}

/** The value of a key, which becomes the most recently used one. */
function touch<V>(map: Map<string, V>, key: string): V | undefined {
  const value = map.get(key);
  if (value !== undefined) map.delete(key);
  return value;
}

function evict(map: Map<string, unknown>, maxSize: number): void {
  for (const key of map.keys()) {
    if (map.size <= maxSize) return;
    map.delete(key);
  }
}

/** Kubernetes Time: whole seconds. */
function timestamp(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/\.\d+Z$/, 'Z');
}
