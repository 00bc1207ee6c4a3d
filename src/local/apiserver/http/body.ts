import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { load as loadYaml } from 'js-yaml';
import { limits } from '../../../base/limits.ts';
import { wellFormed } from '../../../base/well-formed.ts';
import { badRequest, tooLarge, unsupportedMediaType } from '../api-error.ts';
import { decodeProtobuf, protobufMediaType } from './protobuf.ts';

/** The whole body, refused above the limit without reading on. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > limits.apiRequestBytes) throw tooLarge(limits.apiRequestBytes);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > limits.apiRequestBytes) throw tooLarge(limits.apiRequestBytes);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

export const mediaTypeOf = (header: string | undefined): string =>
  (header ?? '').split(';')[0]!.trim().toLowerCase();

/** Body of a request as a value, by its own media type. */
export async function readObjectBody(request: IncomingMessage): Promise<unknown> {
  return parseBody(await readBody(request), mediaTypeOf(request.headers['content-type']));
}

const accepted = ['application/json', 'application/yaml', protobufMediaType];

/** JSON or YAML text as a value. An empty body is undefined. */
export function parseBody(body: Buffer, mediaType: string): unknown {
  if (body.length === 0) return undefined;
  if (mediaType === protobufMediaType) return decodeProtobuf(body);
  if (!isUtf8(body)) throw badRequest('the body of the request is not valid UTF-8');
  const text = body.toString('utf8');
  const value = mediaType.includes('yaml') && !/^\s*[[{]/.test(text) ? parseYaml(text) : parseJson(text);
  // A real server reads half of a surrogate pair, which only an escape can make, as U+FFFD.
  const hasHalves = /\\u[dD][89a-fA-F]/.test(text);
  if (depthExceeds(value, limits.apiJsonDepth))
    throw badRequest(`the body of the request is nested deeper than ${limits.apiJsonDepth} levels`);
  return hasHalves ? wellFormed(value) : value;
}

export function checkObjectMediaType(mediaType: string): void {
  if (mediaType !== '' && !accepted.includes(mediaType)) throw unsupportedMediaType(accepted);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badRequest(
      `couldn't get version/kind; json parse error: ${error instanceof Error ? error.message : error}`,
    );
  }
}

function parseYaml(text: string): unknown {
  try {
    return loadYaml(text);
  } catch (error) {
    throw badRequest(`error decoding YAML: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
  }
}

function depthExceeds(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const child of Object.values(value)) if (depthExceeds(child, levels - 1)) return true;
  return false;
}
