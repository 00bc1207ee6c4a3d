import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Clock } from '../../base/clock.ts';
import { guard, serverTlsOptions } from '../../endpoint/guard.ts';
import { TlsFiles } from '../../endpoint/tls-files.ts';
import type { ClientTls } from './http-call.ts';
import { http, https } from './node-http.ts';
import type { Reloader } from './reloader.ts';

const healthPaths: ReadonlySet<string> = new Set(['/healthz', '/-/healthy', '/-/ready']);

/** Answers as the readiness of the server beside the agent: a kubelet has no certificate to ask that itself. */
const serverReadyPath = '/server/-/ready';

/** Certificates of an agent: its own for both sides, and the names of clients that are let in. */
export interface EndpointTls {
  readonly files: TlsFiles;
  readonly clients: readonly string[];
  readonly client: ClientTls;
}

/** Throws TlsFilesInvalid. */
export function openTls(of: {
  readonly dir: string;
  readonly serverName: string;
  readonly clients: readonly string[];
}): EndpointTls {
  const files = new TlsFiles(of.dir);
  return { files, clients: of.clients, client: () => ({ ...files.material, servername: of.serverName }) };
}

/**
 * Serves `/healthz`, also by the names that Prometheus gives it, and `/metrics` until aborted. `address` is `host:port`. With
 * certificates, health is told to anybody and all else to permitted clients; changed files are in use at once.
 */
export function serveEndpoint(
  address: string,
  metrics: (() => string) | undefined,
  options: {
    readonly signal: AbortSignal;
    readonly clock: Clock;
    readonly tls?: EndpointTls | undefined;
    readonly serverReady?: () => Promise<boolean>;
  },
): Promise<void> {
  const { tls, serverReady, signal } = options;
  const { host, port } = hostAndPort(address);
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url?.split('?')[0] ?? '';
    const send = (status: number, text: string) => {
      response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
      response.end(text);
    };
    if (healthPaths.has(path)) return send(200, 'ok\n');
    if (path === serverReadyPath && serverReady !== undefined) {
      const ready = await serverReady();
      return send(ready ? 200 : 503, ready ? 'ok\n' : 'the server is not ready\n');
    }
    if (tls !== undefined && !(await guard(request, response, { clients: tls.clients }, tls.files))) return;
    const text = path === '/metrics' ? metrics?.() : undefined;
    send(text === undefined ? 404 : 200, text ?? 'not found\n');
  };
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response).catch(() => response.destroy());
  };
  const server =
    tls === undefined
      ? http.createServer(listener)
      : https().createServer(serverTlsOptions(tls.files), listener);
  if (tls !== undefined)
    void tls.files.follow(options.clock, signal, () =>
      (server as TlsServer).setSecureContext(serverTlsOptions(tls.files)),
    );
  return listenUntil(server, { host, port }, signal);
}

export function hostAndPort(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  return {
    host: address.slice(0, colon).replace(/^\[|\]$/g, ''),
    port: Number(address.slice(colon + 1)),
  };
}

/** Resolves once the server has been closed by `signal`. */
export function listenUntil(
  server: ReturnType<typeof http.createServer>,
  { host, port }: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      server.close(() => resolve());
      server.closeAllConnections();
    };
    signal.addEventListener('abort', stop, { once: true });
    server.on('error', (error) => {
      signal.removeEventListener('abort', stop);
      reject(error);
    });
    server.listen(port, host);
  });
}

/** The reloader's state in Prometheus's text format. */
export function reloaderMetrics({ counts, report }: Pick<Reloader, 'counts' | 'report'>): string {
  const rows: readonly (readonly [string, 'counter' | 'gauge', string, number])[] = [
    ['promfleet_reloader_loads_total', 'counter', 'Changes that were loaded into the server.', counts.loads],
    [
      'promfleet_reloader_failures_total',
      'counter',
      'Synchronisations that failed and were tried again.',
      counts.failures,
    ],
    [
      'promfleet_reloader_last_load_seconds',
      'gauge',
      'Time from a new index to the confirmed content, of the newest change.',
      counts.lastLoadSeconds,
    ],
    [
      'promfleet_reloader_last_reload_seconds',
      'gauge',
      "Part of the last load that the server's own reloads took.",
      counts.lastReloadSeconds,
    ],
    [
      'promfleet_reloader_quarantined_files',
      'gauge',
      'Files that the server refuses and that are left out.',
      report.quarantined.length,
    ],
    [
      'promfleet_reloader_up_to_date',
      'gauge',
      'Whether the newest index runs, without quarantined files.',
      report.indexHash !== '' && report.error === undefined ? 1 : 0,
    ],
  ];
  return rows
    .map(([name, type, help, value]) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`)
    .join('');
}
