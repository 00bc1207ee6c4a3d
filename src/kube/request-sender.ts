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
import { KubeError } from './errors.ts';
import { readError, readText } from './json-body.ts';
import { RequestLimiter, type RequestLimiterOptions } from './request-limiter.ts';
import type { HttpRequest, HttpResponse, Transport } from './transport.ts';
import { openGate, type WriteGate } from './write-gate.ts';

export interface RequestSenderOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics?: Metrics;
  /** Name in the server's logs. */
  readonly userAgent?: string;
  readonly limits?: Partial<RequestLimiterOptions>;
}

export interface RequestOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
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

/** What narrows a client: writes pass the gate, requests end with the signal. */
export interface RequestScope {
  readonly gate?: WriteGate;
  readonly signal?: AbortSignal;
}

interface Shared {
  readonly limiter: RequestLimiter;
  readonly requests: CounterMetric;
  readonly duration: HistogramMetric;
}

/** Sends requests with rate limit, write gate, deadline, repetition and typed errors. */
export class RequestSender {
  readonly #options: RequestSenderOptions;
  readonly #shared: Shared;
  readonly #gate: WriteGate;
  readonly #signal: AbortSignal | undefined;

  constructor(options: RequestSenderOptions, scope: RequestScope = {}, shared?: Shared) {
    const metrics = options.metrics ?? silentMetrics;
    this.#options = options;
    this.#gate = scope.gate ?? openGate;
    this.#signal = scope.signal;
    this.#shared = shared ?? {
      limiter: newLimiter(options),
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
  }

  /** The same connection and limits, narrowed further. */
  with(scope: RequestScope): RequestSender {
    const gate = scope.gate ?? this.#gate;
    const signal = scope.signal ?? this.#signal;
    return new RequestSender(this.#options, signal === undefined ? { gate } : { gate, signal }, this.#shared);
  }

  /** The same connection with limits of its own and no gate. */
  separate(): RequestSender {
    return new RequestSender(this.#options, {}, { ...this.#shared, limiter: newLimiter(this.#options) });
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
        await this.#options.clock.sleep(waitMs, signal);
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
      const response = await this.#options.transport.send({
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
    const startedMs = this.#options.clock.monotonicMs();
    let code = 'error';
    try {
      return await withDeadline(
        this.#options.clock,
        timeoutMs,
        signal,
        () => timeoutError(raw, timeoutMs),
        async (deadline) => {
          const response = await this.#options.transport.send(this.#httpRequest(raw, deadline));
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
      this.#shared.duration.observe((this.#options.clock.monotonicMs() - startedMs) / 1000, {
        method: raw.method,
      });
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
    return { accept: 'application/json', 'user-agent': this.#options.userAgent ?? 'promfleet' };
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
    return backoffDelayMs(attempt, options, this.#options.random);
  }

  #typed(error: unknown, what: string, signal: AbortSignal | undefined): unknown {
    if (error instanceof CodedError) return error;
    if (signal?.aborted === true) return signal.reason;
    const detail = error instanceof Error ? causeText(error) : String(error);
    return new KubeError('ApiUnavailable', `${what}: ${detail}`, { cause: error });
  }
}

function newLimiter(options: RequestSenderOptions): RequestLimiter {
  const defaults: RequestLimiterOptions = {
    requestsPerSecond: limits.kubeRequestsPerSecond,
    burst: limits.kubeRequestBurst,
    inFlight: limits.kubeRequestsInFlight,
    waiting: limits.kubeRequestsWaiting,
  };
  return new RequestLimiter({ ...defaults, ...options.limits }, options.clock);
}

function withQuery(path: string, query: RawRequest['query']): string {
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
