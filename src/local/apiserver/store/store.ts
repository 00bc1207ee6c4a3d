import { assert } from '../../../base/assert.ts';
import { limits } from '../../../base/limits.ts';
import type { KubeObject } from '../object.ts';
import type { ChangeLog } from './change-log.ts';
import { type ChangeEvent, Collection, objectKey, type StoredObject } from './collection.ts';

/**
 * Every object with its history under one growing version number. A write is one row in the log, then one
 * event in memory; readers see only what the log holds. Objects are handed out as JSON text, so nobody can
 * change what is stored.
 */
export class Store {
  readonly #log: ChangeLog;
  readonly #collections = new Map<string, Collection>();
  readonly #byUid = new Map<string, StoredObject>();
  readonly #listeners = new Set<(event: ChangeEvent) => void>();
  /** Retained events of all collections, oldest first. */
  #history: ChangeEvent[] = [];
  #firstRetained = 0;
  #historyBytes = 0;
  #superseded: number[] = [];
  #rv = 0;
  #compactedRv = 0;
  #loadedRv = 0;

  constructor(log: ChangeLog) {
    this.#log = log;
    const { compactedRv, rows } = log.load();
    this.#compactedRv = compactedRv;
    this.#loadedRv = compactedRv;
    this.#rv = compactedRv;
    for (const row of rows) {
      const collection = this.collection(row.resource);
      const previous = collection.get(objectKey(row.namespace, row.name));
      const object = row.deleted ? previous && { ...previous, rv: row.rv } : describe(row, row.json);
      this.#rv = Math.max(this.#rv, row.rv);
      if (object === undefined) continue;
      const type = row.deleted ? 'DELETED' : previous === undefined ? 'ADDED' : 'MODIFIED';
      const json = row.deleted ? withVersion(object.json, row.rv) : object.json;
      const event: ChangeEvent = { type, rv: row.rv, object: { ...object, json }, previous };
      this.#keep(collection, event);
      if (row.rv > compactedRv) this.#remember(collection, event);
    }
  }

  /** The version of the last write. */
  get rv(): number {
    return this.#rv;
  }

  /** Histories start after this version. */
  get compactedRv(): number {
    return this.#compactedRv;
  }

  collection(resource: string): Collection {
    let found = this.#collections.get(resource);
    if (found === undefined) {
      found = new Collection(this.#loadedRv);
      this.#collections.set(resource, found);
    }
    return found;
  }

  resources(): readonly string[] {
    return [...this.#collections.keys()];
  }

  get(resource: string, namespace: string, name: string): StoredObject | undefined {
    return this.collection(resource).get(objectKey(namespace, name));
  }

  byUid(uid: string): StoredObject | undefined {
    return this.#byUid.get(uid);
  }

  /** Writes one object under a new version, which is set in it. */
  put(resource: string, namespace: string, name: string, object: KubeObject): StoredObject {
    const rv = this.#rv + 1;
    object.metadata.resourceVersion = String(rv);
    const json = JSON.stringify(object);
    const stored = describe({ resource, namespace, name, rv }, json, object);
    const collection = this.collection(resource);
    const previous = collection.get(stored.key);
    this.#log.append({ rv, resource, namespace, name, deleted: false, json });
    this.#rv = rv;
    this.#publish(collection, {
      type: previous === undefined ? 'ADDED' : 'MODIFIED',
      rv,
      object: stored,
      previous,
    });
    return stored;
  }

  /** Removes one object; returns its last state under the version of the removal. */
  remove(resource: string, namespace: string, name: string): StoredObject {
    const collection = this.collection(resource);
    const previous = collection.get(objectKey(namespace, name));
    assert(previous !== undefined, `removal of ${resource} ${namespace}/${name}, which is not stored`);
    const rv = this.#rv + 1;
    this.#log.append({ rv, resource, namespace, name, deleted: true, json: '' });
    this.#rv = rv;
    const object = { ...previous, rv, json: withVersion(previous.json, rv) };
    this.#publish(collection, { type: 'DELETED', rv, object, previous });
    return object;
  }

  /** Calls `listener` after each write, in order. Returns the way to stop. */
  subscribe(listener: (event: ChangeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Forgets history beyond the limits, all of it for 0. */
  compact(maxEvents: number = limits.apiHistoryEvents): void {
    while (
      this.#history.length - this.#firstRetained > maxEvents ||
      this.#historyBytes > limits.apiHistoryBytes
    ) {
      const event = this.#history[this.#firstRetained++]!;
      this.#historyBytes -= event.object.json.length;
      this.collection(event.object.resource).forgetOldest();
      this.#compactedRv = event.rv;
      if (event.previous !== undefined) this.#superseded.push(event.previous.rv);
      if (event.type === 'DELETED') this.#superseded.push(event.rv);
    }
    if (this.#firstRetained > 1024 && this.#firstRetained * 2 > this.#history.length) {
      this.#history = this.#history.slice(this.#firstRetained);
      this.#firstRetained = 0;
    }
    if (this.#superseded.length < limits.apiCompactionRows && maxEvents > 0) return;
    this.#log.compact(this.#compactedRv, this.#superseded);
    this.#superseded = [];
  }

  getMeta(key: string): string | undefined {
    return this.#log.getMeta(key);
  }

  setMeta(key: string, value: string): void {
    this.#log.setMeta(key, value);
  }

  close(): void {
    if (this.#superseded.length > 0) this.#log.compact(this.#compactedRv, this.#superseded);
    this.#superseded = [];
    this.#log.close();
  }

  #publish(collection: Collection, event: ChangeEvent): void {
    this.#keep(collection, event);
    this.#remember(collection, event);
    this.compact();
    for (const listener of [...this.#listeners]) listener(event);
  }

  #keep(collection: Collection, event: ChangeEvent): void {
    collection.apply(event);
    if (event.type === 'DELETED') this.#byUid.delete(event.object.uid);
    else this.#byUid.set(event.object.uid, event.object);
  }

  #remember(collection: Collection, event: ChangeEvent): void {
    collection.remember(event);
    this.#history.push(event);
    this.#historyBytes += event.object.json.length;
  }
}

function describe(
  row: { resource: string; namespace: string; name: string; rv: number },
  json: string,
  parsed: KubeObject = JSON.parse(json) as KubeObject,
): StoredObject {
  return {
    resource: row.resource,
    namespace: row.namespace,
    name: row.name,
    key: objectKey(row.namespace, row.name),
    uid: parsed.metadata.uid ?? '',
    rv: row.rv,
    labels: parsed.metadata.labels ?? {},
    json,
  };
}

function withVersion(json: string, rv: number): string {
  const object = JSON.parse(json) as KubeObject;
  object.metadata.resourceVersion = String(rv);
  return JSON.stringify(object);
}
