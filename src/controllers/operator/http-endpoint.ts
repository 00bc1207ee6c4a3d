import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { MetricsRegistry } from '../../base/metrics.ts';
import type { ManagerStatus } from '../manager.ts';

export interface EndpointOptions {
  /** `host:port`; port 0 takes a free one. */
  readonly address: string;
  readonly metrics: MetricsRegistry;
  readonly status: () => ManagerStatus;
  readonly signal: AbortSignal;
  readonly listening?: (address: string) => void;
}

/** Serves `/healthz`, `/readyz` (JSON with what is not synced) and `/metrics` until aborted. */
export function serveHttpEndpoint(options: EndpointOptions): Promise<void> {
  const { address, signal } = options;
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  const server = createServer((request, response) => {
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
    if (path !== '/metrics') return send(404, 'text/plain', 'not found\n');
    options.metrics.render().then(
      (text) => send(200, options.metrics.contentType, text),
      () => send(500, 'text/plain', 'metrics cannot be rendered\n'),
    );
  });
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
