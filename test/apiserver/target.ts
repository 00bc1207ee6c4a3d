import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { startApiServer } from '../../src/local/apiserver/server.ts';
import { startKubeApiServer } from '../support/kube-apiserver.ts';

/** A server under test: ours, or a real one. */
export interface Target {
  readonly name: 'local' | 'real';
  readonly url: string;
  readonly ca?: string;
  readonly token?: string;
  readonly hasControllers: boolean;
  kubeconfig(): Record<string, unknown>;
  stop(): Promise<void>;
}

/** PROMFLEET_APISERVER: `local`, `real`, or both when absent. */
export const targetNames: readonly Target['name'][] = (() => {
  const wanted = process.env.PROMFLEET_APISERVER ?? 'both';
  if (wanted === 'local' || wanted === 'real') return [wanted];
  if (wanted === 'both') return ['real', 'local'];
  throw new Error(`PROMFLEET_APISERVER is ${wanted}; it may be local, real or both`);
})();

export async function startTarget(name: Target['name']): Promise<Target> {
  if (name === 'real') return { name, ...(await startKubeApiServer()) };
  const server = await startApiServer();
  return {
    name,
    url: server.url,
    hasControllers: true,
    kubeconfig: () => server.kubeconfig(),
    stop: () => server.close(),
  };
}

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly warnings: readonly string[];
  readonly body: unknown;
}

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
}

const userAgent = 'conformance/1.0';

function open(target: Target, call: Call) {
  const body =
    call.body === undefined
      ? undefined
      : Buffer.isBuffer(call.body) || typeof call.body === 'string'
        ? call.body
        : JSON.stringify(call.body);
  const headers = {
    'user-agent': userAgent,
    accept: call.accept ?? 'application/json',
    ...(body === undefined
      ? {}
      : {
          'content-type': call.contentType ?? 'application/json',
          'content-length': Buffer.byteLength(body),
        }),
    ...(target.token === undefined ? {} : { authorization: `Bearer ${target.token}` }),
  };
  const url = new URL(target.url + call.path);
  const options = { method: call.method, headers, ...(target.ca === undefined ? {} : { ca: target.ca }) };
  const made = url.protocol === 'https:' ? httpsRequest(url, options) : httpRequest(url, options);
  made.end(body);
  return made;
}

export function send(target: Target, call: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const made = open(target, call);
    made.on('error', reject);
    made.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const contentType = String(response.headers['content-type'] ?? '').split(';')[0]!;
        const json = contentType === 'application/json';
        const warning = response.headers.warning;
        resolve({
          status: response.statusCode ?? 0,
          contentType,
          warnings: warning === undefined ? [] : String(warning).split(/,\s*(?=299 - )/),
          body: json ? JSON.parse(text) : text,
        });
      });
    });
  });
}

/** Events of a watch: reads until `count` have come or the server ends it. */
export class WatchReader {
  readonly events: unknown[] = [];
  readonly #made;
  readonly #ended: Promise<void>;
  #notify: () => void = () => undefined;

  constructor(target: Target, path: string, accept?: string) {
    this.#made = open(target, { method: 'GET', path, ...(accept === undefined ? {} : { accept }) });
    let rest = '';
    this.#ended = new Promise((resolve, reject) => {
      this.#made.on('error', (error) => (this.#made.destroyed ? resolve() : reject(error)));
      this.#made.on('response', (response) => {
        response.on('data', (chunk: Buffer) => {
          rest += chunk.toString('utf8');
          const lines = rest.split('\n');
          rest = lines.pop()!;
          for (const line of lines) if (line !== '') this.events.push(JSON.parse(line));
          this.#notify();
        });
        response.on('close', () => resolve());
      });
    });
  }

  async take(count: number, timeoutMs = 10_000): Promise<unknown[]> {
    const endMs = Date.now() + timeoutMs;
    while (this.events.length < count && Date.now() < endMs) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#notify = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.events.slice(0, count);
  }

  async finished(): Promise<unknown[]> {
    await this.#ended;
    return this.events;
  }

  close(): void {
    this.#made.destroy();
  }
}
