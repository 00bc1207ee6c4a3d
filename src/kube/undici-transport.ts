import { Agent, type Dispatcher, ProxyAgent, request as send } from 'undici';
import type { Clock } from '../base/clock.ts';
import { limits } from '../base/limits.ts';
import type { ClusterConnection, Credentials, TlsMaterial } from './connection.ts';
import type { HttpRequest, HttpResponse, Transport } from './transport.ts';

/** Keep-alive probes start well before the idle limits of common load balancers (60 s and more). */
const keepAliveInitialDelayMs = 30_000;

interface Dispatchers {
  readonly fingerprint: string;
  /** Requests share few connections. */
  readonly requests: Dispatcher;
  /** Each watch has its own connection. */
  readonly streams: Dispatcher;
}

/** HTTP/1.1 over undici; credentials are read again every few seconds and after a 401. */
export class UndiciTransport implements Transport {
  readonly #connection: ClusterConnection;
  readonly #clock: Clock;
  #dispatchers: Dispatchers | undefined;
  #credentials: { readonly value: Credentials; readonly atMs: number } | undefined;
  #refresh: Promise<Credentials> | undefined;
  #closed = false;

  constructor(connection: ClusterConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    const first = await this.#attempt(request, await this.#current());
    if (first.status !== 401) return first;
    const before = this.#credentials?.value;
    this.#credentials = undefined;
    const renewed = await this.#current();
    if (before !== undefined && sameCredentials(before, renewed)) return first;
    first.discard();
    return await this.#attempt(request, renewed);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const dispatchers = this.#dispatchers;
    this.#dispatchers = undefined;
    await Promise.all([dispatchers?.requests.destroy(), dispatchers?.streams.destroy()]);
  }

  async #attempt(request: HttpRequest, credentials: Credentials): Promise<HttpResponse> {
    const dispatchers = this.#dispatchersFor(credentials.tls);
    const response = await send(this.#connection.server + request.path, {
      dispatcher: request.streaming ? dispatchers.streams : dispatchers.requests,
      method: request.method,
      headers: { ...request.headers, ...credentials.headers },
      body: request.body ?? null,
      signal: request.signal,
      headersTimeout: 2 * limits.kubeRequestTimeoutMs,
      // Streams have their own idle deadline, requests one over all.
      bodyTimeout: 0,
    });
    const { body, headers } = response;
    // A discarded or aborted body reports an error that nobody waits for.
    body.on('error', () => {});
    return {
      status: response.statusCode,
      header(name) {
        const value = headers[name];
        return Array.isArray(value) ? value[0] : value;
      },
      body: body as AsyncIterable<Uint8Array>,
      discard: () => {
        body.destroy();
      },
    };
  }

  #current(): Promise<Credentials> {
    const known = this.#credentials;
    if (known !== undefined && this.#clock.monotonicMs() - known.atMs < limits.kubeCredentialsAgeMs) {
      return Promise.resolve(known.value);
    }
    this.#refresh ??= this.#connection
      .credentials()
      .then((value) => {
        this.#credentials = { value, atMs: this.#clock.monotonicMs() };
        return value;
      })
      .finally(() => {
        this.#refresh = undefined;
      });
    return this.#refresh;
  }

  #dispatchersFor(tls: TlsMaterial): Dispatchers {
    if (this.#closed) throw new Error('the connection to the API server is closed');
    const fingerprint = JSON.stringify(tls);
    const known = this.#dispatchers;
    if (known?.fingerprint === fingerprint) return known;
    const made: Dispatchers = {
      fingerprint,
      // Some beyond the limit of one client: the renewal of a Lease never waits for others.
      requests: this.#dispatcher(tls, limits.kubeRequestsInFlight + 8),
      streams: this.#dispatcher(tls, null),
    };
    this.#dispatchers = made;
    // Rotated certificates: what is under way ends on the old connections. A long watch ends by its own timeout.
    known?.requests.close().catch(() => {});
    known?.streams.close().catch(() => {});
    return made;
  }

  #dispatcher(tls: TlsMaterial, connections: number | null): Dispatcher {
    const connect = { ...tls, keepAlive: true, keepAliveInitialDelay: keepAliveInitialDelayMs };
    // One request a connection: a stalled watch must never hold back another request.
    const common = { connections, pipelining: 1, allowH2: false } as const;
    const { proxyUrl } = this.#connection;
    if (proxyUrl === undefined) return new Agent({ ...common, connect });
    return new ProxyAgent({ ...common, uri: proxyUrl, requestTls: connect });
  }
}

function sameCredentials(a: Credentials, b: Credentials): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
