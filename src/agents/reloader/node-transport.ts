import type { ClientRequest, Agent as HttpAgent, request as httpRequest, IncomingMessage } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { Clock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import type { ClusterConnection, Credentials } from '../../kube/connection.ts';
import type { HttpRequest, HttpResponse, Transport } from '../../kube/transport.ts';
import { http, https } from './node-http.ts';

interface Wire {
  readonly ca: string | undefined;
  readonly agent: HttpAgent | HttpsAgent;
  readonly request: typeof httpRequest;
}

/**
 * The API server over node:http: some 20 MB less resident memory than a full client, for a process that keeps one watch
 * and makes a request now and then. TLS is loaded only where the server speaks it.
 */
export class NodeTransport implements Transport {
  readonly #connection: ClusterConnection;
  readonly #clock: Clock;
  #wire: Wire | undefined;
  #credentials: { readonly value: Credentials; readonly atMs: number } | undefined;

  constructor(connection: ClusterConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    const response = await this.#attempt(request);
    if (response.status !== 401) return response;
    response.discard();
    // The token may have been rotated a moment ago.
    this.#credentials = undefined;
    return await this.#attempt(request);
  }

  async close(): Promise<void> {
    this.#wire?.agent.destroy();
    this.#wire = undefined;
  }

  async #attempt(request: HttpRequest): Promise<HttpResponse> {
    const { headers, tls } = await this.#current();
    const wire = this.#wireFor(tls.ca);
    return await new Promise<HttpResponse>((resolve, reject) => {
      const call: ClientRequest = wire.request(
        new URL(this.#connection.server + request.path),
        {
          method: request.method,
          headers: {
            ...request.headers,
            ...headers,
            ...(request.body === undefined ? {} : { 'content-length': Buffer.byteLength(request.body) }),
          },
          agent: request.streaming ? false : wire.agent,
          signal: request.signal,
          ...(tls.ca === undefined ? {} : { ca: tls.ca }),
        },
        (answer: IncomingMessage) => {
          answer.on('error', () => {});
          resolve({
            status: answer.statusCode ?? 0,
            header: (name) => {
              const value = answer.headers[name];
              return Array.isArray(value) ? value[0] : value;
            },
            body: answer as AsyncIterable<Uint8Array>,
            discard: () => answer.destroy(),
          });
        },
      );
      call.on('socket', (socket) => socket.setKeepAlive(true, 30_000));
      call.on('error', (error) => reject(request.signal.aborted ? request.signal.reason : error));
      call.end(request.body);
    });
  }

  async #current(): Promise<Credentials> {
    const known = this.#credentials;
    if (known !== undefined && this.#clock.monotonicMs() - known.atMs < limits.kubeCredentialsAgeMs)
      return known.value;
    const value = await this.#connection.credentials();
    this.#credentials = { value, atMs: this.#clock.monotonicMs() };
    return value;
  }

  #wireFor(ca: string | undefined): Wire {
    if (this.#wire !== undefined && this.#wire.ca === ca) return this.#wire;
    this.#wire?.agent.destroy();
    const pool = { keepAlive: true, maxSockets: 4 };
    if (this.#connection.server.startsWith('https:')) {
      this.#wire = {
        ca,
        agent: new (https().Agent)({ ...pool, ...(ca === undefined ? {} : { ca }) }),
        request: https().request,
      };
    } else {
      this.#wire = { ca, agent: new http.Agent(pool), request: http.request };
    }
    return this.#wire;
  }
}
