import { CodedError, LimitExceededError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { http, https } from './node-http.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** What a client proves itself with and whom it expects to meet, read anew for every connection. */
export type ClientTls = () => {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly servername: string;
};

/** One request to the server beside us, over loopback. Throws ServerUnreachable. */
export function httpCall(
  method: 'GET' | 'POST',
  url: string,
  options: {
    readonly signal: AbortSignal;
    readonly timeoutMs?: number;
    readonly tls?: ClientTls | undefined;
  },
): Promise<HttpAnswer> {
  const timeoutMs = options.timeoutMs ?? limits.serverRequestMs;
  const what = `${method} ${new URL(url).pathname}`;
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) =>
      reject(
        options.signal.aborted
          ? options.signal.reason
          : new CodedError(
              'ServerUnreachable',
              `${what}: ${cause instanceof Error ? cause.message : String(cause)}`,
              {
                cause,
              },
            ),
      );
    const { request } = options.tls === undefined ? http : https();
    const call = request(
      url,
      { method, signal: options.signal, agent: false, timeout: timeoutMs, ...options.tls?.() },
      (answer) => {
        const chunks: Buffer[] = [];
        let sizeBytes = 0;
        answer.on('data', (chunk: Buffer) => {
          sizeBytes += chunk.length;
          if (sizeBytes <= limits.serverAnswerBytes) chunks.push(chunk);
          else
            call.destroy(
              new LimitExceededError(`${what}: the answer has more than ${limits.serverAnswerBytes} bytes`),
            );
        });
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
        );
        answer.on('error', fail);
      },
    );
    call.on('timeout', () => call.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    call.on('error', fail);
    call.end();
  });
}

/** As `httpCall`, but any status other than 200 is a fault, and the answer is JSON. */
export async function httpJson<T>(
  url: string,
  options: { readonly signal: AbortSignal; readonly tls?: ClientTls | undefined },
): Promise<T> {
  const { status, body } = await httpCall('GET', url, options);
  const what = `GET ${new URL(url).pathname}`;
  if (status !== 200) throw new CodedError('ServerUnreachable', `${what}: HTTP ${status}`);
  try {
    return JSON.parse(body) as T;
  } catch (cause) {
    throw new CodedError('ServerUnreachable', `${what}: the answer is no JSON`, { cause });
  }
}
