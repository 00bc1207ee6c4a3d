import { LimitExceededError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { type Logger, silentLogger } from '../base/log.ts';
import type { GaugeMetric } from '../base/metrics.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Selection } from '../kube/list.ts';
import { type ListWatchOptions, type ListWatchSink, listWatch } from '../kube/list-watch.ts';
import { type KubeObject, keyOf } from '../kube/object.ts';
import { type Indexer, type ObjectReader, ObjectStore } from './object-store.ts';

/** A change of one object. `object` is the newest known state; for a deletion the last one. */
export interface Change<T> {
  readonly type: 'added' | 'updated' | 'deleted';
  readonly key: string;
  readonly object: T;
  readonly old?: T;
}

export interface InformerOptions<T> {
  /** Watch these namespaces, one watch each; absent: all namespaces by one watch. */
  readonly namespaces?: readonly string[];
  readonly indexers?: Readonly<Record<string, Indexer<T>>>;
  /** Runs before an object is kept; by default `withoutManagedFields`. */
  readonly transform?: (object: T) => T;
  readonly maxObjects?: number;
  readonly watch?: ListWatchOptions;
  readonly log?: Logger;
}

/** Drops what nobody reads and what is often half of an object's size. */
export function withoutManagedFields<T extends KubeObject>(object: T): T {
  if (object.metadata.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** A cache of one kind that follows the server, and tells handlers about changes. */
export class Informer<T extends KubeObject = KubeObject> {
  readonly selection: Selection;
  readonly #client: KubeClient;
  readonly #options: InformerOptions<T>;
  readonly #store: ObjectStore<T>;
  readonly #handlers = new Set<(change: Change<T>) => void>();
  readonly #unsynced: Set<string>;
  readonly #synced: Promise<void>;
  #resolveSynced: () => void = () => {};
  readonly #count: GaugeMetric;
  #lastError: unknown;
  #running = false;

  constructor(client: KubeClient, selection: Omit<Selection, 'namespace'>, options: InformerOptions<T> = {}) {
    this.#client = client;
    this.selection = selection;
    this.#options = options;
    const maxObjects = options.maxObjects ?? limits.informerObjects;
    this.#store = new ObjectStore(
      options.indexers === undefined ? { maxObjects } : { maxObjects, indexers: options.indexers },
    );
    this.#unsynced = new Set(options.namespaces ?? ['']);
    this.#synced = new Promise((resolve) => {
      this.#resolveSynced = resolve;
    });
    if (this.#unsynced.size === 0) this.#resolveSynced();
    this.#count = client.metrics.gauge('promfleet_cache_objects', 'Objects in a cache.', ['kind']);
  }

  get store(): ObjectReader<T> {
    return this.#store;
  }

  /** True once each list has been read. */
  get synced(): boolean {
    return this.#unsynced.size === 0;
  }

  /** Why a list or watch failed last; forgotten with the next list or change. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /** Resolves once each list has been read; never rejects. */
  whenSynced(): Promise<void> {
    return this.#synced;
  }

  /**
   * Calls `handler` for each change from now on, and at once for each object that is already known, unless `replay` is
   * false. Handlers are quick: they put keys into queues. Returns how to take it off.
   */
  onChange(handler: (change: Change<T>) => void, options: { readonly replay?: boolean } = {}): () => void {
    this.#handlers.add(handler);
    if (options.replay === false) return () => this.#handlers.delete(handler);
    for (const object of this.#store.list()) handler({ type: 'added', key: keyOf(object), object });
    return () => this.#handlers.delete(handler);
  }

  /** Follows the server until `signal` aborts. Rejects only for LimitExceeded or a defect. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#running) throw new Error(`BUG: informer of ${this.selection.kind} runs already`);
    this.#running = true;
    const log = this.#options.log ?? silentLogger;
    const options = { log, ...this.#options.watch };
    const namespaces = this.#options.namespaces;
    try {
      await Promise.all(
        (namespaces ?? ['']).map((namespace) => {
          const selection = namespace === '' ? this.selection : { ...this.selection, namespace };
          return listWatch<T>(this.#client, selection, this.#sink(namespace), signal, options);
        }),
      );
    } finally {
      this.#running = false;
    }
  }

  /** `scope` is the namespace that one of our watches covers; empty for all. */
  #sink(scope: string): ListWatchSink<T> {
    let seen = new Set<string>();
    return {
      page: (items, first) => {
        if (first) seen = new Set();
        for (const item of items) {
          seen.add(keyOf(item));
          this.#upsert(item);
        }
      },
      listed: () => {
        const known = scope === '' ? [...this.#store.keys()] : this.#store.list(scope).map(keyOf);
        for (const key of known) if (!seen.has(key)) this.#remove(key, undefined);
        seen = new Set();
        this.#lastError = undefined;
        this.#unsynced.delete(scope);
        if (this.#unsynced.size === 0) this.#resolveSynced();
      },
      upserted: (object) => {
        this.#lastError = undefined;
        this.#upsert(object);
      },
      deleted: (object) => this.#remove(keyOf(object), object),
      failed: (error) => {
        this.#lastError = error;
      },
    };
  }

  #upsert(raw: T): void {
    const key = keyOf(raw);
    const known = this.#store.get(key);
    const { resourceVersion, uid } = raw.metadata;
    if (
      known !== undefined &&
      known.metadata.resourceVersion === resourceVersion &&
      known.metadata.uid === uid
    )
      return;
    let object: T;
    let old: T | undefined;
    try {
      object = (this.#options.transform ?? withoutManagedFields)(raw);
      old = this.#store.set(object);
    } catch (error) {
      this.#defect(error, key, 'an object was not taken into the cache');
      return;
    }
    if (old === undefined) this.#tell({ type: 'added', key, object });
    else this.#tell({ type: 'updated', key, object, old });
  }

  #remove(key: string, last: T | undefined): void {
    const old = this.#store.delete(key);
    if (old === undefined) return;
    this.#tell({ type: 'deleted', key, object: last ?? old, old });
  }

  #tell(change: Change<T>): void {
    if (change.type !== 'updated') this.#count.set(this.#store.size, { kind: this.selection.kind });
    for (const handler of this.#handlers) {
      try {
        handler(change);
      } catch (error) {
        this.#defect(error, change.key, 'a handler failed on a change');
      }
    }
  }

  /** One object must not stop what follows all others; a reached limit ends the informer. */
  #defect(error: unknown, key: string, what: string): void {
    if (error instanceof LimitExceededError) throw error;
    const log = this.#options.log ?? silentLogger;
    log.error(
      { key, kind: this.selection.kind, stack: error instanceof Error ? error.stack : String(error) },
      what,
    );
  }
}
