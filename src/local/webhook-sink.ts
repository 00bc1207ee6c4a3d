import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { limits } from '../base/limits.ts';

/** What Alertmanager's webhook receiver posts (version 4; alertmanager documentation, "webhook_config"). */
interface Notification {
  readonly status?: string;
  readonly receiver?: string;
  readonly groupKey?: string;
  readonly alerts?: readonly NotifiedAlert[];
  readonly truncatedAlerts?: number;
}

interface NotifiedAlert {
  readonly status?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly startsAt?: string;
  readonly endsAt?: string;
}

export interface WebhookSink {
  readonly url: string;
  close(): Promise<void>;
}

/** Receives Alertmanager's webhook notifications and writes one readable line per alert. `GET /healthz` answers ok. */
export async function startWebhookSink(
  listen: { host: string; port: number },
  write: (line: string) => void,
  clock: Clock,
): Promise<WebhookSink> {
  const server = createServer((request, response) => {
    if (request.method === 'GET')
      return void response.writeHead(request.url === '/healthz' ? 200 : 404).end();
    void readBody(request).then(
      (text) => {
        const now = new Date(clock.nowMs()).toISOString();
        for (const line of notificationLines(text, now, request.url ?? '/')) write(line);
        response.writeHead(200).end();
      },
      (error: unknown) => response.writeHead(413).end(`${String(error)}\n`),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port, listen.host, resolve);
  });
  const { address, port } = server.address() as AddressInfo;
  return {
    url: `http://${address}:${port}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** `TIME STATUS ALERT{labels} -> receiver (path): summary`, one line per alert. */
export function notificationLines(text: string, now: string, path: string): readonly string[] {
  let notification: Notification;
  try {
    notification = JSON.parse(text) as Notification;
  } catch {
    return [`${now} not a notification (${text.length} bytes at ${path})`];
  }
  const lines = (notification.alerts ?? []).map((alert) => {
    const { alertname = '(no alertname)', ...labels } = alert.labels ?? {};
    const shown = Object.entries(labels)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      .join(' ');
    const summary = alert.annotations?.summary ?? alert.annotations?.description ?? '';
    const status = (alert.status ?? notification.status ?? 'unknown').toUpperCase().padEnd(8);
    return oneLine(
      `${now} ${status} ${alertname} {${shown}} -> ${notification.receiver ?? '?'} at ${path}: ${summary}`,
    );
  });
  const cut = notification.truncatedAlerts ?? 0;
  return cut > 0 ? [...lines, `${now} and ${cut} more alerts, cut by max_alerts`] : lines;
}

/** Text of others must not forge lines or move the cursor of a terminal. */
function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) =>
    JSON.stringify(character).slice(1, -1),
  );
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > limits.webhookSinkBodyBytes) throw new Error('notification is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
