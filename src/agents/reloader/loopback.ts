import type { IncomingMessage, ServerResponse } from 'node:http';
import { limits } from '../../base/limits.ts';
import { isOwnHost } from '../../endpoint/own-host.ts';
import { hostAndPort, listenUntil } from './endpoint.ts';
import type { ClientTls } from './http-call.ts';
import { http, https } from './node-http.ts';

/** Questions that may be too long for an address, and so are posted. */
const postedReads =
  /^\/api\/v1\/(query|query_range|query_exemplars|series|labels|format_query|parse_query|read)$/;

/** The metrics of the agent itself, which its server does not have. */
const agentMetricsPath = '/agent/metrics';

/** Headers of one hop (RFC 9110, 7.6.1), and who the client says it is. */
const hopHeaders = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'authorization',
  'cookie',
];

/** Why a request may not pass; undefined: it may. */
export function loopbackRefusal(
  method: string,
  path: string,
  host: string | undefined,
): { readonly status: number; readonly message: string } | undefined {
  if (!isOwnHost(host))
    return { status: 403, message: 'this address is reached by its number or as localhost only' };
  if (method === 'GET' || method === 'HEAD' || (method === 'POST' && postedReads.test(path)))
    return undefined;
  return {
    status: 403,
    message:
      'this address is for reading. Rules, routes and silences are objects: apply an AlertRuleSet, AlertRoute or Silence with kubectl.',
  };
}

/**
 * Lets whoever is inside the pod's network, such as `kubectl port-forward`, read its server without a certificate: a proxy that
 * passes what only reads. Nothing is kept: requests and answers stream through.
 */
export function serveLoopback(
  address: string,
  upstream: {
    readonly url: string;
    readonly tls: ClientTls | undefined;
    /** The agent's own metrics. */
    readonly metrics: () => string;
  },
  signal: AbortSignal,
): Promise<void> {
  const target = new URL(upstream.url);
  const server = http.createServer(
    { requestTimeout: limits.requestReadMs, headersTimeout: limits.requestReadMs },
    (request, response) => {
      if (request.url !== agentMetricsPath || !isOwnHost(request.headers.host))
        return forward(request, response, target, upstream.tls);
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
      response.end(upstream.metrics());
    },
  );
  server.maxConnections = limits.loopbackConnections;
  return listenUntil(server, hostAndPort(address), signal);
}

function forward(
  request: IncomingMessage,
  response: ServerResponse,
  target: URL,
  tls: ClientTls | undefined,
): void {
  const { method = 'GET', url = '/' } = request;
  const refusal = loopbackRefusal(method, url.split('?')[0] ?? '', request.headers.host);
  if (refusal !== undefined) {
    response.writeHead(refusal.status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
    response.end(`${refusal.message}\n`);
    return;
  }
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => !hopHeaders.includes(name)),
  );
  const client = tls === undefined ? http : https();
  const call = client.request(
    {
      hostname: target.hostname,
      port: target.port,
      path: url.startsWith('/') ? url : '/',
      method,
      headers,
      agent: false,
      ...tls?.(),
    },
    (answer) => {
      const kept = Object.entries(answer.headers).filter(([name]) => !hopHeaders.includes(name));
      response.writeHead(answer.statusCode ?? 502, Object.fromEntries(kept));
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    },
  );
  call.on('error', () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502, { 'content-type': 'text/plain' }).end('the server does not answer\n');
  });
  response.on('close', () => call.destroy());
  request.pipe(call);
}
