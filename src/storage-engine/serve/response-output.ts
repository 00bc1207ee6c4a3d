import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { encodeBody } from './content-encoding.ts';
import { jsonMessage } from './json-text.ts';
import type { Answer } from './query-api.ts';
import type { RawAnswer } from './raw-answer.ts';

export function setCors(request: IncomingMessage, response: ServerResponse): void {
  const { origin } = request.headers;
  response.setHeader('vary', 'Origin, Accept-Encoding');
  if (origin === undefined) return;
  // Prometheus's default of --web.cors.origin allows all.
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('access-control-allow-headers', 'Accept, Authorization, Content-Type, Origin');
  response.setHeader('access-control-allow-methods', 'GET, POST, OPTIONS');
  response.setHeader('access-control-expose-headers', 'Date, X-Promfleet-Partial');
}

/** A plain text, as Go's http.Error sends it. */
export function sendPlain(response: ServerResponse, status: number, text: string): void {
  if (response.destroyed || response.headersSent) return;
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };
  response.writeHead(status, headers).end(text);
}

export function successText({ data, warnings, infos }: Answer, partial: readonly string[]): string {
  const list = (name: string, texts: readonly string[]) =>
    texts.length === 0 ? '' : `,"${name}":[${texts.map(jsonMessage).join(',')}]`;
  return `{"status":"success","data":${data}${list('warnings', [...partial, ...warnings])}${list('infos', infos)}}`;
}

export async function sendJson(
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

/** Sends a raw answer; one in parts waits for the client to take them, and ends with it. */
export async function sendRaw(
  request: IncomingMessage,
  response: ServerResponse,
  answer: RawAnswer,
  partial: readonly string[],
): Promise<void> {
  if (response.destroyed) return;
  const headers: Record<string, string | number> = { 'content-type': answer.contentType };
  if (partial.length > 0) headers['x-promfleet-partial'] = 'true';
  if (answer.contentEncoding !== undefined) headers['content-encoding'] = answer.contentEncoding;
  if (Buffer.isBuffer(answer.body)) {
    const { comment } = answer;
    const said = comment === undefined ? '' : partial.map(comment).join('');
    const whole = said === '' ? answer.body : Buffer.concat([Buffer.from(said), answer.body]);
    const accepted = answer.contentEncoding === undefined ? request.headers['accept-encoding'] : undefined;
    const { body, encoding } = await encodeBody(whole, String(accepted ?? ''));
    if (encoding !== undefined) headers['content-encoding'] = encoding;
    headers['content-length'] = body.length;
    response.writeHead(200, headers).end(body);
    return;
  }
  response.writeHead(200, headers);
  for (const part of answer.body) {
    if (response.destroyed) return;
    if (!response.write(part))
      await Promise.race([once(response, 'drain'), once(response, 'close')]).catch(() => undefined);
  }
  response.end();
}
