import { ascending } from '../index/ascending.ts';
import type { SelectedSeries } from '../index/block-index.ts';
import { compareLabels } from '../index/index-columns.ts';
import type { SymbolDictionary } from '../index/symbol-dictionary.ts';

/** Label sets as ranges of symbol ids, name and value in turn, sorted by name. */
export interface LabelRanges {
  readonly ids: Uint32Array;
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  /** Whether `ids` are its own rather than those of a block's columns. */
  readonly changed?: boolean;
}

/** Series of one block with their final labels, in label order. */
export interface PartSeries {
  readonly labels: LabelRanges;
  /** Number of each series in the block's columns. */
  readonly series: Uint32Array;
  /** Whether it is known that no two are equal. */
  readonly distinct?: boolean;
  /** Labels that were dropped of each series; absent: none are. */
  readonly droppedOf?: LabelRanges;
}

/** What is done to the labels of a block's series; names and values as symbol ids. */
export interface LabelChange {
  /** Labels that the block adds, sorted by name; they win over labels of the series. */
  readonly external: Uint32Array;
  /** Names that are taken off, afterwards. */
  readonly drop: readonly number[];
}

/**
 * Final labels of a block's selected series. Adding and removing labels can change the order of series and make several
 * of them equal: they are sorted again.
 */
export function partSeries({ columns, series }: SelectedSeries, { external, drop }: LabelChange): PartSeries {
  const { symbols, labels, labelStart, sorted } = columns;
  const from = new Uint32Array(series.length);
  const to = new Uint32Array(series.length);
  for (let i = 0; i < series.length; i++) {
    from[i] = labelStart[series[i]!]!;
    to[i] = labelStart[series[i]! + 1]!;
  }
  if (external.length === 0 && drop.length === 0) {
    const direct = { labels: { ids: labels, from, to }, series, distinct: sorted };
    return sorted ? direct : inOrder(symbols, direct);
  }
  const kept = changedLabels({ ids: labels, from, to }, external, symbols, (name) => !drop.includes(name));
  if (drop.length === 0) return inOrder(symbols, { labels: kept, series });
  const dropped = changedLabels({ ids: labels, from, to }, external, symbols, (name) => drop.includes(name));
  return inOrder(symbols, { labels: kept, series, droppedOf: dropped });
}

/** Labels with the external ones put in, as far as `keeps` takes their names. */
function changedLabels(
  { ids, from, to }: LabelRanges,
  external: Uint32Array,
  symbols: SymbolDictionary,
  keeps: (name: number) => boolean,
): LabelRanges {
  const keys = symbols.orderKeys;
  let size = 0;
  for (let i = 0; i < from.length; i++) size += to[i]! - from[i]! + external.length;
  const out = new Uint32Array(size);
  const outFrom = new Uint32Array(from.length);
  const outTo = new Uint32Array(from.length);
  const keepCache = new Map<number, boolean>();
  const keep = (name: number) => {
    let known = keepCache.get(name);
    if (known === undefined) {
      known = keeps(name);
      keepCache.set(name, known);
    }
    return known;
  };
  let at = 0;
  for (let i = 0; i < from.length; i++) {
    outFrom[i] = at;
    let own = from[i]!;
    let other = 0;
    while (own < to[i]! || other < external.length) {
      const order =
        own >= to[i]! ? 1 : other >= external.length ? -1 : keys[ids[own]!]! - keys[external[other]!]!;
      const source = order < 0 ? ids : external;
      const position = order < 0 ? own : other;
      if (order <= 0) own += 2;
      if (order >= 0) other += 2;
      if (!keep(source[position]!)) continue;
      out[at++] = source[position]!;
      out[at++] = source[position + 1]!;
    }
    outTo[i] = at;
  }
  return { ids: out, from: outFrom, to: outTo, changed: true };
}

/** Sorted by labels, then by what was dropped; the same where it is sorted already. */
function inOrder(symbols: SymbolDictionary, part: PartSeries): PartSeries {
  const { labels, series, droppedOf } = part;
  const keys = symbols.orderKeys;
  const compare = (a: number, b: number) =>
    compareRanges(keys, labels, a, labels, b) ||
    (droppedOf === undefined ? 0 : compareRanges(keys, droppedOf, a, droppedOf, b)) ||
    series[a]! - series[b]!;
  let ordered = true;
  for (let i = 1; ordered && i < series.length; i++) ordered = compare(i - 1, i) <= 0;
  if (ordered) return part;
  const order = ascending(series.length).sort(compare);
  return take(part, order);
}

/** Those series of a part, in the given order. */
export function take({ labels, series, droppedOf }: PartSeries, order: Uint32Array): PartSeries {
  const ranges = ({ ids, from, to, changed }: LabelRanges): LabelRanges => ({
    ...(changed && { changed }),
    ids,
    from: order.map((i) => from[i]!),
    to: order.map((i) => to[i]!),
  });
  return {
    labels: ranges(labels),
    series: order.map((i) => series[i]!),
    ...(droppedOf && { droppedOf: ranges(droppedOf) }),
  };
}

export function compareRanges(
  keys: Float64Array,
  a: LabelRanges,
  i: number,
  b: LabelRanges,
  j: number,
): number {
  return compareLabels(keys, a.ids, a.from[i]!, a.to[i]!, b.ids, b.from[j]!, b.to[j]!);
}
