import { assert } from '../../base/assert.ts';

/** How many past hashes of one slot are remembered: a replica further behind counts as not loaded. */
const rememberedHashes = 64;

/**
 * The history of one slot's content, so that a replica that still runs an older content of the slot counts as
 * loaded for every object that has not changed since. Sequence numbers rise by one per content written.
 */
export class SlotHistory {
  #latest = 0;
  #programmed = -1;
  readonly #sequenceOfHash = new Map<string, number>();

  /** Sequence number that the next content will get. */
  get next(): number {
    return this.#latest + 1;
  }

  /** Highest sequence number that the API holds, index included; -1 before the first write. */
  get programmed(): number {
    return this.#programmed;
  }

  /** Records a content about to be written; equal content keeps its number. Returns its sequence number. */
  record(hash: string): number {
    const known = this.#sequenceOfHash.get(hash);
    if (known === this.#latest && this.#sequenceOfHash.size > 0) return known;
    this.#latest++;
    this.#sequenceOfHash.delete(hash);
    this.#sequenceOfHash.set(hash, this.#latest);
    if (this.#sequenceOfHash.size > rememberedHashes) {
      const oldest = this.#sequenceOfHash.keys().next().value;
      assert(oldest !== undefined, 'a slot history lost its oldest hash');
      this.#sequenceOfHash.delete(oldest);
    }
    return this.#latest;
  }

  /** The API now holds the content with this hash and an index that names it. */
  confirm(hash: string): void {
    const sequence = this.#sequenceOfHash.get(hash);
    if (sequence !== undefined) this.#programmed = Math.max(this.#programmed, sequence);
  }

  /** Sequence number of the content a replica reports; -1 for one that is not remembered. */
  sequenceOf(hash: string | undefined): number {
    return (hash === undefined ? undefined : this.#sequenceOfHash.get(hash)) ?? -1;
  }
}
