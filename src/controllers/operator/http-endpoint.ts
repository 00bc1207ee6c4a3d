import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import type { MetricsRegistry } from '../../base/metrics.ts';
import type { AccessRules } from '../../endpoint/access.ts';
import { guard, serverTlsOptions } from '../../endpoint/guard.ts';
import type { TlsFiles } from '../../endpoint/tls-files.ts';
import type { ManagerStatus } from '../manager.ts';

export interface EndpointOptions {
  /** `host:port`; port 0 takes a free one. */
  readonly address: string;
  readonly metrics: MetricsRegistry;
  readonly status: () => ManagerStatus;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly listening?: (address: string) => void;
  /** Who may read `/metrics`; absent: anybody. */
  readonly access?: AccessRules | undefined;
  /** Listens by TLS; changed files are in use at once. */
  readonly tls?: TlsFiles | undefined;
}

/**
 * Serves `/healthz`, `/readyz` (JSON with what is not synced) and `/metrics` until aborted. Health is told to anybody, as a
 * kubelet has no credentials.
 */
export function serveHttpEndpoint(options: EndpointOptions): Promise<void> {
  const { address, signal, tls, access, clock } = options;
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const send = (status: number, type: string, text: string) => {
      response.writeHead(status, { 'content-type': type });
      response.end(text);
    };
    const path = request.url?.split('?')[0];
    if (path === '/healthz') return send(200, 'text/plain', 'ok\n');
    if (path === '/readyz') {
      const status = options.status();
      return send(status.ready ? 200 : 503, 'application/json', `${JSON.stringify(status)}\n`);
    }
    if (access !== undefined && !(await guard(request, response, access, tls))) return;
    if (path !== '/metrics') return send(404, 'text/plain', 'not found\n');
    try {
      send(200, options.metrics.contentType, await options.metrics.render());
    } catch {
      send(500, 'text/plain', 'metrics cannot be rendered\n');
    }
  };
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response).catch(() => response.destroy());
  };
  let server: Server;
  if (tls === undefined) server = createServer(listener);
  else {
    const secure = createTlsServer(serverTlsOptions(tls), listener);
    void tls.follow(clock, signal, () => secure.setSecureContext(serverTlsOptions(tls)));
    server = secure;
  }
  return new Promise((resolve, reject) => {
    const stop = () => {
      server.close(() => resolve());
      server.closeAllConnections();
    };
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', stop, { once: true });
    server.on('error', (error) => {
      signal.removeEventListener('abort', stop);
      reject(error);
    });
    server.listen(Number(address.slice(colon + 1)), host, () => {
      options.listening?.(`${host}:${(server.address() as AddressInfo).port}`);
    });
  });
}
