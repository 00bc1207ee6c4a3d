import { blockResolutionMs } from '../../format/block-meta.ts';
import type { DeletedTime, Grouping, Selection, SelectionPart } from '../selection.ts';
import { type MergedPart, type MergedSeries, sharedUint32 } from './merged-series.ts';

/** Most bytes and bits that samples can be packed into: a whole chunk has at most so many samples. */
const maxChunkSamples = 65_535;
const samplesPerByte = 8;
/** Rows up to which a chunk is looked for one by one. */
const fewRows = 16;

/** Series up to which columns lie on ordinary memory. */
const fewSeries = 1024;

/** Time of a part that is not to be shown, by series id: ranges [startMs, endMs) in order; undefined: none of any series. */
export type HiddenTime = (
  part: MergedPart,
) => ((id: number) => readonly { readonly startMs: number; readonly endMs: number }[]) | undefined;

/** What of the series of a selector lies in [startMs, endMs] and is not hidden. */
export function narrow(
  merged: MergedSeries,
  startMs: number,
  endMs: number,
  hidden: HiddenTime = () => undefined,
): Selection {
  return new NarrowedSelection(
    merged,
    merged.parts.map((part) => {
      const narrowed = narrowPart(part, startMs, endMs);
      const hiddenOf = hidden(part);
      return hiddenOf === undefined ? narrowed : hidePart(narrowed, hiddenOf);
    }),
  );
}

/** Leaves out chunks that are hidden wholly, and takes what is hidden of others for deleted. */
function hidePart(part: SelectionPart, hiddenOf: NonNullable<ReturnType<HiddenTime>>): SelectionPart {
  const { chunks } = part;
  const count = part.chunkFrom.length;
  const chunkFrom = sharedUint32(count);
  const chunkTo = sharedUint32(count);
  const deleted = new Map<number, readonly DeletedTime[]>(part.deleted);
  for (let id = 0; id < count; id++) {
    let [from, to] = [part.chunkFrom[id]!, part.chunkTo[id]!];
    if (from < to) {
      const ranges = hiddenOf(id);
      const isHidden = (row: number) =>
        ranges.some(
          ({ startMs, endMs }) =>
            chunks.baseMs + chunks.minMs[row]! >= startMs && chunks.baseMs + chunks.maxMs[row]! < endMs,
        );
      if (ranges.length > 0) {
        while (from < to && isHidden(from)) from++;
        while (from < to && isHidden(to - 1)) to--;
        const first = chunks.baseMs + (chunks.minMs[from] ?? 0);
        const rest = ranges.filter(({ endMs }) => from < to && endMs > first);
        if (rest.length > 0)
          deleted.set(id, [
            ...(deleted.get(id) ?? []),
            ...rest.map(({ startMs, endMs }) => ({ minTime: startMs, maxTime: endMs - 1 })),
          ]);
      }
    }
    chunkFrom[id] = from;
    chunkTo[id] = to;
  }
  return { ...part, chunkFrom, chunkTo, ...(deleted.size > 0 && { deleted }) };
}

class NarrowedSelection implements Selection {
  readonly count: number;
  readonly parts: readonly SelectionPart[];
  readonly replicas: readonly (readonly string[])[];
  readonly overlapping: boolean;
  private readonly merged: MergedSeries;
  private counted: Count | undefined;
  private measured: Measure | undefined;
  private presence: Uint8Array | undefined;

  constructor(merged: MergedSeries, parts: readonly SelectionPart[]) {
    this.merged = merged;
    this.count = merged.count;
    this.parts = parts;
    this.replicas = merged.replicas;
    this.overlapping = merged.overlapping;
  }

  pairs(id: number): readonly string[] {
    return this.merged.pairs(id);
  }

  json(id: number): Uint8Array {
    const only = new Uint8Array(this.count);
    only[id] = 1;
    return this.merged.jsonRows(only, 1).next().value ?? new Uint8Array(0);
  }

  labelsJson(withName: boolean) {
    return this.merged.labelsJson(withName);
  }

  get present(): Uint8Array {
    this.presence ??= presence(this.count, this.parts);
    return this.presence;
  }

  jsonRows(limit: number): Generator<Uint8Array> {
    return this.merged.jsonRows(this.present, limit);
  }

  labelNames(): readonly string[] {
    return this.merged.labelTexts(this.present, undefined);
  }

  labelValues(name: string): readonly string[] {
    return this.merged.labelTexts(this.present, name);
  }

  groupBy(names: readonly string[], without: boolean): Grouping {
    return this.merged.groupBy(names, without);
  }

  get chunkCount(): number {
    return this.counts().chunks;
  }

  get sizeBytes(): number {
    return this.measure().bytes;
  }

  get maxSamples(): number {
    return this.measure().maxSamples;
  }

  get expectedSamples(): number {
    return this.counts().expectedSamples;
  }

  private counts(): Count {
    this.counted ??= countChunks(this.parts, this.merged.parts);
    return this.counted;
  }

  private measure(): Measure {
    this.measured ??= measure(this.parts);
    return this.measured;
  }
}

function presence(count: number, parts: readonly SelectionPart[]): Uint8Array {
  const present = new Uint8Array(count);
  for (const { chunkFrom, chunkTo } of parts)
    for (let id = 0; id < count; id++) if (chunkFrom[id]! < chunkTo[id]!) present[id] = 1;
  return present;
}

/** Parts that lie wholly in a query's time, as most do over many blocks: made once. */
const wholeParts = new WeakMap<MergedPart, SelectionPart>();

function narrowPart(part: MergedPart, startMs: number, endMs: number): SelectionPart {
  const { meta, files } = part.block;
  const { chunks } = part.columns;
  const inside = meta.minTime >= startMs && meta.maxTime - 1 <= endMs;
  const known = inside ? wholeParts.get(part) : undefined;
  if (known !== undefined) return known;
  const common = {
    ulid: meta.ulid,
    minTimeMs: meta.minTime,
    maxTimeMs: meta.maxTime,
    resolutionMs: blockResolutionMs(meta),
    replica: part.replica,
    chunks,
    files,
    ...(part.deleted && { deleted: part.deleted }),
  };
  if (inside) {
    const whole = { ...common, chunkFrom: part.chunkFrom, chunkTo: part.chunkTo };
    wholeParts.set(part, whole);
    return whole;
  }
  const count = part.chunkFrom.length;
  // A few are copied sooner than shared.
  const column = count < fewSeries ? (length: number) => new Uint32Array(length) : sharedUint32;
  const chunkFrom = column(count);
  const chunkTo = column(count);
  const [start, end] = [startMs - chunks.baseMs, endMs - chunks.baseMs];
  for (let id = 0; id < count; id++) {
    let from = part.chunkFrom[id]!;
    let to = part.chunkTo[id]!;
    if (to - from > fewRows && part.columns.ordered) {
      from = firstRow(chunks.maxMs, from, to, start);
      to = firstRow(chunks.minMs, from, to, end + 1);
    } else {
      while (from < to && chunks.maxMs[from]! < start) from++;
      while (from < to && chunks.minMs[to - 1]! > end) to--;
    }
    chunkFrom[id] = from;
    chunkTo[id] = to;
  }
  return { ...common, chunkFrom, chunkTo };
}

/** First row of [from, to) whose time is not below `wanted`. */
function firstRow(times: Int32Array | Float64Array, from: number, to: number, wanted: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface Count {
  chunks: number;
  expectedSamples: number;
}

function countChunks(parts: readonly SelectionPart[], merged: readonly MergedPart[]): Count {
  const total: Count = { chunks: 0, expectedSamples: 0 };
  parts.forEach(({ chunkFrom, chunkTo }, i) => {
    let own = 0;
    for (let id = 0; id < chunkFrom.length; id++) own += chunkTo[id]! - chunkFrom[id]!;
    const { numSamples = 0, numChunks = 0 } = merged[i]!.block.meta.stats ?? {};
    total.chunks += own;
    total.expectedSamples += numChunks > 0 ? (own * numSamples) / numChunks : 0;
  });
  return total;
}

interface Measure {
  bytes: number;
  maxSamples: number;
}

/** Looks at every chunk, which a selection over many blocks is spared where nobody asks. */
function measure(parts: readonly SelectionPart[]): Measure {
  const total: Measure = { bytes: 0, maxSamples: 0 };
  for (const { chunkFrom, chunkTo, chunks } of parts) {
    for (let id = 0; id < chunkFrom.length; id++) {
      for (let row = chunkFrom[id]!; row < chunkTo[id]!; row++) {
        const bytes = chunks.endOffset[row]! - chunks.offset[row]!;
        const span = chunks.maxMs[row]! - chunks.minMs[row]! + 1;
        total.bytes += bytes;
        total.maxSamples += Math.min(span, bytes * samplesPerByte, maxChunkSamples);
      }
    }
  }
  return total;
}
