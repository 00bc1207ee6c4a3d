import type { ServerResponse } from 'node:http';
import { dump as dumpYaml } from 'js-yaml';
import { ApiError } from '../api-error.ts';

export function respondJson(response: ServerResponse, code: number, json: string): void {
  if (response.headersSent || response.destroyed) return;
  const yaml = wantsYaml(response);
  const text = yaml ? dumpYaml(JSON.parse(json), { lineWidth: -1 }) : json;
  response.writeHead(code, {
    'content-type': yaml ? 'application/yaml' : 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-cache, private',
  });
  response.end(text);
}

const wantsYaml = (response: ServerResponse) =>
  (response.req?.headers.accept ?? '').startsWith('application/yaml');

export function respondText(response: ServerResponse, code: number, text: string): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(code, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

/** Sentences that kubectl prints beside the answer (RFC 9111 warning code 299). */
export function addWarnings(response: ServerResponse, warnings: readonly string[]): void {
  if (warnings.length === 0) return;
  response.setHeader(
    'warning',
    warnings.map(
      (text) =>
        `299 - "${text
          .replaceAll('\\', '\\\\')
          .replaceAll('"', '\\"')
          .replaceAll(/[^\x20-\x7e]/g, '?')}"`,
    ),
  );
}

export function respondError(response: ServerResponse, error: unknown): ApiError {
  const known =
    error instanceof ApiError
      ? error
      : new ApiError(
          500,
          'InternalError',
          `Internal error occurred: ${error instanceof Error ? error.message : String(error)}`,
          {
            causes: [{ message: error instanceof Error ? error.message : String(error) }],
          },
        );
  respondJson(response, known.code, JSON.stringify(known.toStatus()));
  return known;
}
