import type { IncomingMessage, ServerResponse } from 'node:http';
import { limits } from '../../base/limits.ts';
import { chosenEncoding, encodeBody } from './content-encoding.ts';
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

/** The envelope of a successful answer, in parts. */
export function* successBody(
  { data, warnings, infos }: Answer,
  partial: readonly string[],
): Generator<Uint8Array> {
  const list = (name: string, texts: readonly string[]) =>
    texts.length === 0 ? '' : `,"${name}":[${texts.map(jsonMessage).join(',')}]`;
  const end = `${list('warnings', [...partial, ...warnings])}${list('infos', infos)}}`;
  if (typeof data === 'string') return yield Buffer.from(`{"status":"success","data":${data}${end}`);
  yield Buffer.from('{"status":"success","data":');
  yield* data;
  yield Buffer.from(end);
}

/** Sends JSON that is given in parts: as they are made where they are many, at once where they are one or compressed. */
export async function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  parts: Iterable<Uint8Array>,
  partial: boolean,
): Promise<void> {
  if (response.destroyed) return;
  const headers: Record<string, string | number> = { 'content-type': 'application/json' };
  if (partial) headers['x-promfleet-partial'] = 'true';
  const accepted = String(request.headers['accept-encoding'] ?? '');
  const iterator = parts[Symbol.iterator]();
  const first: Uint8Array[] = [];
  let [size, ended] = [0, false];
  while (!ended && (size < limits.answerPartBytes || chosenEncoding(accepted) !== undefined)) {
    const { value, done } = iterator.next();
    ended = done === true;
    if (done === true) break;
    first.push(value);
    size += value.length;
  }
  if (ended) {
    const whole =
      first.length === 1
        ? Buffer.from(first[0]!.buffer, first[0]!.byteOffset, size)
        : Buffer.concat(first, size);
    const { body, encoding } = await encodeBody(whole, accepted);
    if (encoding !== undefined) headers['content-encoding'] = encoding;
    headers['content-length'] = body.length;
    response.writeHead(status, headers);
    // A text goes out in one piece with the headers.
    if (body.length < limits.smallAnswerBytes) response.end(body.toString('latin1'), 'latin1');
    else response.end(body);
    return;
  }
  response.writeHead(status, headers);
  await writeParts(response, first);
  await writeParts(response, { [Symbol.iterator]: () => iterator });
  response.end();
}

/** Until the client has taken what was written, or is gone. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}

/** Writes parts as the client takes them, and ends with it. */
async function writeParts(response: ServerResponse, parts: Iterable<Uint8Array>): Promise<void> {
  for (const part of parts) {
    if (response.destroyed) return;
    if (!response.write(part)) await drained(response);
  }
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
  await writeParts(response, answer.body);
  response.end();
}
