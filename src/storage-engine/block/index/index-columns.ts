import { CorruptDataError } from '../../../base/errors.ts';
import { limits } from '../../../base/limits.ts';
import type { ChunkColumns } from '../selection.ts';
import { ascending } from './ascending.ts';
import type { SymbolDictionary } from './symbol-dictionary.ts';

/** Series of one block in columns, in the order of the index: all of them, or those that were read. */
export interface IndexColumns {
  readonly symbols: SymbolDictionary;
  readonly count: number;
  /** Reference of each series in the index's own posting lists and in tombstones. */
  readonly references: Uint32Array;
  /** Labels of series i: symbol ids, name and value in turn, at [labelStart[i], labelStart[i + 1]). */
  readonly labelStart: Uint32Array;
  readonly labels: Uint32Array;
  /** Whether the series are in label order, each once, as Prometheus writes them. */
  readonly sorted: boolean;
  /** Whether no chunk begins before the one before it in its series ends. */
  readonly ordered: boolean;
  /** Chunks of series i: rows [chunkStart[i], chunkStart[i + 1]). */
  readonly chunkStart: Uint32Array;
  readonly chunks: ChunkColumns;
}

export function columnsBytes(columns: IndexColumns): number {
  const { chunks } = columns;
  const arrays = [columns.references, columns.labelStart, columns.labels, columns.chunkStart];
  return [...arrays, chunks.minMs, chunks.maxMs, chunks.segment, chunks.offset, chunks.endOffset].reduce(
    (sum, array) => sum + array.byteLength,
    0,
  );
}

/** A column that grows; `shared` gives what was pushed on memory that workers can see. */
class Growing<T extends Uint32Array | Int32Array | Float64Array | Uint16Array> {
  array: T;
  private readonly make: new (
    buffer: SharedArrayBuffer,
    offset: number,
    length: number,
  ) => T;

  constructor(make: new (buffer: SharedArrayBuffer, offset: number, length: number) => T, length: number) {
    this.make = make;
    this.array = this.allocate(length);
  }

  private allocate(length: number): T {
    const bytes =
      Math.max(1, length) * (this.make as unknown as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT;
    return new this.make(new SharedArrayBuffer(bytes), 0, Math.max(1, length));
  }

  reserve(length: number): T {
    if (length > this.array.length) {
      const next = this.allocate(Math.max(length, this.array.length * 2));
      next.set(this.array);
      this.array = next;
    }
    return this.array;
  }

  finish(length: number): T {
    if (this.array.length - length <= length >>> 3) return this.array.subarray(0, length) as T;
    const exact = this.allocate(length);
    exact.set(this.array.subarray(0, length));
    return exact.subarray(0, length) as T;
  }
}

/** How many rows the columns are likely to get; wrong numbers cost a copy. */
export interface SizeHint {
  readonly series: number;
  readonly chunks: number;
}

/**
 * Builds columns out of series entries. `symbolIds` translates the index's symbol references to ids of the dictionary;
 * chunk times are kept relative to `baseMs`.
 */
export class ColumnsBuilder {
  private readonly symbols: SymbolDictionary;
  private readonly idOf: (reference: number) => number;
  private readonly baseMs: number;
  private readonly references: Growing<Uint32Array>;
  private readonly labelStart: Growing<Uint32Array>;
  private readonly labels: Growing<Uint32Array>;
  private readonly chunkStart: Growing<Uint32Array>;
  private minMs: Growing<Int32Array> | Growing<Float64Array>;
  private maxMs: Growing<Int32Array> | Growing<Float64Array>;
  private readonly segment: Growing<Uint16Array>;
  private readonly offset: Growing<Uint32Array>;
  private readonly endOffset: Growing<Uint32Array>;
  private count = 0;
  private labelCount = 0;
  private chunkCount = 0;
  private sorted = true;
  private ascending = true;
  private ordered = true;

  constructor(options: {
    symbols: SymbolDictionary;
    idOf: (reference: number) => number;
    baseMs: number;
    hint: SizeHint;
  }) {
    const { series, chunks } = options.hint;
    this.symbols = options.symbols;
    this.idOf = options.idOf;
    this.baseMs = options.baseMs;
    this.references = new Growing(Uint32Array, series);
    this.labelStart = new Growing(Uint32Array, series + 1);
    this.labels = new Growing(Uint32Array, series * 16);
    this.chunkStart = new Growing(Uint32Array, series + 1);
    this.minMs = new Growing(Int32Array, chunks);
    this.maxMs = new Growing(Int32Array, chunks);
    this.segment = new Growing(Uint16Array, chunks);
    this.offset = new Growing(Uint32Array, chunks);
    this.endOffset = new Growing(Uint32Array, chunks);
  }

  /** Adds the series whose entry's content is bytes [at, end), its checksum verified before. */
  add(bytes: Uint8Array, at: number, end: number, reference: number): void {
    const cursor = new Cursor(bytes, at, end);
    this.references.reserve(this.count + 1)[this.count] = reference;
    this.addLabels(cursor);
    this.addChunks(cursor);
    cursor.finish();
    this.count++;
    this.labelStart.reserve(this.count + 1)[this.count] = this.labelCount;
    this.chunkStart.reserve(this.count + 1)[this.count] = this.chunkCount;
    if (this.sorted && this.count > 1 && this.compareLast() >= 0) this.sorted = false;
  }

  private addLabels(cursor: Cursor): void {
    const pairs = cursor.uvarint();
    if (pairs * 2 > cursor.remaining())
      throw cursor.corrupt(`${pairs} labels cannot lie in ${cursor.remaining()} bytes`);
    const first = this.labelCount;
    const labels = this.labels.reserve(first + pairs * 2);
    const keys = this.symbols.orderKeys;
    let previous = Number.NEGATIVE_INFINITY;
    let ordered = true;
    for (let i = 0; i < pairs; i++) {
      const name = this.idOf(cursor.uvarint());
      const value = this.idOf(cursor.uvarint());
      labels[this.labelCount++] = name;
      labels[this.labelCount++] = value;
      if (!(keys[name]! > previous)) ordered = false;
      previous = keys[name]!;
    }
    if (!ordered) this.orderLabels(first, cursor);
  }

  /** Some old writers left labels in another order. */
  private orderLabels(first: number, cursor: Cursor): void {
    const labels = this.labels.array;
    const pairs: [number, number][] = [];
    for (let i = first; i < this.labelCount; i += 2) pairs.push([labels[i]!, labels[i + 1]!]);
    pairs.sort(([a], [b]) => this.symbols.compare(a, b));
    if (pairs.some(([name], i) => i > 0 && name === pairs[i - 1]![0]))
      throw cursor.corrupt('a label name stands twice');
    labels.set(pairs.flat(), first);
  }

  private addChunks(cursor: Cursor): void {
    const count = cursor.uvarint();
    if (count * 3 > cursor.remaining())
      throw cursor.corrupt(`${count} chunks cannot lie in ${cursor.remaining()} bytes`);
    const total = this.chunkCount + count;
    let min: Int32Array | Float64Array = this.minMs.reserve(total);
    let max: Int32Array | Float64Array = this.maxMs.reserve(total);
    const segments = this.segment.reserve(total);
    const offsets = this.offset.reserve(total);
    let previousMax = 0;
    let reference = 0;
    for (let i = 0; i < count; i++) {
      const minTime = i === 0 ? cursor.varint() : previousMax + cursor.delta();
      const maxTime = minTime + cursor.uvarint();
      reference = i === 0 ? cursor.uvarint() : reference + cursor.varint();
      if (!(reference >= 0 && reference < 2 ** 48 && Math.abs(maxTime) <= 2 ** 53))
        throw cursor.corrupt(`chunk ${i} lies nowhere`);
      const row = this.chunkCount;
      if (min instanceof Int32Array && (!isInt32(minTime - this.baseMs) || !isInt32(maxTime - this.baseMs))) {
        this.widenTimes(total);
        min = this.minMs.array;
        max = this.maxMs.array;
      }
      min[row] = minTime - this.baseMs;
      max[row] = maxTime - this.baseMs;
      const segment = Math.floor(reference / 2 ** 32);
      segments[row] = segment;
      offsets[row] = reference % 2 ** 32;
      if (
        row > 0 &&
        (segment < segments[row - 1]! ||
          (segment === segments[row - 1] && offsets[row]! <= offsets[row - 1]!))
      )
        this.ascending = false;
      if (i > 0 && minTime < previousMax) this.ordered = false;
      previousMax = maxTime;
      this.chunkCount++;
    }
  }

  /** Beyond 24.8 days 32 bits do not hold a time. */
  private widenTimes(total: number): void {
    for (const side of ['minMs', 'maxMs'] as const) {
      const wide = new Growing(Float64Array, Math.max(total, this[side].array.length));
      wide.array.set(this[side].array);
      this[side] = wide;
    }
  }

  private compareLast(): number {
    const labels = this.labels.array;
    const starts = this.labelStart.array;
    const [a, b] = [this.count - 2, this.count - 1];
    return compareLabels(
      this.symbols.orderKeys,
      labels,
      starts[a]!,
      starts[a + 1]!,
      labels,
      starts[b]!,
      starts[b + 1]!,
    );
  }

  /** `segmentBytes` gives the size of a segment file, where it is known; `all`: no series of the block is missing. */
  finish(segmentBytes: (segment: number) => number | undefined, all: boolean): IndexColumns {
    this.fillEnds(segmentBytes, all);
    return {
      symbols: this.symbols,
      count: this.count,
      references: this.references.finish(this.count),
      labelStart: this.labelStart.finish(this.count + 1),
      labels: this.labels.finish(this.labelCount),
      sorted: this.sorted,
      ordered: this.ordered,
      chunkStart: this.chunkStart.finish(this.count + 1),
      chunks: {
        baseMs: this.baseMs,
        minMs: this.minMs.finish(this.chunkCount),
        maxMs: this.maxMs.finish(this.chunkCount),
        segment: this.segment.finish(this.chunkCount),
        offset: this.offset.finish(this.chunkCount),
        endOffset: this.endOffset.finish(this.chunkCount),
      },
    };
  }

  /** A chunk ends where the next one of its segment starts; a segment's last one with the file. */
  private fillEnds(segmentBytes: (segment: number) => number | undefined, all: boolean): void {
    const ends = this.endOffset.reserve(this.chunkCount);
    const segments = this.segment.array;
    const offsets = this.offset.array;
    const order = this.ascending ? undefined : this.fileOrder();
    for (let i = 0; i < this.chunkCount; i++) {
      const row = order === undefined ? i : order[i]!;
      const next = order === undefined ? i + 1 : order[i + 1]!;
      const segment = segments[row]!;
      const guess = offsets[row]! + limits.chunkEntryBytes;
      let end = guess;
      if (i + 1 < this.chunkCount && segments[next] === segment && offsets[next]! > offsets[row]!)
        end = offsets[next]!;
      else {
        const size = segmentBytes(segment);
        if (size !== undefined && size > offsets[row]!) end = size;
      }
      // Where series are missing in between, what is known to come next may lie far away.
      ends[row] = Math.min(2 ** 32 - 1, all ? end : Math.min(end, guess));
    }
  }

  private fileOrder(): Uint32Array {
    const segments = this.segment.array;
    const offsets = this.offset.array;
    const order = ascending(this.chunkCount);
    return order.sort((a, b) => segments[a]! - segments[b]! || offsets[a]! - offsets[b]!);
  }
}

/** Order of two label sets given as ranges of symbol ids, as `Labels.compare` has it. */
export function compareLabels(
  keys: Float64Array,
  a: Uint32Array,
  aFrom: number,
  aTo: number,
  b: Uint32Array,
  bFrom: number,
  bTo: number,
): number {
  let [x, y] = [aFrom, bFrom];
  while (x < aTo && y < bTo) {
    const [left, right] = [a[x++]!, b[y++]!];
    if (left !== right) return keys[left]! - keys[right]!;
  }
  return aTo - aFrom - (bTo - bFrom);
}

function isInt32(value: number): boolean {
  return (value | 0) === value;
}

/** Reads varints of one entry; bounds are checked at its end, as missing bytes read as 0. */
class Cursor {
  private readonly bytes: Uint8Array;
  private readonly end: number;
  private at: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  remaining(): number {
    return this.end - this.at;
  }

  uvarint(): number {
    const { bytes } = this;
    let byte = bytes[this.at++]!;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let scale = 128;
    for (let i = 1; i < 10; i++) {
      byte = bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (!(byte >= 0x80)) return value;
      scale *= 128;
    }
    throw this.corrupt('varint longer than ten bytes');
  }

  varint(): number {
    const value = this.uvarint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** An unsigned varint that wraps around where the difference is negative: of chunks that overlap. */
  delta(): number {
    const { at } = this;
    const value = this.uvarint();
    if (this.at - at < 10) return value;
    let exact = 0n;
    for (let i = at; i < this.at; i++) exact |= BigInt(this.bytes[i]! & 0x7f) << BigInt(7 * (i - at));
    return Number(BigInt.asIntN(64, exact));
  }

  finish(): void {
    if (this.at !== this.end) throw this.corrupt(`the entry ends at ${this.end}`);
  }

  corrupt(reason: string): CorruptDataError {
    return new CorruptDataError(`index series: ${reason} at offset ${this.at}`);
  }
}
