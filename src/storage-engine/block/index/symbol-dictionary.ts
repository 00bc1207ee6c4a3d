import { jsonText } from '../../format/json-text.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Distance of order keys of neighbours after a renumbering: room for some thirty insertions at one place. */
const keyGap = 2 ** 20;
const firstSymbols = 1024;

/** Texts to be interned, as bytes of one buffer. */
export interface SymbolBatch {
  readonly bytes: Uint8Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/**
 * The label names and values of all loaded blocks, each once: series of different blocks are compared by numbers. An id
 * never changes its meaning. Order is by bytes: every symbol has an order key between those of its neighbours, so that a
 * new block's symbols are put in without touching the others (order maintenance by labels, Dietz and Sleator 1987);
 * where the room between two keys is used up all are numbered anew.
 */
export class SymbolDictionary {
  private bytes = new Uint8Array(16 * firstSymbols);
  private starts = new Uint32Array(firstSymbols + 1);
  private keys = new Float64Array(firstSymbols);
  /** Open addressing by the bytes' hash; id + 1, 0 is free. */
  private slots = new Uint32Array(4 * firstSymbols);
  /** Ids in byte order. */
  private sorted = new Uint32Array(0);
  private texts: (string | undefined)[] = [];
  private json: (Uint8Array | undefined)[] = [];
  private used = 0;

  get count(): number {
    return this.used;
  }

  /** Bytes held, without texts that were decoded. */
  get sizeBytes(): number {
    const arrays = [this.bytes, this.starts, this.keys, this.slots, this.sorted];
    return arrays.reduce((sum, array) => sum + array.byteLength, 0);
  }

  /** Ids of the texts of a batch; those not known before are put in. */
  intern(batch: SymbolBatch): Uint32Array {
    const ids = new Uint32Array(batch.starts.length);
    const before = this.used;
    for (let i = 0; i < ids.length; i++) ids[i] = this.put(batch.bytes, batch.starts[i]!, batch.ends[i]!);
    if (this.used > before) this.place(before);
    return ids;
  }

  internText(text: string): number {
    const bytes = encoder.encode(text);
    return this.intern({ bytes, starts: Uint32Array.of(0), ends: Uint32Array.of(bytes.length) })[0]!;
  }

  /** The id of a text, or undefined where no block has it. */
  find(text: string): number | undefined {
    const bytes = encoder.encode(text);
    const found = this.slots[this.slotOf(bytes, 0, bytes.length)]!;
    return found === 0 ? undefined : found - 1;
  }

  /** Below, equal or above 0 as the bytes of `a` are before, equal to or after those of `b`. */
  compare(a: number, b: number): number {
    return this.keys[a]! - this.keys[b]!;
  }

  /** A number for each id that orders as `compare` does; valid until the next symbol is put in. */
  get orderKeys(): Float64Array {
    return this.keys;
  }

  text(id: number): string {
    let text = this.texts[id];
    if (text === undefined) {
      text = decoder.decode(this.bytes.subarray(this.starts[id]!, this.starts[id + 1]!));
      this.texts[id] = text;
    }
    return text;
  }

  /** The text as a JSON string in UTF-8, quotes included. */
  jsonBytes(id: number): Uint8Array {
    let bytes = this.json[id];
    if (bytes === undefined) {
      bytes = encoder.encode(jsonText(this.text(id)));
      this.json[id] = bytes;
    }
    return bytes;
  }

  private put(bytes: Uint8Array, start: number, end: number): number {
    let slot = this.slotOf(bytes, start, end);
    if (this.slots[slot] !== 0) return this.slots[slot]! - 1;
    const id = this.used;
    if (id * 2 >= this.slots.length) {
      this.rehash();
      slot = this.slotOf(bytes, start, end);
    }
    const at = this.starts[id]!;
    if (at + end - start > this.bytes.length)
      this.bytes = grown(this.bytes, Math.max(this.bytes.length * 2, at + end - start));
    if (id + 2 > this.starts.length) {
      this.starts = grown(this.starts, this.starts.length * 2);
      this.keys = grown(this.keys, this.keys.length * 2);
    }
    this.bytes.set(bytes.subarray(start, end), at);
    this.starts[id + 1] = at + end - start;
    this.slots[slot] = id + 1;
    this.used++;
    return id;
  }

  /** The slot of a text, or the free one where it belongs. */
  private slotOf(bytes: Uint8Array, start: number, end: number): number {
    const mask = this.slots.length - 1;
    let slot = hash(bytes, start, end) & mask;
    for (;;) {
      const found = this.slots[slot]!;
      if (found === 0 || this.equals(found - 1, bytes, start, end)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  private equals(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const own = this.starts[id]!;
    if (this.starts[id + 1]! - own !== end - start) return false;
    for (let i = 0; i < end - start; i++) if (this.bytes[own + i] !== bytes[start + i]) return false;
    return true;
  }

  private rehash(): void {
    const slots = new Uint32Array(this.slots.length * 4);
    const mask = slots.length - 1;
    for (let id = 0; id < this.used; id++) {
      let slot = hash(this.bytes, this.starts[id]!, this.starts[id + 1]!) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = id + 1;
    }
    this.slots = slots;
  }

  /** Puts the symbols from `first` on into the order. */
  private place(first: number): void {
    const added = new Uint32Array(this.used - first).map((_, i) => first + i);
    // A block's symbols are sorted: usually there is nothing to do.
    if (added.some((id, i) => i > 0 && this.compareStored(added[i - 1]!, id) > 0))
      added.sort((a, b) => this.compareStored(a, b));
    const old = this.sorted;
    const merged = new Uint32Array(this.used);
    let taken = 0;
    let crowded = false;
    for (let i = 0; i < added.length; ) {
      const at = this.placeOf(added[i]!, taken);
      let end = i + 1;
      while (end < added.length && (at === old.length || this.compareStored(added[end]!, old[at]!) < 0))
        end++;
      merged.set(old.subarray(taken, at), taken + i);
      merged.set(added.subarray(i, end), at + i);
      const low = at > 0 ? this.keys[old[at - 1]!]! : undefined;
      const high = at < old.length ? this.keys[old[at]!]! : undefined;
      const room = low === undefined || high === undefined ? keyGap : (high - low) / (end - i + 1);
      crowded ||= room < 1;
      const from = low ?? (high ?? 0) - keyGap * (end - i + 1);
      for (let k = i; k < end; k++) this.keys[added[k]!] = from + room * (k - i + 1);
      taken = at;
      i = end;
    }
    merged.set(old.subarray(taken), taken + added.length);
    this.sorted = merged;
    if (crowded) for (let i = 0; i < merged.length; i++) this.keys[merged[i]!] = i * keyGap;
  }

  /** First position of the old order at or after `from` whose symbol is above `id`. */
  private placeOf(id: number, from: number): number {
    let low = from;
    let high = this.sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.compareStored(this.sorted[middle]!, id) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private compareStored(a: number, b: number): number {
    const { bytes, starts } = this;
    const [startA, startB] = [starts[a]!, starts[b]!];
    const [lengthA, lengthB] = [starts[a + 1]! - startA, starts[b + 1]! - startB];
    const length = Math.min(lengthA, lengthB);
    for (let i = 0; i < length; i++) {
      const difference = bytes[startA + i]! - bytes[startB + i]!;
      if (difference !== 0) return difference;
    }
    return lengthA - lengthB;
  }
}

function grown<T extends Uint8Array | Uint32Array | Float64Array>(array: T, length: number): T {
  const next = new (array.constructor as new (length: number) => T)(length);
  next.set(array);
  return next;
}

/** FNV-1a with a last mix, as its low bits choose the slot. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let value = 0x811c9dc5;
  for (let i = start; i < end; i++) value = Math.imul(value ^ bytes[i]!, 0x01000193);
  return (value ^ (value >>> 15)) >>> 0;
}
