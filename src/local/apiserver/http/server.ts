import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { ApiError, noSuchResource } from '../api-error.ts';
import type { ServerContext } from '../rest/context.ts';
import { TooLargeVersion } from '../rest/list.ts';
import type { ResourceRequest } from './call.ts';
import { discovery } from './discovery.ts';
import { openApi } from './openapi.ts';
import { ResourceHandler } from './resource-handler.ts';
import { respondError, respondJson, respondText } from './respond.ts';
import { parseResourcePath } from './route.ts';
import { WatchRegistry } from './watches.ts';

/** A handler of paths or subresources of its own: true when it has taken the request. */
export type ExtraHandler = (call: ResourceRequest) => boolean | Promise<boolean>;
export type PathHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
) => boolean | Promise<boolean>;

export interface HttpParts {
  /** Throws for a request whose credentials are not valid. */
  readonly authenticate: (request: IncomingMessage) => void;
  readonly context: ServerContext;
  /** PEM; absent: plain HTTP. */
  readonly tls?: { readonly key: string; readonly certificate: string };
  /** Tried before the resources, by path. */
  readonly paths: readonly PathHandler[];
  /** Tried before the common verbs of a resource. */
  readonly subresources: readonly ExtraHandler[];
}

export interface HttpFront {
  readonly server: Server;
  readonly watches: WatchRegistry;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
}

/** The HTTP side of the server. */
export function createHttpFront(parts: HttpParts): HttpFront {
  const { context } = parts;
  const watches = new WatchRegistry(context);
  const resources = new ResourceHandler(context, watches);

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (health.has(url.pathname)) return respondText(response, 200, 'ok');
    parts.authenticate(request);
    const found =
      discovery(context.registry, url.pathname, request.headers.host ?? '') ??
      openApi(context.registry, url.pathname);
    if (found !== undefined) {
      if (request.method !== 'GET' && request.method !== 'HEAD') throw noSuchResource();
      return respondJson(response, 200, found);
    }
    for (const handler of parts.paths) if (await handler(request, response, url)) return;
    const path = parseResourcePath(url.pathname);
    if (path === undefined) return respondText(response, 404, '404 page not found\n');
    const type = context.registry.find(path.group, path.version, path.plural);
    if (type === undefined) {
      if (context.registry.hasGroupVersion(path.group, path.version)) throw noSuchResource();
      return respondText(response, 404, '404 page not found\n');
    }
    const call: ResourceRequest = { request, response, type, path, query: url.searchParams };
    for (const handler of parts.subresources) if (await handler(call)) return;
    await resources.handle(call);
  }

  const handle = (request: IncomingMessage, response: ServerResponse) => {
    route(request, response).catch((error: unknown) => {
      const known = respondError(response, error instanceof TooLargeVersion ? timeout(error) : error);
      // The rest of a refused body is read and dropped, so that the client gets to see the answer.
      request.resume();
      if (known.code >= 500 && !(error instanceof TooLargeVersion))
        context.log.error(
          { err: error, method: request.method, path: request.url?.split('?')[0] },
          'request failed',
        );
    });
  };
  const options = { keepAliveTimeout: 120_000, requestTimeout: 0 };
  const { tls } = parts;
  const server =
    tls === undefined
      ? createServer(options, handle)
      : createTlsServer({ ...options, key: tls.key, cert: tls.certificate }, handle);
  return { server, watches, handle };
}

const health = new Set(['/healthz', '/livez', '/readyz', '/healthz/ping', '/readyz/ping', '/livez/ping']);

const timeout = (error: TooLargeVersion) =>
  new ApiError(504, 'Timeout', error.message, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
