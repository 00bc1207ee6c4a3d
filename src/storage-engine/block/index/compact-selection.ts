import { ascending } from './ascending.ts';
import type { SelectedSeries } from './block-index.ts';
import type { IndexColumns } from './index-columns.ts';

/** The selected series in columns of their own, so that those of the whole block need not stay. */
export function compactSelection({ columns, series, owned }: SelectedSeries): SelectedSeries {
  if (owned) return { columns, series, owned };
  const labelStart = starts(columns.labelStart, series);
  const chunkStart = starts(columns.chunkStart, series);
  const { chunks } = columns;
  const ofChunks = <T extends Uint32Array | Uint16Array | Int32Array | Float64Array>(column: T) =>
    gather(column, columns.chunkStart, series, chunkStart);
  const compact: IndexColumns = {
    symbols: columns.symbols,
    count: series.length,
    references: Uint32Array.from(series, (number) => columns.references[number]!),
    labelStart,
    labels: gather(columns.labels, columns.labelStart, series, labelStart),
    sorted: columns.sorted,
    ordered: columns.ordered,
    chunkStart,
    chunks: {
      baseMs: chunks.baseMs,
      minMs: ofChunks(chunks.minMs),
      maxMs: ofChunks(chunks.maxMs),
      segment: ofChunks(chunks.segment),
      offset: ofChunks(chunks.offset),
      endOffset: ofChunks(chunks.endOffset),
    },
  };
  return { columns: compact, series: ascending(series.length), owned: true };
}

function starts(of: Uint32Array, series: Uint32Array): Uint32Array {
  const out = new Uint32Array(series.length + 1);
  for (let i = 0; i < series.length; i++) out[i + 1] = out[i]! + of[series[i]! + 1]! - of[series[i]!]!;
  return out;
}

function gather<T extends Uint32Array | Uint16Array | Int32Array | Float64Array>(
  column: T,
  from: Uint32Array,
  series: Uint32Array,
  to: Uint32Array,
): T {
  const length = to[series.length]!;
  const make = column.constructor as new (buffer: SharedArrayBuffer, offset: number, length: number) => T;
  const out = new make(new SharedArrayBuffer(length * column.BYTES_PER_ELEMENT), 0, length);
  for (let i = 0; i < series.length; i++)
    out.set(column.subarray(from[series[i]!]!, from[series[i]! + 1]!), to[i]!);
  return out;
}
