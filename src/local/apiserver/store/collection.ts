/** One version of one object as stored: the JSON is the truth, the rest is what lists and watches look at. */
export interface StoredObject {
  /** Storage key of the kind: plural, or group/plural. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  /** Order of lists: namespace/name, or name. */
  readonly key: string;
  readonly uid: string;
  readonly rv: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly json: string;
}

export interface ChangeEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly rv: number;
  /** The new state; of a deletion the last state, under the deletion's own version. */
  readonly object: StoredObject;
  readonly previous: StoredObject | undefined;
}

export const objectKey = (namespace: string, name: string): string =>
  namespace === '' ? name : `${namespace}/${name}`;

/** All objects of one kind in key order, and the retained part of their history. */
export class Collection {
  readonly #byKey = new Map<string, StoredObject>();
  #sorted: StoredObject[] = [];
  #events: ChangeEvent[] = [];
  /** Events before this index are forgotten; the array is cut when half of it is. */
  #firstEvent = 0;
  /** The history of this kind is complete after this version. */
  #completeAfterRv: number;

  constructor(completeAfterRv: number) {
    this.#completeAfterRv = completeAfterRv;
  }

  get completeAfterRv(): number {
    return this.#completeAfterRv;
  }

  get size(): number {
    return this.#sorted.length;
  }

  get(key: string): StoredObject | undefined {
    return this.#byKey.get(key);
  }

  /** Current objects of one namespace, or of all for ''. */
  list(namespace: string): readonly StoredObject[] {
    if (namespace === '') return this.#sorted;
    const prefix = `${namespace}/`;
    const start = this.#position(prefix);
    let end = start;
    while (end < this.#sorted.length && this.#sorted[end]!.key.startsWith(prefix)) end++;
    return this.#sorted.slice(start, end);
  }

  /** The objects as they were right after version `rv`, which must be retained. */
  listAt(namespace: string, rv: number): readonly StoredObject[] {
    const undone = new Map<string, StoredObject | undefined>();
    for (let index = this.#events.length - 1; index >= this.#firstEvent; index--) {
      const event = this.#events[index]!;
      if (event.rv <= rv) break;
      undone.set(event.object.key, event.previous);
    }
    if (undone.size === 0) return this.list(namespace);
    const kept = this.#sorted.filter((object) => !undone.has(object.key));
    for (const object of undone.values()) if (object !== undefined) kept.push(object);
    kept.sort((a, b) => (a.key < b.key ? -1 : 1));
    return namespace === '' ? kept : kept.filter((object) => object.namespace === namespace);
  }

  apply(event: ChangeEvent): void {
    const { key } = event.object;
    const index = this.#position(key);
    if (event.type === 'DELETED') {
      this.#byKey.delete(key);
      this.#sorted.splice(index, 1);
    } else {
      this.#byKey.set(key, event.object);
      this.#sorted.splice(index, event.type === 'ADDED' ? 0 : 1, event.object);
    }
  }

  remember(event: ChangeEvent): void {
    this.#events.push(event);
  }

  forgetOldest(): void {
    this.#completeAfterRv = this.#events[this.#firstEvent]!.rv;
    this.#firstEvent++;
    if (this.#firstEvent > 1024 && this.#firstEvent * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#firstEvent);
      this.#firstEvent = 0;
    }
  }

  /** The first retained event after version `rv`. */
  nextEvent(rv: number): ChangeEvent | undefined {
    let low = this.#firstEvent;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#events[middle]!.rv <= rv) low = middle + 1;
      else high = middle;
    }
    return this.#events[low];
  }

  #position(key: string): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sorted[middle]!.key < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
