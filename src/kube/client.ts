import { backoffDelayMs } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import { withDeadline } from '../base/deadline.ts';
import { CodedError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import {
  type CounterMetric,
  durationSecondsBuckets,
  type HistogramMetric,
  type Metrics,
  silentMetrics,
} from '../base/metrics.ts';
import type { Random } from '../base/random.ts';
import { ResourceTypes } from './discovery.ts';
import { isNotFound, KubeError } from './errors.ts';
import { readError, readText } from './json-body.ts';
import { describeRef, type KindRef, type KubeObject, type ObjectRef, refOf } from './object.ts';
import { RequestLimiter, type RequestLimiterOptions } from './request-limiter.ts';
import { collectionPath, objectPath, type ResourceType } from './resources.ts';
import type { HttpRequest, HttpResponse, Transport } from './transport.ts';
import { openGate, type WriteGate } from './write-gate.ts';

export interface KubeClientOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics?: Metrics;
  /** Name in the server's logs. */
  readonly userAgent?: string;
  /** Kinds beside the built-in ones that need no discovery. */
  readonly resources?: readonly ResourceType[];
  readonly limits?: Partial<RequestLimiterOptions>;
}

export interface RequestOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

export interface WriteOptions extends RequestOptions {
  readonly fieldManager?: string;
  /** Ask the server to check only. */
  readonly dryRun?: boolean;
}

export interface PatchOptions extends WriteOptions {
  readonly subresource?: string;
}

export interface ApplyOptions extends PatchOptions {
  readonly fieldManager: string;
  /** Take fields over from other managers; without it the server answers with ApiConflict, see `conflictingManagers`. */
  readonly force?: boolean;
}

export interface DeleteOptions extends RequestOptions {
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  /** Precondition: delete this very object, never a namesake made meanwhile. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly gracePeriodSeconds?: number;
}

/** One HTTP exchange below the typed methods. */
export interface RawRequest extends RequestOptions {
  readonly method: HttpRequest['method'];
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  /** For messages: what is being done. */
  readonly what: string;
  readonly maxBytes?: number;
}

export interface RawResponse {
  readonly status: number;
  readonly body: unknown;
  /** Length of the answer's text. */
  readonly bodyChars: number;
}

interface Shared {
  readonly options: KubeClientOptions;
  readonly limiter: RequestLimiter;
  readonly types: ResourceTypes;
  readonly requests: CounterMetric;
  readonly duration: HistogramMetric;
}

/**
 * Raw JSON in and out: no field is dropped or invented. Every method raises KubeError for the server's refusals, see
 * `errors.ts`; aborted calls raise the signal's reason.
 */
export class KubeClient {
  readonly #shared: Shared;
  readonly #gate: WriteGate;
  readonly #signal: AbortSignal | undefined;

  constructor(options: KubeClientOptions, shared?: Shared, gate?: WriteGate, signal?: AbortSignal) {
    const metrics = options.metrics ?? silentMetrics;
    this.#shared = shared ?? {
      options,
      limiter: newLimiter(options),
      types: new ResourceTypes(async (path) => {
        const { body } = await this.request({ method: 'GET', path, what: `discover ${path}` });
        return body;
      }, options.resources),
      requests: metrics.counter('promfleet_kube_requests_total', 'Requests to the Kubernetes API.', [
        'method',
        'code',
      ]),
      duration: metrics.histogram(
        'promfleet_kube_request_duration_seconds',
        'Time of requests to the Kubernetes API, waiting for their turn excluded.',
        durationSecondsBuckets,
        ['method'],
      ),
    };
    this.#gate = gate ?? openGate;
    this.#signal = signal;
  }

  /** The same client whose writes pass `gate` first, and whose requests end when `signal` aborts. */
  with(scope: { readonly gate?: WriteGate; readonly signal?: AbortSignal }): KubeClient {
    return new KubeClient(
      this.#shared.options,
      this.#shared,
      scope.gate ?? this.#gate,
      scope.signal ?? this.#signal,
    );
  }

  /** The same connection with a rate limit of its own and no gate: for renewing a Lease while other requests queue. */
  separate(): KubeClient {
    const { options } = this.#shared;
    return new KubeClient(options, { ...this.#shared, limiter: newLimiter(options) });
  }

  get clock(): Clock {
    return this.#shared.options.clock;
  }

  get random(): Random {
    return this.#shared.options.random;
  }

  get metrics(): Metrics {
    return this.#shared.options.metrics ?? silentMetrics;
  }

  /** How a kind is addressed; ApiNotFound when the server does not serve it. */
  resolve(ref: KindRef): Promise<ResourceType> {
    return this.#shared.types.resolve(ref);
  }

  serves(ref: KindRef): Promise<boolean> {
    return this.#shared.types.serves(ref);
  }

  async get<T extends KubeObject>(ref: ObjectRef, options: RequestOptions = {}): Promise<T> {
    const path = objectPath(await this.resolve(ref), ref);
    const { body } = await this.request({ ...options, method: 'GET', path, what: `get ${describeRef(ref)}` });
    return body as T;
  }

  /** The object, or undefined where it (or its kind) does not exist. */
  async find<T extends KubeObject>(ref: ObjectRef, options: RequestOptions = {}): Promise<T | undefined> {
    try {
      return await this.get<T>(ref, options);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async create<T extends KubeObject>(object: T, options: WriteOptions = {}): Promise<T> {
    const type = await this.resolve(object);
    return await this.#write(object, options, {
      method: 'POST',
      path: collectionPath(type, object.metadata.namespace),
      what: `create ${describeRef(refOf(object))}`,
    });
  }

  /** Replaces the object; with `metadata.resourceVersion` set only that version of it (else ApiConflict). */
  async update<T extends KubeObject>(object: T, options: PatchOptions = {}): Promise<T> {
    const ref = refOf(object);
    return await this.#write(object, options, {
      method: 'PUT',
      path: objectPath(await this.resolve(object), ref, options.subresource),
      what: `update ${describeRef(ref)}`,
    });
  }

  /** RFC 7386. Null removes a field. */
  async mergePatch<T extends KubeObject>(
    ref: ObjectRef,
    patch: object,
    options: PatchOptions = {},
  ): Promise<T> {
    return await this.#patch<T>(ref, patch, 'application/merge-patch+json', options);
  }

  /** RFC 6902. */
  async jsonPatch<T extends KubeObject>(
    ref: ObjectRef,
    patch: readonly object[],
    options: PatchOptions = {},
  ): Promise<T> {
    return await this.#patch<T>(ref, patch, 'application/json-patch+json', options);
  }

  /**
   * Server-side apply: `object` holds exactly the fields that `fieldManager` wants to own. `subresource: 'status'`
   * applies the status alone. `created` tells whether the object is new.
   */
  async apply<T extends KubeObject>(
    object: T,
    options: ApplyOptions,
  ): Promise<{ object: T; created: boolean }> {
    const ref = refOf(object);
    const { status, body } = await this.request({
      ...options,
      method: 'PATCH',
      path: objectPath(await this.resolve(object), ref, options.subresource),
      query: { ...writeQuery(options), force: options.force === true ? true : undefined },
      body: object,
      contentType: 'application/apply-patch+yaml',
      what: `apply ${describeRef(ref)}`,
    });
    return { object: body as T, created: status === 201 };
  }

  /** False when it was gone already. A `uid` that no longer matches raises ApiConflict. */
  async delete(ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    const { propagationPolicy = 'Background', gracePeriodSeconds, uid, resourceVersion } = options;
    const preconditions =
      uid === undefined && resourceVersion === undefined ? undefined : { uid, resourceVersion };
    try {
      await this.request({
        ...options,
        method: 'DELETE',
        path: objectPath(await this.resolve(ref), ref),
        body: {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          propagationPolicy,
          gracePeriodSeconds,
          preconditions,
        },
        what: `delete ${describeRef(ref)}`,
      });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  /** The server's version as it names itself, e.g. `v1.36.0`. */
  async serverVersion(options: RequestOptions = {}): Promise<string> {
    const { body } = await this.request({
      ...options,
      method: 'GET',
      path: '/version',
      what: 'read the version',
    });
    return (body as { gitVersion?: string }).gitVersion ?? '';
  }

  /** Closes all connections, those of derived clients too. */
  async close(): Promise<void> {
    await this.#shared.options.transport.close();
  }

  /**
   * One request with rate limit, write gate, deadline and typed errors. Repeats what the server provably did not
   * process (429, and reads that met a 503 or a severed connection).
   */
  async request(raw: RawRequest): Promise<RawResponse> {
    const signal = raw.signal ?? this.#signal;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#shared.limiter.run(signal, () => this.#once(raw, signal));
      } catch (error) {
        const waitMs = this.#repeatAfterMs(raw, error, attempt);
        if (waitMs === undefined) throw error;
        await this.clock.sleep(waitMs, signal);
      }
    }
  }

  /** Opens a stream (watch, log). The caller owns the response: it reads it to its end, or aborts. */
  async openStream(
    raw: Pick<RawRequest, 'path' | 'query' | 'what'>,
    signal: AbortSignal,
    accept = 'application/json',
  ): Promise<HttpResponse> {
    // A turn by rate only: a stream holds none of the concurrency.
    await this.#shared.limiter.run(signal, async () => {});
    const path = withQuery(raw.path, raw.query);
    const headers = { ...this.#headers(), accept };
    try {
      const response = await this.#shared.options.transport.send({
        method: 'GET',
        path,
        headers,
        signal,
        streaming: true,
      });
      this.#shared.requests.add(1, { method: 'WATCH', code: String(response.status) });
      if (response.status !== 200) throw await readError(response, raw.what);
      return response;
    } catch (error) {
      throw this.#typed(error, raw.what, signal);
    }
  }

  async #once(raw: RawRequest, signal: AbortSignal | undefined): Promise<RawResponse> {
    const isWrite = raw.method !== 'GET';
    const admittedMs = isWrite ? this.#gate.admitMs() : Number.POSITIVE_INFINITY;
    const timeoutMs = Math.min(raw.timeoutMs ?? limits.kubeRequestTimeoutMs, admittedMs);
    const startedMs = this.clock.monotonicMs();
    let code = 'error';
    try {
      return await withDeadline(
        this.clock,
        timeoutMs,
        signal,
        () => timeoutError(raw, timeoutMs),
        async (deadline) => {
          const response = await this.#shared.options.transport.send(this.#httpRequest(raw, deadline));
          code = String(response.status);
          if (response.status < 200 || response.status > 299) throw await readError(response, raw.what);
          const text = await readText(response, raw.maxBytes ?? limits.kubeObjectResponseBytes, raw.what);
          return { status: response.status, body: parseJson(text, raw.what), bodyChars: text.length };
        },
      );
    } catch (error) {
      throw this.#typed(error, raw.what, signal);
    } finally {
      this.#shared.requests.add(1, { method: raw.method, code });
      this.#shared.duration.observe((this.clock.monotonicMs() - startedMs) / 1000, { method: raw.method });
    }
  }

  #httpRequest(raw: RawRequest, signal: AbortSignal): HttpRequest {
    const path = withQuery(raw.path, raw.query);
    const headers = this.#headers();
    const common = { method: raw.method, path, signal, streaming: false };
    if (raw.body === undefined) return { ...common, headers };
    return {
      ...common,
      headers: { ...headers, 'content-type': raw.contentType ?? 'application/json' },
      body: JSON.stringify(raw.body),
    };
  }

  #headers(): Record<string, string> {
    return { accept: 'application/json', 'user-agent': this.#shared.options.userAgent ?? 'promfleet' };
  }

  #repeatAfterMs(raw: RawRequest, error: unknown, attempt: number): number | undefined {
    if (!(error instanceof KubeError) || attempt >= limits.kubeRequestAttempts) return undefined;
    const isRead = raw.method === 'GET';
    const repeat =
      error.code === 'ApiTooManyRequests' ||
      (isRead && (error.httpStatus === 503 || error.code === 'ApiUnavailable'));
    if (!repeat) return undefined;
    const waitMs = error.retryAfterMs ?? this.#backoffMs(attempt);
    return waitMs > limits.kubeRetryAfterMs ? undefined : waitMs;
  }

  #backoffMs(attempt: number): number {
    const options = { firstDelayMs: limits.kubeRetryFirstDelayMs, maxDelayMs: limits.kubeRetryAfterMs };
    return backoffDelayMs(attempt, options, this.random);
  }

  #typed(error: unknown, what: string, signal: AbortSignal | undefined): unknown {
    if (error instanceof CodedError) return error;
    if (signal?.aborted === true) return signal.reason;
    const detail = error instanceof Error ? causeText(error) : String(error);
    return new KubeError('ApiUnavailable', `${what}: ${detail}`, { cause: error });
  }

  async #write<T extends KubeObject>(
    object: T,
    options: WriteOptions,
    raw: Pick<RawRequest, 'method' | 'path' | 'what'>,
  ): Promise<T> {
    const { body } = await this.request({ ...options, ...raw, query: writeQuery(options), body: object });
    return body as T;
  }

  async #patch<T>(ref: ObjectRef, patch: object, contentType: string, options: PatchOptions): Promise<T> {
    const { body } = await this.request({
      ...options,
      method: 'PATCH',
      path: objectPath(await this.resolve(ref), ref, options.subresource),
      query: writeQuery(options),
      body: patch,
      contentType,
      what: `patch ${describeRef(ref)}`,
    });
    return body as T;
  }
}

function newLimiter(options: KubeClientOptions): RequestLimiter {
  const defaults: RequestLimiterOptions = {
    requestsPerSecond: limits.kubeRequestsPerSecond,
    burst: limits.kubeRequestBurst,
    inFlight: limits.kubeRequestsInFlight,
    waiting: limits.kubeRequestsWaiting,
  };
  return new RequestLimiter({ ...defaults, ...options.limits }, options.clock);
}

function writeQuery(options: WriteOptions): NonNullable<RawRequest['query']> {
  return { fieldManager: options.fieldManager, dryRun: options.dryRun === true ? 'All' : undefined };
}

export function withQuery(path: string, query: RawRequest['query']): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? path : `${path}?${text}`;
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new KubeError('ApiRequestFailed', `${what}: the answer is not JSON`, { cause: error });
  }
}

function timeoutError(raw: RawRequest, timeoutMs: number): KubeError {
  return new KubeError('ApiTimeout', `${raw.what}: no answer within ${Math.round(timeoutMs)} ms`);
}

/** Network errors often say more in their cause. */
function causeText(error: Error): string {
  const { cause } = error;
  return cause instanceof Error && cause.message !== ''
    ? `${error.message}: ${cause.message}`
    : error.message;
}
