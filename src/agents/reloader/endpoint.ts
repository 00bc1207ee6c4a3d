import { http } from './node-http.ts';
import type { Reloader } from './reloader.ts';

const healthPaths: ReadonlySet<string> = new Set(['/healthz', '/-/healthy', '/-/ready']);

/** Serves `/healthz`, also by the names that Prometheus gives it, and `/metrics` until aborted. `address` is `host:port`. */
export function serveEndpoint(
  address: string,
  metrics: (() => string) | undefined,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  const server = http.createServer((request, response) => {
    const path = request.url?.split('?')[0];
    const text = path === '/metrics' ? metrics?.() : healthPaths.has(path ?? '') ? 'ok\n' : undefined;
    response.writeHead(text === undefined ? 404 : 200, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    });
    response.end(text ?? 'not found\n');
  });
  return new Promise((resolve, reject) => {
    const stop = () => {
      server.close(() => resolve());
      server.closeAllConnections();
    };
    options.signal.addEventListener('abort', stop, { once: true });
    server.on('error', (error) => {
      options.signal.removeEventListener('abort', stop);
      reject(error);
    });
    server.listen(Number(address.slice(colon + 1)), host);
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
