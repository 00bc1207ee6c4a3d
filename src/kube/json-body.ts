import { LimitExceededError } from '../base/errors.ts';
import { errorFromStatus, type KubeError } from './errors.ts';
import type { Status } from './object.ts';
import type { HttpResponse } from './transport.ts';

/** Reads a whole body; more than `maxBytes` raises LimitExceeded and drops the connection. */
export async function readText(response: HttpResponse, maxBytes: number, what: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of response.body) {
    sizeBytes += part.byteLength;
    if (sizeBytes > maxBytes) {
      response.discard();
      throw new LimitExceededError(`${what}: the answer is larger than ${maxBytes} bytes`);
    }
    parts.push(part);
  }
  return new TextDecoder().decode(parts.length === 1 ? parts[0] : Buffer.concat(parts, sizeBytes));
}

/** How long the server asks to wait, from `Retry-After` in seconds. */
export function retryAfterMs(response: HttpResponse): number | undefined {
  const header = response.header('retry-after');
  if (header === undefined || !/^\d{1,9}$/.test(header)) return undefined;
  return Number(header) * 1000;
}

/** Reads an answer that is not a success as its typed error. */
export async function readError(response: HttpResponse, what: string): Promise<KubeError> {
  const maxErrorBytes = 1024 * 1024;
  let status: Partial<Status> | undefined;
  try {
    const text = await readText(response, maxErrorBytes, what);
    status = parseStatus(text) ?? (text === '' ? undefined : { message: text.slice(0, 300).trim() });
  } catch {
    // The code of the answer says enough.
  }
  return errorFromStatus(what, response.status, status, retryAfterMs(response));
}

function parseStatus(text: string): Partial<Status> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Partial<Status>) : undefined;
  } catch {
    return undefined;
  }
}
