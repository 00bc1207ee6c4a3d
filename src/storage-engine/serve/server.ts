import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Clock } from '../../base/clock.ts';
import { CodedError, describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Logger } from '../../base/log.ts';
import type { PromqlOptions } from '../promql/syntax/dialect.ts';
import { FederatedSource, type FederationOptions } from '../query/federation.ts';
import { ApiError, invalidParameter } from './api-error.ts';
import { Gate } from './gate.ts';
import { jsonMessage } from './json-text.ts';
import { answerLabels, answerLabelValues, answerSeries } from './metadata-api.ts';
import { optionalDurationParam, type Params } from './params.ts';
import { type Answer, answerFormatQuery, answerQuery, answerQueryRange } from './query-api.ts';

const compress = promisify(gzip);

export interface ApiOptions {
  readonly federation: FederationOptions;
  readonly dialect: PromqlOptions;
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
}

/** One request on its way: its parameters, its source and the end of its patience. */
interface Call {
  readonly params: Params;
  readonly source: FederatedSource;
  readonly signal: AbortSignal;
}

type Route = (call: Call, match: RegExpExecArray) => Promise<Answer> | Answer;

/** Prometheus's HTTP API over the given holders. Listens when its `listen` is called; `close` ends it. */
export function createQueryServer(options: ApiOptions): Server {
  const gate = new Gate(limits.queryConcurrency, limits.queryQueue);
  const { dialect, clock } = options;
  const ports = ({ source, signal }: Call) => ({ source, signal, dialect, nowMs: clock.nowMs() });
  const routes: readonly (readonly [RegExp, Route])[] = [
    [/^\/api\/v1\/query$/, (call) => answerQuery(call.params, ports(call))],
    [/^\/api\/v1\/query_range$/, (call) => answerQueryRange(call.params, ports(call))],
    [/^\/api\/v1\/format_query$/, ({ params }) => answerFormatQuery(params, dialect)],
    [/^\/api\/v1\/series$/, ({ params, source }) => answerSeries(params, source)],
    [/^\/api\/v1\/labels$/, ({ params, source }) => answerLabels(params, source)],
    [
      /^\/api\/v1\/label\/([^/]+)\/values$/,
      ({ params, source }, match) => answerLabelValues(decodeURIComponent(match[1]!), params, source),
    ],
    [
      /^\/api\/v1\/status\/buildinfo$/,
      () => ({
        data: JSON.stringify({
          version: options.version,
          revision: '',
          branch: '',
          buildUser: '',
          buildDate: '',
          goVersion: '',
        }),
        warnings: [],
        infos: [],
      }),
    ],
  ];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (request.method === 'OPTIONS') return void response.writeHead(204).end();
    if (url.pathname === '/-/healthy' || url.pathname === '/-/ready')
      return void response.writeHead(200, { 'content-type': 'text/plain' }).end('OK\n');
    const found = routes
      .map(([pattern, route]) => ({ match: pattern.exec(url.pathname), route }))
      .find(({ match }) => match !== null);
    if (found === undefined)
      return void response
        .writeHead(404, { 'content-type': 'text/plain; charset=utf-8' })
        .end('404 page not found\n');
    const gone = new AbortController();
    response.once('close', () => gone.abort(new ApiError('canceled', 'context canceled')));
    const partial = new Set<string>();
    try {
      const params = await readParams(request, url);
      const timeoutMs = timeoutOf(params);
      const signal = AbortSignal.any([gone.signal, deadline(timeoutMs, clock, gone.signal)]);
      const source = new FederatedSource(options.federation, {
        signal,
        timeoutMs,
        partial: (reason) => partial.add(reason),
      });
      const result = await gate.run(signal, async () =>
        found.route({ params, source, signal }, found.match!),
      );
      if (partial.size > 0 && params.get('partial_response') === 'false')
        throw new ApiError('execution', [...partial].join('; '));
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
  if (request.method === 'GET' || request.method === 'HEAD') return params;
  if (request.method !== 'POST')
    throw new ApiError('bad_data', `method ${request.method} is not served here`);
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
  response.setHeader('vary', 'Origin');
  if (origin === undefined) return;
  response.setHeader('access-control-allow-origin', origin);
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
  let body = Buffer.from(text);
  if (
    /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? '')) &&
    body.length >= limits.compressFromBytes
  ) {
    body = await compress(body, { level: 1 });
    headers['content-encoding'] = 'gzip';
  }
  headers['content-length'] = body.length;
  response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : body);
}
