import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../base/clock.ts';
import { CodedError, describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Logger } from '../../base/log.ts';
import type { PromqlOptions } from '../promql/syntax/dialect.ts';
import { FederatedSource, type FederationOptions } from '../query/federation.ts';
import { ApiError, invalidParameter } from './api-error.ts';
import { encodeBody } from './content-encoding.ts';
import { Gate } from './gate.ts';
import { jsonMessage } from './json-text.ts';
import { optionalDurationParam, type Params } from './params.ts';
import type { Answer } from './query-api.ts';
import { apiRoutes } from './routes.ts';

export interface ApiOptions {
  readonly federation: FederationOptions;
  readonly dialect: PromqlOptions;
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
}

/** Prometheus's HTTP API over the given holders. Listens when its `listen` is called; `close` ends it. */
export function createQueryServer(options: ApiOptions): Server {
  const gate = new Gate(limits.queryConcurrency, limits.queryQueue);
  const { clock } = options;
  const routes = apiRoutes(options);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.parse(`http://localhost${request.url ?? '/'}`);
    if (url === null) return plain(response, 400, '400 Bad Request');
    if (url.pathname === '/-/healthy' || url.pathname === '/-/ready')
      return void response.writeHead(200, { 'content-type': 'text/plain' }).end('OK\n');
    if (request.method === 'OPTIONS' && url.pathname.startsWith('/api/v1/'))
      return void response.writeHead(204).end();
    const route = routes.find(({ pattern }) => pattern.test(url.pathname));
    if (route === undefined) return plain(response, 404, '404 page not found\n');
    if (!route.methods.includes(request.method ?? '')) {
      response.setHeader('allow', route.methods.join(', '));
      return plain(response, 405, 'Method Not Allowed\n');
    }
    const name = decodePart(route.pattern.exec(url.pathname)![1] ?? '');
    if (name === undefined) return plain(response, 400, '400 Bad Request');
    const gone = new AbortController();
    response.once('close', () => gone.abort(new ApiError('canceled', 'context canceled')));
    const partial = new Set<string>();
    const arrivedMs = clock.monotonicMs();
    try {
      const params = await readParams(request, url);
      const timeoutMs = timeoutOf(params);
      const signal = AbortSignal.any([gone.signal, deadline(timeoutMs, clock, gone.signal)]);
      const source = new FederatedSource(options.federation, {
        signal,
        timeoutMs,
        partial: (reason) => partial.add(reason),
      });
      const pause = pauses(clock);
      const times = { nowMs: clock.nowMs(), monotonicMs: () => clock.monotonicMs(), arrivedMs };
      const call = { params, source, signal, name, pause, ...times };
      const result = await gate.run(signal, async () => route.handle(call));
      if (partial.size > 0 && params.get('partial_response') === 'false')
        throw new ApiError('execution', [...partial].join('; '));
      if (result === undefined) return void response.writeHead(204).end();
      await send(request, response, 200, successText(result, [...partial]), partial.size > 0);
    } catch (error) {
      const fault = asApiError(error, options.log);
      await send(
        request,
        response,
        fault.statusCode,
        `{"status":"error","errorType":"${fault.type}","error":${jsonMessage(fault.message)}}`,
        false,
      );
    }
  }

  return createServer(
    { requestTimeout: limits.requestReadMs, headersTimeout: limits.requestReadMs },
    (request, response) => {
      setCors(request, response);
      answer(request, response).catch((error) => {
        options.log.error({ err: describeError(error) }, 'an answer could not be sent');
        response.destroy();
      });
    },
  );
}

function plain(response: ServerResponse, status: number, text: string): void {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };
  response.writeHead(status, headers).end(text);
}

function decodePart(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Gives the turn to other work when this query has kept the process busy for `limits.querySliceMs`. */
function pauses(clock: Clock): () => Promise<void> | undefined {
  let sinceMs = clock.monotonicMs();
  return () => {
    if (clock.monotonicMs() - sinceMs < limits.querySliceMs) return undefined;
    return nextTurn().then(() => {
      sinceMs = clock.monotonicMs();
    });
  };
}

function successText({ data, warnings, infos }: Answer, partial: readonly string[]): string {
  const list = (name: string, texts: readonly string[]) =>
    texts.length === 0 ? '' : `,"${name}":[${texts.map(jsonMessage).join(',')}]`;
  return `{"status":"success","data":${data}${list('warnings', [...partial, ...warnings])}${list('infos', infos)}}`;
}

/** The request's timeout, or the default one where that is shorter. */
function timeoutOf(params: Params): number {
  const timeoutMs = Math.min(
    optionalDurationParam(params, 'timeout') ?? limits.queryTimeoutMs,
    limits.queryTimeoutMs,
  );
  if (timeoutMs < 0) throw invalidParameter('timeout', 'a timeout must not be negative');
  return timeoutMs;
}

/** Aborts when the time has passed; the timer ends with the request. */
function deadline(timeoutMs: number, clock: Clock, gone: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const expire = () => controller.abort(new ApiError('timeout', 'query timed out in expression evaluation'));
  clock.sleep(timeoutMs, gone).then(expire, () => undefined);
  return controller.signal;
}

async function readParams(request: IncomingMessage, url: URL): Promise<Params> {
  const params = new URLSearchParams(url.search);
  if (request.method !== 'POST') return params;
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > limits.queryFormBytes)
      throw new ApiError(
        'bad_data',
        `error parsing form values: the body is larger than ${limits.queryFormBytes} bytes`,
      );
    parts.push(part);
  }
  // As in Go's FormValue, the body comes before the URL.
  const form = new URLSearchParams(Buffer.concat(parts).toString('utf8'));
  for (const [name, value] of params) form.append(name, value);
  return form;
}

function asApiError(error: unknown, log: Logger): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof CodedError)
    return new ApiError(error.code === 'LimitExceeded' ? 'execution' : 'internal', describeError(error));
  log.error({ err: error instanceof Error ? error.stack : String(error) }, 'a query failed unexpectedly');
  return new ApiError('internal', 'an internal error was logged');
}

function setCors(request: IncomingMessage, response: ServerResponse): void {
  const { origin } = request.headers;
  response.setHeader('vary', 'Origin, Accept-Encoding');
  if (origin === undefined) return;
  // Prometheus's default of --web.cors.origin allows all.
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('access-control-allow-headers', 'Accept, Authorization, Content-Type, Origin');
  response.setHeader('access-control-allow-methods', 'GET, POST, OPTIONS');
  response.setHeader('access-control-expose-headers', 'Date, X-Promfleet-Partial');
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
  partial: boolean,
): Promise<void> {
  if (response.destroyed) return;
  const headers: Record<string, string | number> = { 'content-type': 'application/json' };
  if (partial) headers['x-promfleet-partial'] = 'true';
  const { body, encoding } = await encodeBody(
    Buffer.from(text),
    String(request.headers['accept-encoding'] ?? ''),
  );
  if (encoding !== undefined) headers['content-encoding'] = encoding;
  headers['content-length'] = body.length;
  response.writeHead(status, headers).end(body);
}
