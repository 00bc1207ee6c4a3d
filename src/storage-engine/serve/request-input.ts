import type { IncomingMessage } from 'node:http';
import { limits } from '../../base/limits.ts';
import { ApiError, invalidParameter } from './api-error.ts';
import { optionalDurationParam, type Params } from './params.ts';

/** The body of a request, up to `maxBytes`. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > maxBytes)
      throw new ApiError('bad_data', `error parsing form values: the body is larger than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Parameters of the URL and of a form body; as in Go's FormValue, the body comes first. */
export async function readParams(request: IncomingMessage, url: URL): Promise<Params> {
  const params = new URLSearchParams(url.search);
  if (request.method !== 'POST') return params;
  const form = new URLSearchParams((await readBody(request, limits.queryFormBytes)).toString('utf8'));
  for (const [name, value] of params) form.append(name, value);
  return form;
}

/** The request's timeout, or the default one where that is shorter. */
export function timeoutOf(params: Params): number {
  const timeoutMs = Math.min(
    optionalDurationParam(params, 'timeout') ?? limits.queryTimeoutMs,
    limits.queryTimeoutMs,
  );
  if (timeoutMs < 0) throw invalidParameter('timeout', 'a timeout must not be negative');
  return timeoutMs;
}

export function decodePart(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
