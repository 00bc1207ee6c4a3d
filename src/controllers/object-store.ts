import { LimitExceededError } from '../base/errors.ts';
import { type KubeObject, keyOf, splitKey } from '../kube/object.ts';

/** Values under which an object is found in an index; none keeps it out. */
export type Indexer<T> = (object: T) => readonly string[];

/** What others may do with a cache: objects in it are shared and never changed. */
export interface ObjectReader<T> {
  readonly size: number;
  get(key: string): T | undefined;
  /** In one namespace, or all. */
  list(namespace?: string): readonly T[];
  /** Objects under one value of a named index. */
  byIndex(index: string, value: string): readonly T[];
}

/** Objects by key with indexes, for one kind. */
export class ObjectStore<T extends KubeObject> implements ObjectReader<T> {
  readonly #objects = new Map<string, T>();
  readonly #indexers: ReadonlyMap<string, Indexer<T>>;
  /** Index name -> value -> keys. */
  readonly #indexes = new Map<string, Map<string, Set<string>>>();
  readonly #byNamespace = new Map<string, Set<string>>();
  readonly #maxObjects: number;

  constructor(options: {
    readonly indexers?: Readonly<Record<string, Indexer<T>>>;
    readonly maxObjects: number;
  }) {
    this.#indexers = new Map(Object.entries(options.indexers ?? {}));
    for (const name of this.#indexers.keys()) this.#indexes.set(name, new Map());
    this.#maxObjects = options.maxObjects;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(namespace?: string): readonly T[] {
    if (namespace === undefined) return [...this.#objects.values()];
    return this.#resolve(this.#byNamespace.get(namespace));
  }

  byIndex(index: string, value: string): readonly T[] {
    const values = this.#indexes.get(index);
    if (values === undefined) throw new Error(`BUG: no index ${index}`);
    return this.#resolve(values.get(value));
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  /** The object that was there before. */
  set(object: T): T | undefined {
    const key = keyOf(object);
    const old = this.#objects.get(key);
    if (old === undefined && this.#objects.size >= this.#maxObjects) {
      throw new LimitExceededError(`cache of ${object.kind}: more than ${this.#maxObjects} objects`);
    }
    // An indexer that throws must leave the store as it was.
    const moves = [...this.#indexers].map(([name, indexer]) => ({
      values: this.#indexes.get(name)!,
      from: old === undefined ? [] : indexer(old),
      to: indexer(object),
    }));
    this.#objects.set(key, object);
    if (old === undefined) addTo(this.#byNamespace, splitKey(key).namespace, key);
    for (const { values, from, to } of moves) {
      for (const value of from) removeFrom(values, value, key);
      for (const value of to) addTo(values, value, key);
    }
    return old;
  }

  /** The object that was there. */
  delete(key: string): T | undefined {
    const old = this.#objects.get(key);
    if (old === undefined) return undefined;
    this.#objects.delete(key);
    removeFrom(this.#byNamespace, splitKey(key).namespace, key);
    for (const [name, indexer] of this.#indexers) {
      for (const value of indexer(old)) removeFrom(this.#indexes.get(name)!, value, key);
    }
    return old;
  }

  #resolve(keys: ReadonlySet<string> | undefined): T[] {
    const found: T[] = [];
    for (const key of keys ?? []) found.push(this.#objects.get(key)!);
    return found;
  }
}

function addTo(sets: Map<string, Set<string>>, value: string, key: string): void {
  const keys = sets.get(value);
  if (keys === undefined) sets.set(value, new Set([key]));
  else keys.add(key);
}

function removeFrom(sets: Map<string, Set<string>>, value: string, key: string): void {
  const keys = sets.get(value);
  if (keys === undefined) return;
  keys.delete(key);
  if (keys.size === 0) sets.delete(value);
}
