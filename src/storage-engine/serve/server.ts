import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Clock } from '../../base/clock.ts';
import { CodedError, describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Logger } from '../../base/log.ts';
import { pauses } from '../../base/pauses.ts';
import type { PromqlOptions } from '../promql/syntax/dialect.ts';
import { FederatedSource, type FederationOptions } from '../query/federation.ts';
import { ApiError } from './api-error.ts';
import { Gate } from './gate.ts';
import { jsonMessage } from './json-text.ts';
import { RawAnswer } from './raw-answer.ts';
import { decodePart, readBody, readParams, timeoutOf } from './request-input.ts';
import { sendJson, sendPlain, sendRaw, setCors, successText } from './response-output.ts';
import { apiRoutes, type Route } from './routes.ts';

export interface ApiOptions {
  readonly federation: FederationOptions;
  readonly dialect: PromqlOptions;
  readonly clock: Clock;
  readonly log: Logger;
  /** The release of Prometheus whose PromQL and API this is. */
  readonly version: string;
  /** Options by name, for `status/flags`; nothing secret. */
  readonly flags?: Readonly<Record<string, string>>;
}

/** Prometheus's HTTP API over the given holders. Listens when its `listen` is called; `close` ends it. */
export function createQueryServer(options: ApiOptions): Server {
  const gate = new Gate(limits.queryConcurrency, limits.queryQueue);
  const { clock } = options;
  const { dialect, version, flags = {} } = options;
  const routes = apiRoutes({ dialect, facts: { version, flags, startedMs: clock.nowMs() } });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.parse(`http://localhost${request.url ?? '/'}`);
    if (url === null) return sendPlain(response, 400, '400 Bad Request');
    if (url.pathname === '/-/healthy' || url.pathname === '/-/ready')
      return void response.writeHead(200, { 'content-type': 'text/plain' }).end('OK\n');
    if (request.method === 'OPTIONS' && url.pathname.startsWith('/api/v1/'))
      return void response.writeHead(204).end();
    const route = routes.find(({ pattern }) => pattern.test(url.pathname));
    if (route === undefined) return sendPlain(response, 404, '404 page not found\n');
    if (!route.methods.includes(request.method ?? '')) {
      response.setHeader('allow', route.methods.join(', '));
      return sendPlain(response, 405, 'Method Not Allowed\n');
    }
    const name = decodePart(route.pattern.exec(url.pathname)![1] ?? '');
    if (name === undefined) return sendPlain(response, 400, '400 Bad Request');
    await answerRoute(route, name, url, request, response);
  }

  async function answerRoute(
    route: Route,
    name: string,
    url: URL,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort(new ApiError('canceled', 'context canceled')));
    const partial = new Set<string>();
    const arrivedMs = clock.monotonicMs();
    try {
      const body = route.bodyBytes === undefined ? Buffer.alloc(0) : await readBody(request, route.bodyBytes);
      const params =
        route.bodyBytes === undefined ? await readParams(request, url) : new URLSearchParams(url.search);
      const timeoutMs = timeoutOf(params);
      const signal = AbortSignal.any([gone.signal, deadline(timeoutMs, clock, gone.signal)]);
      const source = new FederatedSource(options.federation, {
        signal,
        timeoutMs,
        partial: (reason) => partial.add(reason),
      });
      const pause = pauses(clock, limits.querySliceMs);
      const times = { nowMs: clock.nowMs(), monotonicMs: () => clock.monotonicMs(), arrivedMs };
      const call = { params, source, signal, name, pause, body, headers: request.headers, ...times };
      const result = await gate.run(signal, async () => route.handle(call));
      const wanted = params.get('partial_response') ?? route.partialResponse ?? 'true';
      if (partial.size > 0 && wanted === 'false') throw new ApiError('execution', [...partial].join('; '));
      if (result === undefined) return void response.writeHead(204).end();
      if (result instanceof RawAnswer) return await sendRaw(request, response, result, [...partial]);
      await sendJson(request, response, 200, successText(result, [...partial]), partial.size > 0);
    } catch (error) {
      const fault = asApiError(error, options.log);
      if (route.plainErrors === true) {
        const status = fault.type === 'execution' ? 500 : fault.statusCode;
        return sendPlain(response, status, `${fault.message}\n`);
      }
      await sendJson(
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

/** Aborts when the time has passed; the timer ends with the request. */
function deadline(timeoutMs: number, clock: Clock, gone: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const expire = () => controller.abort(new ApiError('timeout', 'query timed out in expression evaluation'));
  clock.sleep(timeoutMs, gone).then(expire, () => undefined);
  return controller.signal;
}

function asApiError(error: unknown, log: Logger): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof CodedError)
    return new ApiError(error.code === 'LimitExceeded' ? 'execution' : 'internal', describeError(error));
  log.error({ err: error instanceof Error ? error.stack : String(error) }, 'a query failed unexpectedly');
  return new ApiError('internal', 'an internal error was logged');
}
