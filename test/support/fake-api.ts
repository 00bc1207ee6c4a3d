import type { Clock } from '../../src/base/clock.ts';
import { type Random, randomBelow } from '../../src/base/random.ts';
import { type KubeObject, keyOf } from '../../src/kube/object.ts';
import type { HttpRequest, HttpResponse, Transport } from '../../src/kube/transport.ts';
import { ByteStream } from './byte-stream.ts';

/** Chances of faults, each from 0 to 1. */
export interface FakeFaults {
  /** Of each request: refused, 500, 429, or never answered. */
  readonly request: number;
  /** Of each event sent on a watch: the watch ends in one of all ways. */
  readonly event: number;
  /** Longest delay before an answer. */
  readonly latencyMs: number;
}

interface LogEntry {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
}

interface Stream {
  readonly body: ByteStream;
  readonly selects: (object: KubeObject) => boolean;
  stalled: boolean;
  sentVersion: number;
}

const ways = ['severed', 'severed in a line', 'stalled', 'closed', 'expired', 'error'] as const;
export type WatchEnd = (typeof ways)[number];

export const noFaults: FakeFaults = { request: 0, event: 0, latencyMs: 0 };

/**
 * An API server of one kind of object in memory, below the client's transport: lists with pages and snapshots, watches
 * with resumption and 410, optimistic writes, and faults by chance. For schedules that a real server cannot be made to
 * follow; real servers are covered by the conformance suite.
 */
export class FakeApi implements Transport {
  faults: FakeFaults;
  readonly ends: Record<WatchEnd, number> = {
    severed: 0,
    'severed in a line': 0,
    stalled: 0,
    closed: 0,
    expired: 0,
    error: 0,
  };
  /** Requests by method. */
  readonly requests: Record<string, number> = {};
  lists = 0;
  watches = 0;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #collection: string;
  readonly #objects = new Map<string, KubeObject>();
  #log: LogEntry[] = [];
  #version = 100;
  #compacted = 100;
  readonly #snapshots = new Map<string, readonly KubeObject[]>();
  readonly #streams = new Set<Stream>();

  /** `collection`: the path of the kind in all namespaces, e.g. `/api/v1/configmaps`. */
  constructor(clock: Clock, random: Random, collection: string, faults: FakeFaults = noFaults) {
    this.#clock = clock;
    this.#random = random;
    this.#collection = collection;
    this.faults = faults;
  }

  get objects(): ReadonlyMap<string, KubeObject> {
    return this.#objects;
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  put(object: KubeObject): KubeObject {
    const key = keyOf(object);
    const known = this.#objects.get(key);
    this.#version++;
    const uid = known?.metadata.uid ?? `uid-${this.#version}`;
    const stored = {
      ...object,
      metadata: { ...object.metadata, uid, resourceVersion: String(this.#version) },
    };
    this.#objects.set(key, stored);
    this.#record(known === undefined ? 'ADDED' : 'MODIFIED', stored);
    return stored;
  }

  remove(key: string): void {
    const known = this.#objects.get(key);
    if (known === undefined) return;
    this.#objects.delete(key);
    this.#version++;
    this.#record('DELETED', {
      ...known,
      metadata: { ...known.metadata, resourceVersion: String(this.#version) },
    });
  }

  /** Forgets the history: open lists and resumptions from before get 410. */
  compact(): void {
    this.#compacted = this.#version;
    this.#log = [];
    this.#snapshots.clear();
  }

  /** Sends every watch its present version, as a server does about once a minute. */
  bookmark(): void {
    for (const stream of this.#streams) {
      if (stream.stalled) continue;
      this.#line(stream, {
        type: 'BOOKMARK',
        object: { kind: 'x', metadata: { resourceVersion: String(this.#version) } },
      });
    }
  }

  endAll(way: WatchEnd): void {
    for (const stream of [...this.#streams]) this.#endStream(stream, way);
  }

  async close(): Promise<void> {
    for (const stream of [...this.#streams]) stream.body.end(new Error('closed'));
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    request.signal.throwIfAborted();
    this.requests[request.method] = (this.requests[request.method] ?? 0) + 1;
    const latencyMs = this.faults.latencyMs * this.#random.next();
    if (latencyMs > 0) await this.#clock.sleep(latencyMs, request.signal);
    if (this.#random.next() < this.faults.request) return await this.#refuse(request);
    const url = new URL(request.path, 'http://api');
    if (url.searchParams.get('watch') === 'true') return this.#watch(url, request.signal);
    const key = this.#keyOf(url.pathname);
    if (key === undefined && request.method === 'GET') return this.#list(url);
    return this.#object(request, key);
  }

  async #refuse(request: HttpRequest): Promise<HttpResponse> {
    switch (randomBelow(this.#random, 5)) {
      case 0:
        throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
      case 1:
        return statusAnswer(500, 'InternalError');
      case 2:
        return statusAnswer(429, 'TooManyRequests', { 'retry-after': '1' });
      case 3:
        return statusAnswer(503, 'ServiceUnavailable');
      default:
        return await new Promise((_, reject) => {
          request.signal.addEventListener('abort', () => reject(request.signal.reason), { once: true });
        });
    }
  }

  #list(url: URL): HttpResponse {
    this.lists++;
    const limit = Number(url.searchParams.get('limit') ?? '0') || Number.MAX_SAFE_INTEGER;
    const token = url.searchParams.get('continue');
    const [version, offset] = token === null ? [String(this.#version), 0] : splitToken(token);
    const selects = this.#selector(url);
    const objects =
      token === null
        ? [...this.#objects.values()].filter(selects).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
        : this.#snapshots.get(`${version}${url.pathname}`);
    if (objects === undefined) return statusAnswer(410, 'Expired');
    const end = offset + limit;
    const more = end < objects.length;
    if (more) this.#snapshots.set(`${version}${url.pathname}`, objects);
    return jsonAnswer(200, {
      kind: 'List',
      metadata: { resourceVersion: version, continue: more ? `${version}:${end}` : '' },
      items: objects.slice(offset, end),
    });
  }

  #watch(url: URL, signal: AbortSignal): HttpResponse {
    this.watches++;
    const from = Number(url.searchParams.get('resourceVersion'));
    if (from < this.#compacted) {
      this.ends.expired++;
      if (this.#random.next() < 0.5) return statusAnswer(410, 'Expired');
      const body = new ByteStream();
      body.push(encode({ type: 'ERROR', object: statusBody(410, 'Expired') }));
      return answer(200, {}, body);
    }
    const onAbort = () => stream.body.end(signal.reason);
    const stream: Stream = {
      body: new ByteStream(() => {
        this.#streams.delete(stream);
        signal.removeEventListener('abort', onAbort);
      }),
      selects: this.#selector(url),
      stalled: false,
      sentVersion: from,
    };
    signal.addEventListener('abort', onAbort, { once: true });
    this.#streams.add(stream);
    for (const entry of this.#log) if (entry.version > from) this.#sendEntry(stream, entry);
    return answer(200, {}, stream.body);
  }

  #object(request: HttpRequest, key: string | undefined): HttpResponse {
    const sent = request.body === undefined ? undefined : (JSON.parse(request.body) as KubeObject);
    const known = this.#objects.get(key ?? (sent?.metadata === undefined ? '' : keyOf(sent)));
    if (request.method === 'POST' && sent !== undefined) {
      return known === undefined ? jsonAnswer(201, this.put(sent)) : statusAnswer(409, 'AlreadyExists');
    }
    if (known === undefined) return statusAnswer(404, 'NotFound');
    if (request.method === 'GET') return jsonAnswer(200, known);
    if (request.method === 'DELETE') {
      this.remove(keyOf(known));
      return jsonAnswer(200, statusBody(200, ''));
    }
    const version = sent?.metadata?.resourceVersion;
    if (version !== undefined && version !== known.metadata.resourceVersion)
      return statusAnswer(409, 'Conflict');
    const isPatch = request.headers['content-type'] === 'application/merge-patch+json';
    return jsonAnswer(
      200,
      this.put(isPatch ? ({ ...known, ...sent, metadata: known.metadata } as KubeObject) : sent!),
    );
  }

  #record(type: LogEntry['type'], object: KubeObject): void {
    const entry = { version: this.#version, type, object };
    this.#log.push(entry);
    for (const stream of [...this.#streams]) this.#sendEntry(stream, entry);
  }

  #sendEntry(stream: Stream, entry: LogEntry): void {
    if (stream.stalled || stream.body.closed || !stream.selects(entry.object)) return;
    if (this.#random.next() < this.faults.event) {
      this.#endStream(stream, ways[randomBelow(this.#random, ways.length)]!, entry);
    } else this.#line(stream, { type: entry.type, object: entry.object });
  }

  #endStream(stream: Stream, way: WatchEnd, entry?: LogEntry): void {
    this.ends[way]++;
    if (way === 'stalled') {
      stream.stalled = true;
    } else if (way === 'closed') stream.body.end();
    else if (way === 'severed') stream.body.end(new Error('socket hang up'));
    else if (way === 'severed in a line') {
      const bytes = encode({ type: entry?.type ?? 'ADDED', object: entry?.object ?? {} });
      stream.body.push(bytes.subarray(0, randomBelow(this.#random, bytes.length)));
      stream.body.end(this.#random.next() < 0.5 ? new Error('terminated') : undefined);
    } else {
      if (way === 'expired') this.compact();
      const code = way === 'expired' ? 410 : 500;
      stream.body.push(
        encode({ type: 'ERROR', object: statusBody(code, code === 410 ? 'Expired' : 'InternalError') }),
      );
      stream.body.end();
    }
  }

  /** In pieces that respect neither lines nor characters. */
  #line(stream: Stream, event: object): void {
    const bytes = encode(event);
    const cut = randomBelow(this.#random, bytes.length);
    stream.body.push(bytes.subarray(0, cut));
    stream.body.push(bytes.subarray(cut));
  }

  #selector(url: URL): (object: KubeObject) => boolean {
    const namespace = /\/namespaces\/([^/]+)\//.exec(url.pathname)?.[1];
    return (object) => namespace === undefined || object.metadata.namespace === namespace;
  }

  /** The key of an object's path, undefined for a collection's. */
  #keyOf(path: string): string | undefined {
    const plural = this.#collection.slice(this.#collection.lastIndexOf('/'));
    const name = path.split(`${plural}/`)[1];
    if (name === undefined) return undefined;
    const namespace = /\/namespaces\/([^/]+)\//.exec(path)?.[1];
    return namespace === undefined ? name : `${namespace}/${name}`;
  }
}

function splitToken(token: string): [string, number] {
  const [version = '', offset = '0'] = token.split(':');
  return [version, Number(offset)];
}

function encode(event: object): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(event)}\n`);
}

function statusBody(code: number, reason: string): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, code, reason, message: `${reason} by the fake` };
}

export function statusAnswer(
  code: number,
  reason: string,
  headers: Record<string, string> = {},
): HttpResponse {
  return jsonAnswer(code, statusBody(code, reason), headers);
}

export function jsonAnswer(code: number, value: unknown, headers: Record<string, string> = {}): HttpResponse {
  const body = new ByteStream();
  body.push(new TextEncoder().encode(JSON.stringify(value)));
  body.end();
  return answer(code, headers, body);
}

function answer(status: number, headers: Record<string, string>, body: ByteStream): HttpResponse {
  return { status, header: (name) => headers[name], body, discard: () => body.end() };
}
