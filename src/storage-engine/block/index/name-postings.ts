import type { IndexColumns } from './index-columns.ts';

/** Series of each value of one label name: series numbers, ascending. */
export interface NamePostings {
  /** Symbol ids of the values in byte order. */
  readonly values: Uint32Array;
  /** Series of values[i]: list[start[i], start[i + 1]). */
  readonly start: Uint32Array;
  readonly list: Uint32Array;
}

/** Collects the postings of a name out of the series' labels: one pass, as they hold the same as the stored lists. */
export function collectPostings(columns: IndexColumns, name: number): NamePostings {
  const { count, labels, labelStart, symbols } = columns;
  const slotOf = new Int32Array(symbols.count).fill(-1);
  const found: number[] = [];
  const sizes: number[] = [];
  const slots = new Int32Array(count);
  for (let series = 0; series < count; series++) {
    const value = labelValueOf(labels, labelStart[series]!, labelStart[series + 1]!, name);
    if (value < 0) {
      slots[series] = -1;
      continue;
    }
    let slot = slotOf[value]!;
    if (slot < 0) {
      slot = found.length;
      slotOf[value] = slot;
      found.push(value);
      sizes.push(0);
    }
    slots[series] = slot;
    sizes[slot]!++;
  }
  const order = found.map((_, slot) => slot).sort((a, b) => symbols.compare(found[a]!, found[b]!));
  const start = new Uint32Array(found.length + 1);
  const next = new Uint32Array(found.length);
  order.forEach((slot, i) => {
    next[slot] = start[i]!;
    start[i + 1] = start[i]! + sizes[slot]!;
  });
  const list = new Uint32Array(start[found.length]!);
  for (let series = 0; series < count; series++) {
    const slot = slots[series]!;
    if (slot >= 0) list[next[slot]!++] = series;
  }
  return { values: Uint32Array.from(order, (slot) => found[slot]!), start, list };
}

/** The value's symbol id of a name among labels [from, to), or -1. */
export function labelValueOf(labels: Uint32Array, from: number, to: number, name: number): number {
  for (let i = from; i < to; i += 2) if (labels[i] === name) return labels[i + 1]!;
  return -1;
}
