import { jsonEqual } from '../json.ts';
import type { SelectingStack } from '../selection.ts';

/**
 * One kind of objects as one stack sees them: what is known of each that the stack took (`Record`), and which keys
 * changed since they were last looked at. One changed object marks one key, a changed selection all of them.
 */
export class SelectionView<Record> {
  readonly records = new Map<string, Record>();
  readonly #dirty = new Set<string>();
  #taken: ReadonlySet<string> = new Set();
  #selector: SelectingStack;

  constructor(selector: SelectingStack) {
    this.#selector = selector;
  }

  get selector(): SelectingStack {
    return this.#selector;
  }

  get dirtyCount(): number {
    return this.#dirty.size;
  }

  /** Returns whether the selection changed. */
  select(selector: SelectingStack): boolean {
    const changed = !jsonEqual(selector, this.#selector);
    this.#selector = selector;
    return changed;
  }

  /** Whether the object is, or is about to be, a part of what the stack has. */
  concerns(key: string): boolean {
    return this.records.has(key) || this.#dirty.has(key) || this.#taken.has(key);
  }

  mark(key: string): void {
    this.#dirty.add(key);
  }

  /** The marked keys, which are no longer marked; until `release` they can be given back. */
  take(): string[] {
    const keys = [...this.#dirty];
    this.#taken = new Set(keys);
    this.#dirty.clear();
    return keys;
  }

  /** The records now say what became of the keys that were taken. */
  release(): void {
    this.#taken = new Set();
  }

  /** Marks again what was taken and not released: it could not be handled. */
  giveBack(): void {
    for (const key of this.#taken) this.#dirty.add(key);
    this.#taken = new Set();
  }
}
