import { CodedError } from '../../../base/errors.ts';
import { limits } from '../../../base/limits.ts';
import type { LabelTexts } from '../../kernels/row-text.ts';
import type { Block } from '../block.ts';
import type { SelectedSeries } from '../index/block-index.ts';
import { columnsBytes, compareLabels, type IndexColumns } from '../index/index-columns.ts';
import { labelValueOf } from '../index/name-postings.ts';
import type { SymbolDictionary } from '../index/symbol-dictionary.ts';
import type { DeletedTime, Grouping } from '../selection.ts';
import { LabelGroups } from './group-ranges.ts';
import { jsonRows, type LabelRange, labelTexts } from './json-rows.ts';
import { type MergedOrder, mergeOrders } from './merge-orders.ts';
import { compareRanges, type LabelRanges, type PartSeries, partSeries, take } from './part-labels.ts';

/** What is needed of a block, or of what stands for one. */
export type AnsweringBlock = Pick<Block, 'meta' | 'files' | 'hasTombstones' | 'deletedOf'>;

/** What one block answers to a selector. */
export interface BlockAnswer {
  readonly block: AnsweringBlock;
  readonly selected: SelectedSeries;
  /** Labels that the block adds. */
  readonly external: readonly (readonly [name: string, value: string])[];
}

/** Series of one block and one replica, with all their chunks. */
export interface MergedPart {
  readonly block: AnsweringBlock;
  readonly columns: IndexColumns;
  readonly replica: number;
  /** By series id, as in `SelectionPart`, of all time. */
  readonly chunkFrom: Uint32Array;
  readonly chunkTo: Uint32Array;
  readonly deleted?: ReadonlyMap<number, readonly DeletedTime[]>;
}

interface Layer {
  readonly answer: BlockAnswer;
  readonly part: PartSeries;
  /** Number of the dropped labels in `dropped`. */
  readonly dropped: number;
}

/** The series of a selector over blocks, of all time; what of it lies in a query's time is a `Selection`. */
export class MergedSeries {
  readonly parts: readonly MergedPart[];
  readonly replicas: readonly (readonly string[])[];
  readonly overlapping: boolean;
  private readonly symbols: SymbolDictionary;
  private readonly lists: readonly LabelRanges[];
  private readonly order: MergedOrder;
  private readonly groupings = new Map<string, Grouping>();
  private readonly columns = new Map<number, Int32Array>();
  private readonly texts = new Map<boolean, LabelTexts>();
  private ownedBytes = 0;

  /** `dropLabels`: names of labels that are taken off; answers are oldest first and share one dictionary. */
  constructor(symbols: SymbolDictionary, answers: readonly BlockAnswer[], dropLabels: readonly string[]) {
    this.symbols = symbols;
    const dropped = new LabelGroups();
    const layers = answers.flatMap((answer) => layersOf(symbols, answer, dropLabels, dropped));
    if (layers.length > limits.selectionParts)
      throw new CodedError(
        'LimitExceeded',
        `a selector meets ${layers.length} parts of blocks and replicas, above the limit of ${limits.selectionParts}`,
      );
    this.lists = layers.map(({ part }) => part.labels);
    this.order = mergeOrders(symbols.orderKeys, this.lists);
    const ranks = rankReplicas(symbols, dropped);
    this.replicas = ranks.order.map((group) => textsOf(symbols, dropped.labelsOf(group)));
    this.parts = layers.map((layer, i) =>
      mergedPart(layer, ranks.rankOf[layer.dropped]!, this.order.ids[i]!, this.order.count),
    );
    this.overlapping = overlap(this.parts);
    this.ownedBytes = this.ownBytes(answers);
  }

  /** Bytes held; grows with texts of labels as they are asked for. */
  get sizeBytes(): number {
    return this.ownedBytes;
  }

  get count(): number {
    return this.order.count;
  }

  pairs(id: number): readonly string[] {
    const { ids, from, to } = this.lists[this.order.listOf[id]!]!;
    const at = this.order.positionOf[id]!;
    return textsOf(this.symbols, ids.subarray(from[at]!, to[at]!));
  }

  /** The labels of the series that `present` marks with 1, as JSON objects with commas between, `limit` at most. */
  jsonRows(present: Uint8Array, limit: number): Generator<Uint8Array> {
    return jsonRows(this.symbols, this.rows(present, limit));
  }

  /**
   * All series' labels as JSON, with the metric's name or without it; kept. Undefined where the name cannot go: it is not the
   * same first label of each, so that the order of series may be another without it.
   */
  labelsJson(withName: boolean): LabelTexts | undefined {
    let texts = this.texts.get(withName);
    if (texts === undefined) {
      if (!withName && !this.isNamedAlike()) return undefined;
      const all = new Uint8Array(this.count).fill(1);
      texts = labelTexts(this.symbols, this.rows(all, this.count), this.count, !withName);
      this.texts.set(withName, texts);
      this.ownedBytes += texts.bytes.byteLength + texts.ends.byteLength;
    }
    return texts;
  }

  /** Whether all series begin with the same metric's name, and have no other label that goes with it. */
  private isNamedAlike(): boolean {
    const [name, ...others] = ['__name__', '__type__', '__unit__'].map((text) => this.symbols.find(text));
    const { listOf, positionOf } = this.order;
    let value: number | undefined;
    for (let id = 0; id < this.count; id++) {
      const { ids, from, to } = this.lists[listOf[id]!]!;
      const at = positionOf[id]!;
      const [start, end] = [from[at]!, to[at]!];
      if (ids[start] !== name || (value !== undefined && ids[start + 1] !== value)) return false;
      value = ids[start + 1];
      for (let i = start + 2; i < end; i += 2) if (others.includes(ids[i]!)) return false;
    }
    return true;
  }

  private *rows(present: Uint8Array, limit: number): Generator<LabelRange> {
    const { listOf, positionOf } = this.order;
    let left = limit;
    for (let id = 0; id < present.length && left > 0; id++) {
      if (present[id] === 0) continue;
      left--;
      const { ids, from, to } = this.lists[listOf[id]!]!;
      const at = positionOf[id]!;
      yield { ids, from: from[at]!, to: to[at]! };
    }
  }

  /** Values of a label (or, without a name, label names) of the series that `present` marks, in byte order. */
  labelTexts(present: Uint8Array, name: string | undefined): readonly string[] {
    const wanted = name === undefined ? undefined : this.symbols.find(name);
    if (name !== undefined && wanted === undefined) return [];
    const seen = new Uint8Array(this.symbols.count);
    const found: number[] = [];
    const see = (text: number) => {
      if (seen[text] !== 0) return;
      seen[text] = 1;
      found.push(text);
    };
    if (wanted !== undefined) {
      const values = this.valuesOf(wanted);
      for (let id = 0; id < present.length; id++) if (present[id] === 1 && values[id]! >= 0) see(values[id]!);
    } else {
      const { listOf, positionOf } = this.order;
      for (let id = 0; id < present.length; id++) {
        if (present[id] === 0) continue;
        const { ids, from, to } = this.lists[listOf[id]!]!;
        const at = positionOf[id]!;
        for (let i = from[at]!, end = to[at]!; i < end; i += 2) if (seen[ids[i]!] === 0) see(ids[i]!);
      }
    }
    return found.sort((a, b) => this.symbols.compare(a, b)).map((id) => this.symbols.text(id));
  }

  /** The value's symbol id of a label by series, -1 where it has none; kept, as such requests come again. */
  private valuesOf(name: number): Int32Array {
    let values = this.columns.get(name);
    if (values === undefined) {
      values = new Int32Array(this.count);
      const { listOf, positionOf } = this.order;
      for (let id = 0; id < values.length; id++) {
        const { ids, from, to } = this.lists[listOf[id]!]!;
        const at = positionOf[id]!;
        values[id] = labelValueOf(ids, from[at]!, to[at]!, name);
      }
      if (this.columns.size >= limits.selectionGroupings) this.columns.clear();
      this.columns.set(name, values);
    }
    return values;
  }

  groupBy(names: readonly string[], without: boolean): Grouping {
    const key = JSON.stringify([without, ...names]);
    let found = this.groupings.get(key);
    if (found === undefined) {
      found = this.group(names, without);
      if (this.groupings.size >= limits.selectionGroupings) this.groupings.clear();
      this.groupings.set(key, found);
    }
    return found;
  }

  private group(names: readonly string[], without: boolean): Grouping {
    const named = new Set(names.map((name) => this.symbols.find(name)));
    const groups = new LabelGroups();
    const groupOf = new Uint32Array(new SharedArrayBuffer(this.count * 4));
    const { listOf, positionOf } = this.order;
    for (let id = 0; id < this.count; id++) {
      const { ids, from, to } = this.lists[listOf[id]!]!;
      const at = positionOf[id]!;
      for (let i = from[at]!; i < to[at]!; i += 2) {
        if (named.has(ids[i]!) !== without) groups.push(ids[i]!, ids[i + 1]!);
      }
      groupOf[id] = groups.close();
    }
    const labels = Array.from({ length: groups.count }, (_, group) =>
      textsOf(this.symbols, groups.labelsOf(group)),
    );
    return { groups: labels, groupOf };
  }

  private ownBytes(answers: readonly BlockAnswer[]): number {
    // Columns of an index that is read by section belong to this selection alone.
    const owned = answers.reduce(
      (sum, { selected }) => sum + (selected.owned ? columnsBytes(selected.columns) : 0),
      0,
    );
    const labels = this.lists.reduce((sum, { from, changed, ids }) => {
      return sum + from.byteLength * 2 + (changed === true ? ids.byteLength : 0);
    }, 0);
    // Some groupings and columns of values come with use.
    return owned + labels + this.count * (14 + 12 * this.parts.length);
  }
}

/** Series of a block apart by what was dropped of them; of those that are equal even so each one in a layer of its own. */
function layersOf(
  symbols: SymbolDictionary,
  answer: BlockAnswer,
  dropLabels: readonly string[],
  dropped: LabelGroups,
): Layer[] {
  const external = internPairs(symbols, answer.external);
  const drop = dropLabels.map((name) => symbols.internText(name));
  const part = partSeries(answer.selected, { external, drop });
  if (part.series.length === 0) return [];
  if (part.distinct === true) return [{ answer, part, dropped: dropped.close() }];
  const keys = symbols.orderKeys;
  const groups = new Uint32Array(part.series.length);
  for (let i = 0; i < groups.length; i++) groups[i] = droppedGroup(part, i, dropped);
  const rows = new Map<number, number[]>();
  let depth = 0;
  for (let i = 0; i < part.series.length; i++) {
    const again =
      i > 0 && groups[i] === groups[i - 1] && compareRanges(keys, part.labels, i - 1, part.labels, i) === 0;
    depth = again ? depth + 1 : 0;
    const layer = depth * 2 ** 32 + groups[i]!;
    const list = rows.get(layer);
    if (list === undefined) rows.set(layer, [i]);
    else list.push(i);
  }
  if (rows.size === 1) return [{ answer, part, dropped: groups[0]! }];
  return [...rows.values()].map((list) => ({
    answer,
    part: take(part, Uint32Array.from(list)),
    dropped: groups[list[0]!]!,
  }));
}

function droppedGroup({ droppedOf }: PartSeries, i: number, dropped: LabelGroups): number {
  if (droppedOf !== undefined) {
    const { ids, from, to } = droppedOf;
    for (let at = from[i]!; at < to[i]!; at += 2) dropped.push(ids[at]!, ids[at + 1]!);
  }
  return dropped.close();
}

function mergedPart({ answer, part }: Layer, replica: number, ids: Uint32Array, count: number): MergedPart {
  const { block, selected } = answer;
  const { chunkStart, references } = selected.columns;
  const chunkFrom = sharedUint32(count);
  const chunkTo = sharedUint32(count);
  const deleted = new Map<number, readonly DeletedTime[]>();
  for (let i = 0; i < ids.length; i++) {
    const series = part.series[i]!;
    chunkFrom[ids[i]!] = chunkStart[series]!;
    chunkTo[ids[i]!] = chunkStart[series + 1]!;
    if (!block.hasTombstones) continue;
    const times = block.deletedOf(references[series]!);
    if (times !== undefined) deleted.set(ids[i]!, times);
  }
  return {
    block,
    columns: selected.columns,
    replica,
    chunkFrom,
    chunkTo,
    ...(deleted.size > 0 && { deleted }),
  };
}

export function sharedUint32(length: number): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(length * 4));
}

/** Replicas in the order of what was dropped of their series: always the same, so that always the same is preferred. */
function rankReplicas(
  symbols: SymbolDictionary,
  dropped: LabelGroups,
): { order: number[]; rankOf: number[] } {
  const keys = symbols.orderKeys;
  const labels = Array.from({ length: dropped.count }, (_, group) => dropped.labelsOf(group));
  const order = labels.map((_, group) => group);
  order.sort((a, b) => {
    const [x, y] = [labels[a]!, labels[b]!];
    return compareLabels(keys, x, 0, x.length, y, 0, y.length);
  });
  const rankOf: number[] = [];
  order.forEach((group, rank) => {
    rankOf[group] = rank;
  });
  return { order, rankOf };
}

function overlap(parts: readonly MergedPart[]): boolean {
  const byTime = [...parts].sort(
    (a, b) => a.replica - b.replica || a.block.meta.minTime - b.block.meta.minTime,
  );
  let reach = Number.NEGATIVE_INFINITY;
  return byTime.some(({ replica, block: { meta } }, i) => {
    if (i > 0 && replica !== byTime[i - 1]!.replica) reach = Number.NEGATIVE_INFINITY;
    const overlaps = meta.minTime < reach;
    reach = Math.max(reach, meta.maxTime);
    return overlaps;
  });
}

function internPairs(
  symbols: SymbolDictionary,
  pairs: readonly (readonly [name: string, value: string])[],
): Uint32Array {
  const ids = pairs
    .filter(([, value]) => value !== '')
    .map(([name, value]) => [symbols.internText(name), symbols.internText(value)] as const);
  ids.sort(([a], [b]) => symbols.compare(a, b));
  return Uint32Array.from(ids.flat());
}

function textsOf(symbols: SymbolDictionary, ids: Uint32Array): string[] {
  const texts = new Array<string>(ids.length);
  for (let i = 0; i < ids.length; i++) texts[i] = symbols.text(ids[i]!);
  return texts;
}
