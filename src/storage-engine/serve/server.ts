import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { admissionOf } from './admission/admission.ts';
import type { ApiOptions } from './api-options.ts';
import { Readiness } from './readiness.ts';
import { decodePart } from './request-input.ts';
import { RequestRunner } from './request-runner.ts';
import { sendPlain, setCors } from './response-output.ts';
import { apiRoutes } from './routes.ts';

/** How a query server is reached. */
export interface QueryDoor {
  /** Makes the server; plain HTTP where absent. */
  readonly create?: (options: ServerOptions, listener: RequestListener) => Server;
  /** Lets a request through, or answers it. Probes pass without. */
  readonly guard?: (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;
}

/** Prometheus's HTTP API over the given holders, one server a door. Each listens when its `listen` is called; `close` ends it. */
export function createQueryServers(options: ApiOptions, doors: readonly QueryDoor[]): readonly Server[] {
  const { clock, dialect, version, flags = {}, metrics, federation } = options;
  const admission = admissionOf(options.admission);
  const facts = { version, flags, startedMs: clock.nowMs() };
  const routes = apiRoutes({ dialect, facts, memoryBytes: admission.pool.totalBytes });
  const runner = new RequestRunner(options, admission);
  const readiness = new Readiness(() => federation.holders, clock);
  let isStopping = false;

  async function answerProbe(path: string, response: ServerResponse): Promise<void> {
    if (path === '/-/healthy')
      return void response.writeHead(200, { 'content-type': 'text/plain' }).end('OK\n');
    const { isReady, text } = isStopping
      ? { isReady: false, text: 'promfleet query is stopping.\n' }
      : await readiness.state();
    sendPlain(response, isReady ? 200 : 503, text);
  }

  async function answerMetrics(response: ServerResponse): Promise<void> {
    runner.look();
    const text = await metrics!.render();
    response.writeHead(200, { 'content-type': metrics!.contentType }).end(text);
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    guard: QueryDoor['guard'],
  ): Promise<void> {
    const url = URL.parse(`http://localhost${request.url ?? '/'}`);
    if (url === null) return sendPlain(response, 400, '400 Bad Request');
    const { pathname } = url;
    if (pathname === '/-/healthy' || pathname === '/-/ready') return answerProbe(pathname, response);
    const isPreflight = request.method === 'OPTIONS' && pathname.startsWith('/api/v1/');
    if (!isPreflight && guard !== undefined && !(await guard(request, response))) return;
    if (pathname === '/metrics' && metrics !== undefined && request.method === 'GET')
      return answerMetrics(response);
    if (isPreflight) return void response.writeHead(204).end();
    const route = routes.find(({ pattern }) => pattern.test(pathname));
    if (route === undefined) return sendPlain(response, 404, '404 page not found\n');
    if (!route.methods.includes(request.method ?? '')) {
      response.setHeader('allow', route.methods.join(', '));
      return sendPlain(response, 405, 'Method Not Allowed\n');
    }
    const name = decodePart(route.pattern.exec(pathname)![1] ?? '');
    if (name === undefined) return sendPlain(response, 400, '400 Bad Request');
    await runner.run(route, name, url, request, response);
  }

  return doors.map(({ create = createServer, guard }) => {
    const server = create(
      { requestTimeout: limits.requestReadMs, headersTimeout: limits.requestReadMs },
      (request, response) => {
        setCors(request, response);
        answer(request, response, guard).catch((error) => {
          options.log.error({ err: describeError(error) }, 'an answer could not be sent');
          response.destroy();
        });
      },
    );
    const close = server.close.bind(server);
    server.close = (done) => {
      isStopping = true;
      return close(done);
    };
    return server;
  });
}

/** With one door, open to all. */
export function createQueryServer(options: ApiOptions): Server {
  return createQueryServers(options, [{}])[0]!;
}
