import type { Clock } from '../../src/base/clock.ts';
import { type Random, randomBelow } from '../../src/base/random.ts';
import { kinds } from '../../src/crds/kinds.ts';
import { builtInResources, groupVersionPath, type ResourceType } from '../../src/kube/resources.ts';
import type { HttpRequest, HttpResponse, Transport } from '../../src/kube/transport.ts';
import { ByteStream } from './byte-stream.ts';
import { jsonAnswer, statusAnswer } from './fake-api.ts';

// biome-ignore lint/suspicious/noExplicitAny: a model of any object
export type Stored = any;

export interface ModelFaults {
  /** Chance that a request is lost before it is processed, or its answer afterwards. */
  readonly request: number;
  /** Chance that sending an event ends the watch; half of the times with 410. */
  readonly event: number;
  /** Chance that an event is sent twice. */
  readonly duplicate: number;
  readonly latencyMs: number;
}

export const noModelFaults: ModelFaults = { request: 0, event: 0, duplicate: 0, latencyMs: 0 };

interface Stream {
  readonly body: ByteStream;
  readonly collection: string;
  readonly selects: (object: Stored) => boolean;
}

interface Entry {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly collection: string;
  readonly object: Stored;
}

/** Our kinds, so that no discovery is needed. */
export const ownResources: readonly ResourceType[] = kinds.map(({ kind, plural }) => ({
  apiVersion: 'promfleet.dev/v1alpha1',
  kind,
  plural,
  namespaced: true,
}));

/**
 * A small model of a whole API server below the client's transport: all kinds that the operator uses, server-side apply by
 * manager, status, generations, finalizers, owner references, watches that resume, and faults by chance on virtual time.
 * For schedules that no real server can be made to follow; real ones are covered by the conformance suite.
 */
export class ModelApi implements Transport {
  faults: ModelFaults = noModelFaults;
  /** Called after each write was processed, before it is answered. */
  written: (method: string, path: string, client: string) => void = () => {};
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #kinds = new Map<string, ResourceType>();
  /** By collection path and `namespace/name`. */
  readonly #objects = new Map<string, Map<string, Stored>>();
  readonly #applied = new Map<string, Stored>();
  readonly #streams = new Set<Stream>();
  #log: Entry[] = [];
  #version = 1;
  #compacted = 0;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
    for (const type of [...builtInResources, ...ownResources])
      this.#kinds.set(`${groupVersionPath(type.apiVersion)}/${type.plural}`, type);
  }

  list(kind: string): Stored[] {
    const [collection] = [...this.#kinds].find(([, type]) => type.kind === kind)!;
    return [...(this.#objects.get(collection)?.values() ?? [])];
  }

  get(kind: string, namespace: string, name: string): Stored | undefined {
    return this.list(kind).find(
      ({ metadata }) => metadata.name === name && (metadata.namespace ?? '') === namespace,
    );
  }

  /** A user's or another controller's write, without faults. */
  put(object: Stored, manager = 'user', subresource?: string): Stored {
    const [collection] = [...this.#kinds].find(
      ([, { kind, apiVersion }]) => kind === object.kind && apiVersion === object.apiVersion,
    )!;
    return this.#apply(collection, object, manager, subresource);
  }

  remove(kind: string, namespace: string, name: string): void {
    const [collection] = [...this.#kinds].find(([, type]) => type.kind === kind)!;
    const object = this.get(kind, namespace, name);
    if (object !== undefined) this.#delete(collection, object);
  }

  /** Forgets history: watches from before get 410. */
  compact(): void {
    this.#compacted = this.#version;
    this.#log = [];
  }

  async close(): Promise<void> {}

  async send(request: HttpRequest): Promise<HttpResponse> {
    request.signal.throwIfAborted();
    const { latencyMs, request: chance } = this.faults;
    if (latencyMs > 0) await this.#clock.sleep(latencyMs * this.#random.next(), request.signal);
    const isLost = this.#random.next() < chance;
    if (isLost && this.#random.next() < 0.5) return this.#refuse();
    const answer = this.#answer(request);
    if (isLost) throw new Error('socket hang up');
    return answer;
  }

  #refuse(): HttpResponse {
    const kind = randomBelow(this.#random, 3);
    if (kind === 0) throw new Error('connect ECONNREFUSED');
    return kind === 1
      ? statusAnswer(500, 'InternalError')
      : statusAnswer(429, 'TooManyRequests', { 'retry-after': '1' });
  }

  #answer(request: HttpRequest): HttpResponse {
    const url = new URL(request.path, 'http://api');
    const match =
      /^(\/api\/v1|\/apis\/[^/]+\/[^/]+)(?:\/namespaces\/([^/]+)(?=\/[^/]+))?\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(
        url.pathname,
      );
    const [, group = '', namespace, plural = '', name, subresource] = match ?? [];
    const collection = `${group}/${plural}`;
    if (!this.#kinds.has(collection)) return statusAnswer(404, 'NotFound');
    if (name === undefined && request.method === 'GET')
      return url.searchParams.get('watch') === 'true'
        ? this.#watch(collection, namespace, url, request.signal)
        : this.#list(collection, namespace, url);
    if (request.method === 'GET') {
      const found = this.#objects.get(collection)?.get(`${namespace ?? ''}/${name}`);
      return found === undefined ? statusAnswer(404, 'NotFound') : jsonAnswer(200, found);
    }
    const answer = this.#write(request, url, collection, namespace ?? '', name, subresource);
    if (answer.status < 300) this.written(request.method, url.pathname, request.headers['user-agent'] ?? '');
    return answer;
  }

  #write(
    request: HttpRequest,
    url: URL,
    collection: string,
    namespace: string,
    name: string | undefined,
    subresource: string | undefined,
  ): HttpResponse {
    const body = request.body === undefined ? {} : JSON.parse(request.body);
    const known = this.#objects.get(collection)?.get(`${namespace}/${name ?? body.metadata?.name}`);
    if (request.method === 'POST') {
      if (known !== undefined) return statusAnswer(409, 'AlreadyExists');
      return jsonAnswer(
        201,
        this.#store(collection, undefined, { ...body, metadata: { ...body.metadata, namespace } }),
      );
    }
    const manager = url.searchParams.get('fieldManager') ?? 'unknown';
    const type = request.headers['content-type'];
    if (type === 'application/apply-patch+yaml') {
      if (known === undefined && subresource !== undefined) return statusAnswer(404, 'NotFound');
      if (body.metadata?.uid !== undefined && known !== undefined && body.metadata.uid !== known.metadata.uid)
        return statusAnswer(409, 'Conflict');
      return jsonAnswer(known === undefined ? 201 : 200, this.#apply(collection, body, manager, subresource));
    }
    if (known === undefined) return statusAnswer(404, 'NotFound');
    if (request.method === 'DELETE') {
      const uid = body.preconditions?.uid;
      if (uid !== undefined && uid !== known.metadata.uid) return statusAnswer(409, 'Conflict');
      this.#delete(collection, known);
      return jsonAnswer(200, { kind: 'Status', status: 'Success' });
    }
    const version = body.metadata?.resourceVersion;
    if (version !== undefined && version !== known.metadata.resourceVersion)
      return statusAnswer(409, 'Conflict');
    const next =
      request.method === 'PUT'
        ? { ...body, metadata: { ...known.metadata, ...body.metadata } }
        : merged(known, body);
    return jsonAnswer(200, this.#store(collection, known, next));
  }

  /** Fields that this manager applied before and leaves out now go, unless another manager applied them too. */
  #apply(collection: string, config: Stored, manager: string, subresource?: string): Stored {
    const { namespace = '', name } = config.metadata;
    const known = this.#objects.get(collection)?.get(`${namespace}/${name}`);
    const id = `${collection} ${namespace}/${name} ${known?.metadata.uid} ${manager} ${subresource ?? ''}`;
    const part = subresource === undefined ? { ...config, status: undefined } : { status: config.status };
    const base = known ?? { apiVersion: config.apiVersion, kind: config.kind, metadata: {} };
    const left = pruned(base, this.#applied.get(id) ?? {}, part);
    const stored = this.#store(collection, known, merged(left, part));
    this.#applied.set(
      `${collection} ${namespace}/${name} ${stored.metadata.uid} ${manager} ${subresource ?? ''}`,
      part,
    );
    return stored;
  }

  #store(collection: string, known: Stored | undefined, next: Stored): Stored {
    const { namespace = '', name } = next.metadata;
    const { metadata, status, ...content } = next;
    const { metadata: _, status: __, ...before } = known ?? { metadata: {} };
    const isSame = JSON.stringify(sorted(content)) === JSON.stringify(sorted(before));
    const plain = {
      ...metadata,
      resourceVersion: known?.metadata.resourceVersion,
      generation: known?.metadata.generation,
    };
    if (
      known !== undefined &&
      isSame &&
      JSON.stringify(sorted({ ...next, metadata: plain })) === JSON.stringify(sorted(known))
    )
      return known;
    this.#version++;
    const hasGeneration = content.spec !== undefined;
    const stored = {
      ...content,
      ...(status === undefined ? {} : { status }),
      metadata: {
        ...metadata,
        uid: known?.metadata.uid ?? `uid-${this.#version}`,
        creationTimestamp: known?.metadata.creationTimestamp ?? new Date(this.#clock.nowMs()).toISOString(),
        ...(hasGeneration ? { generation: (known?.metadata.generation ?? 0) + (isSame ? 0 : 1) } : {}),
        resourceVersion: String(this.#version),
      },
    };
    const objects = this.#objects.get(collection) ?? new Map();
    this.#objects.set(collection, objects);
    if (stored.metadata.deletionTimestamp !== undefined && (stored.metadata.finalizers ?? []).length === 0) {
      this.#drop(collection, stored);
      return stored;
    }
    objects.set(`${namespace}/${name}`, stored);
    this.#record({
      version: this.#version,
      type: known === undefined ? 'ADDED' : 'MODIFIED',
      collection,
      object: stored,
    });
    return stored;
  }

  #delete(collection: string, object: Stored): void {
    if ((object.metadata.finalizers ?? []).length === 0) return this.#drop(collection, object);
    const deletionTimestamp =
      object.metadata.deletionTimestamp ?? new Date(this.#clock.nowMs()).toISOString();
    this.#store(collection, object, { ...object, metadata: { ...object.metadata, deletionTimestamp } });
  }

  #drop(collection: string, object: Stored): void {
    const { namespace = '', name, uid } = object.metadata;
    this.#objects.get(collection)?.delete(`${namespace}/${name}`);
    this.#version++;
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
    this.#record({ version: this.#version, type: 'DELETED', collection, object: last });
    for (const [owned, objects] of this.#objects) {
      for (const child of [...objects.values()]) {
        if (child.metadata.ownerReferences?.some((owner: Stored) => owner.uid === uid))
          this.#delete(owned, child);
      }
    }
  }

  #list(collection: string, namespace: string | undefined, url: URL): HttpResponse {
    const selects = selector(namespace, url);
    const items = [...(this.#objects.get(collection)?.values() ?? [])].filter(selects);
    return jsonAnswer(200, { kind: 'List', metadata: { resourceVersion: String(this.#version) }, items });
  }

  #watch(collection: string, namespace: string | undefined, url: URL, signal: AbortSignal): HttpResponse {
    const from = Number(url.searchParams.get('resourceVersion'));
    if (from < this.#compacted) return statusAnswer(410, 'Expired');
    const onAbort = () => stream.body.end(signal.reason);
    const stream: Stream = {
      body: new ByteStream(() => {
        this.#streams.delete(stream);
        signal.removeEventListener('abort', onAbort);
      }),
      collection,
      selects: selector(namespace, url),
    };
    signal.addEventListener('abort', onAbort, { once: true });
    this.#streams.add(stream);
    for (const entry of this.#log) if (entry.version > from) this.#sendEntry(stream, entry);
    return { status: 200, header: () => undefined, body: stream.body, discard: () => stream.body.end() };
  }

  #record(entry: Entry): void {
    this.#log.push(entry);
    for (const stream of [...this.#streams]) this.#sendEntry(stream, entry);
  }

  #sendEntry(stream: Stream, { type, object, collection }: Entry): void {
    if (stream.collection !== collection || stream.body.closed || !stream.selects(object)) return;
    if (this.#random.next() < this.faults.event) {
      if (this.#random.next() < 0.5) this.compact();
      return stream.body.end(new Error('socket hang up'));
    }
    const line = new TextEncoder().encode(`${JSON.stringify({ type, object })}\n`);
    stream.body.push(line);
    if (this.#random.next() < this.faults.duplicate) stream.body.push(line);
  }
}

function selector(namespace: string | undefined, url: URL): (object: Stored) => boolean {
  const terms = (url.searchParams.get('labelSelector') ?? '').split(',').filter((term) => term !== '');
  return ({ metadata }) =>
    (namespace === undefined || metadata.namespace === namespace) &&
    terms.every((term) => {
      if (term.startsWith('!')) return metadata.labels?.[term.slice(1)] === undefined;
      const [key = '', value] = term.split('=');
      return metadata.labels?.[key] === value;
    });
}

const isMap = (value: Stored): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** RFC 7386. */
function merged(target: Stored, patch: Stored): Stored {
  if (!isMap(patch)) return patch;
  const result = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined) continue;
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  }
  return result;
}

/** `target` without what `before` held and `after` does not. */
function pruned(target: Stored, before: Stored, after: Stored): Stored {
  if (!isMap(target) || !isMap(before)) return target;
  const result = { ...target };
  for (const key of Object.keys(before)) {
    if (before[key] === undefined) continue;
    if (after?.[key] === undefined) delete result[key];
    else result[key] = pruned(result[key], before[key], after[key]);
  }
  return result;
}

function sorted(value: Stored): Stored {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .filter((key) => value[key] !== undefined)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}
