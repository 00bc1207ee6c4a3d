import { chunkEncoding, readChunkEntry } from '../../format/chunk.ts';
import type { HistogramSamples } from '../../format/chunk-histogram.ts';
import { encodeHistogramChunk } from '../../format/chunk-histogram-writer.ts';
import { appendChunkEntry } from '../../format/chunk-writer.ts';
import { encodeXorChunk } from '../../format/chunk-xor.ts';
import { bucketCount } from '../../format/histogram-layout.ts';
import { chooseSamples } from '../../samples/choose.ts';
import {
  type Batch,
  type BatchChunk,
  type BatchSeries,
  batchChunk,
  type RemovedTime,
  type ResultBuilder,
} from './batch.ts';
import {
  type DecodedChunk,
  decodeRaw,
  isStale,
  joinRows,
  needsTranscoding,
  type Rows,
} from './decoded-chunk.ts';
import { samplesPerChunk, smallRun } from './sizes.ts';

interface Chunk {
  readonly info: BatchChunk;
  readonly encoding: number;
  readonly decoded: DecodedChunk;
}

/**
 * Merges the chunks of one series: those of a replica by sample, replicas by the rule that queries choose by. A chunk all
 * of whose samples remain, with none of others between them, is taken byte for byte; the rest is encoded anew.
 */
export function mergeSeries(
  batch: Batch,
  series: BatchSeries,
  removed: readonly RemovedTime[],
  native: boolean,
  result: ResultBuilder,
): void {
  const chunks: Chunk[] = [];
  for (let number = series.firstChunk; number < series.endChunk; number++) {
    const info = batchChunk(batch, number);
    const { encoding, data } = readChunkEntry(batch.bytes, info.offset, 'chunk');
    const decoded = decodeRaw(encoding, data);
    if (decoded.timestamps.length > 0) chunks.push({ info, encoding, decoded });
  }
  const rows = select(chunks, series, removed);
  emit(batch, chunks, rows, native, result);
}

/** Which samples come out, in the order of time; `chunk` numbers `chunks`. */
function select(chunks: readonly Chunk[], series: BatchSeries, removed: readonly RemovedTime[]): Rows {
  const byReplica = [...Map.groupBy(chunks.keys(), (number) => chunks[number]!.info.replica)]
    .sort(([a], [b]) => a - b)
    .map(([, numbers]) => {
      const order = numbers.sort(
        (a, b) => chunks[a]!.decoded.timestamps[0]! - chunks[b]!.decoded.timestamps[0]! || a - b,
      );
      return { order, rows: withoutRemoved(chunks, order, removed) };
    });
  const timesOf = ({ order, rows }: (typeof byReplica)[number]) => ({
    timestamps: Float64Array.from(
      { length: rows.count },
      (_, i) => chunks[order[rows.chunk[i]!]!]!.decoded.timestamps[rows.row[i]!]!,
    ),
    stale: (i: number) => isStale(chunks[order[rows.chunk[i]!]!]!.decoded, rows.row[i]!),
  });
  const chosen = byReplica.length > 1 ? chooseSamples(byReplica.map(timesOf)) : undefined;
  const total = chosen?.row.length ?? byReplica[0]?.rows.count ?? 0;
  const chunk = new Uint32Array(total);
  const row = new Uint32Array(total);
  let count = 0;
  for (let i = 0; i < total; i++) {
    const { order, rows } = byReplica[chosen?.replica[i] ?? 0]!;
    const at = chosen?.row[i] ?? i;
    const number = order[rows.chunk[at]!]!;
    const time = chunks[number]!.decoded.timestamps[rows.row[at]!]!;
    if (time < series.fromTime || time >= series.toTime) continue;
    chunk[count] = number;
    row[count++] = rows.row[at]!;
  }
  return { chunk, row, count };
}

/** Rows of one replica that were not removed: what was removed is not there for the choice among replicas either. */
function withoutRemoved(
  chunks: readonly Chunk[],
  order: readonly number[],
  removed: readonly RemovedTime[],
): Rows {
  const decoded = order.map((number) => chunks[number]!.decoded);
  const rows = joinRows(decoded, (at, time) => {
    const { owner } = chunks[order[at]!]!.info;
    return removed.some(
      (range) => (range.owner === owner || range.owner < 0) && time >= range.minTime && time <= range.maxTime,
    );
  });
  return rows;
}

function emit(
  batch: Batch,
  chunks: readonly Chunk[],
  rows: Rows,
  native: boolean,
  result: ResultBuilder,
): void {
  let pending = 0;
  const flush = (end: number) => {
    if (end > pending) encodeRows(chunks, rows, pending, end, result);
    pending = end;
  };
  for (let at = 0; at < rows.count; ) {
    const { info, encoding, decoded } = chunks[rows.chunk[at]!]!;
    const length = decoded.timestamps.length;
    const last = at + length - 1;
    const whole = rows.row[at] === 0 && isWhole(rows, at, length);
    const elsewhere = at > 0 && chunks[rows.chunk[at - 1]!]!.info.replica !== info.replica;
    // What a histogram chunk says of the time before it holds for its own replica only.
    const misled = elsewhere && decoded.histograms?.counterReset === 'notReset';
    const few = at > pending && at - pending < smallRun && decoded.histograms === undefined;
    if (!whole || few || misled || (!native && needsTranscoding(encoding))) {
      at++;
      while (
        at < rows.count &&
        rows.chunk[at] === rows.chunk[at - 1] &&
        rows.row[at]! === rows.row[at - 1]! + 1
      )
        at++;
      continue;
    }
    flush(at);
    const start = result.bytes.length;
    result.bytes.raw(batch.bytes.subarray(info.offset, info.offset + info.lengthBytes));
    const floats = decoded.histograms === undefined ? length : 0;
    result.add(start, decoded.timestamps[0]!, decoded.timestamps[length - 1]!, floats, length - floats);
    at = last + 1;
    pending = at;
  }
  flush(rows.count);
}

/** Whether the `length` rows from `at` on are all of one chunk, and so all that it has. */
function isWhole(rows: Rows, at: number, length: number): boolean {
  if (at + length > rows.count) return false;
  for (let i = at + length - 1; i > at; i--) if (rows.chunk[i] !== rows.chunk[at]) return false;
  return true;
}

/** Encodes rows [from, end) anew: floats in chunks of the usual size, histograms as long as their layout stays. */
function encodeRows(
  chunks: readonly Chunk[],
  rows: Rows,
  from: number,
  end: number,
  result: ResultBuilder,
): void {
  for (let at = from; at < end; ) {
    const first = chunks[rows.chunk[at]!]!.decoded;
    let stop = at + 1;
    if (first.histograms === undefined) {
      while (stop < end && chunks[rows.chunk[stop]!]!.decoded.histograms === undefined) stop++;
      encodeFloats(chunks, rows, at, stop, result);
    } else {
      while (stop < end && stop - at < samplesPerChunk && fits(chunks, rows, at, stop)) stop++;
      encodeHistograms(chunks, rows, at, stop, result);
    }
    at = stop;
  }
}

function encodeFloats(
  chunks: readonly Chunk[],
  rows: Rows,
  from: number,
  end: number,
  result: ResultBuilder,
): void {
  const pieces = Math.max(1, Math.round((end - from) / samplesPerChunk));
  const size = Math.ceil((end - from) / pieces);
  for (let at = from; at < end; at += size) {
    const count = Math.min(size, end - at);
    const timestamps = new Float64Array(count);
    const valueBits = new BigUint64Array(count);
    for (let i = 0; i < count; i++) {
      const { decoded } = chunks[rows.chunk[at + i]!]!;
      timestamps[i] = decoded.timestamps[rows.row[at + i]!]!;
      valueBits[i] = decoded.bits[rows.row[at + i]!]!;
    }
    const start = result.bytes.length;
    appendChunkEntry(result.bytes, chunkEncoding.xor, encodeXorChunk({ timestamps, valueBits }));
    result.add(start, timestamps[0]!, timestamps[count - 1]!, count, 0);
  }
}

/** Whether the histogram of row `at` can follow that of the row before in one chunk that begins with row `first`. */
function fits(chunks: readonly Chunk[], rows: Rows, first: number, at: number): boolean {
  const [a, b] = [chunks[rows.chunk[at - 1]!]!.decoded, chunks[rows.chunk[at]!]!.decoded];
  const [i, j] = [rows.row[at - 1]!, rows.row[at]!];
  if (a === b && j === i + 1) return true;
  const [x, y] = [a.histograms, b.histograms];
  if (x === undefined || y === undefined || a.floatCounts !== b.floatCounts) return false;
  if (isStale(a, i) || isStale(b, j) || isStale(chunks[rows.chunk[first]!]!.decoded, rows.row[first]!))
    return false;
  const gauge = x.counterReset === 'gauge';
  if (gauge !== (y.counterReset === 'gauge') || !sameLayout(x, y)) return false;
  return gauge || !falls(x, i, y, j);
}

function sameLayout(a: HistogramSamples, b: HistogramSamples): boolean {
  return a.layout === b.layout || JSON.stringify(layoutKey(a)) === JSON.stringify(layoutKey(b));
}

function layoutKey({ layout }: HistogramSamples): unknown {
  return { ...layout, customValues: [...layout.customValues] };
}

/** Whether a count of row `j` is below that of row `i`: the counter was reset in between. */
function falls(a: HistogramSamples, i: number, b: HistogramSamples, j: number): boolean {
  if (b.counts[j]! < a.counts[i]! || b.zeroCounts[j]! < a.zeroCounts[i]!) return true;
  for (const side of ['positive', 'negative'] as const) {
    const width = bucketCount(a.layout[`${side}Spans`]);
    for (let k = 0; k < width; k++) if (b[side][j * width + k]! < a[side][i * width + k]!) return true;
  }
  return false;
}

function encodeHistograms(
  chunks: readonly Chunk[],
  rows: Rows,
  from: number,
  end: number,
  result: ResultBuilder,
): void {
  const first = chunks[rows.chunk[from]!]!.decoded;
  const model = first.histograms!;
  const count = end - from;
  const width = {
    positive: bucketCount(model.layout.positiveSpans),
    negative: bucketCount(model.layout.negativeSpans),
  };
  const out = {
    timestamps: new Float64Array(count),
    counts: new Float64Array(count),
    zeroCounts: new Float64Array(count),
    sumBits: new BigUint64Array(count),
    positive: new Float64Array(count * width.positive),
    negative: new Float64Array(count * width.negative),
  };
  for (let i = 0; i < count; i++) {
    const source = chunks[rows.chunk[from + i]!]!.decoded.histograms!;
    const row = rows.row[from + i]!;
    out.timestamps[i] = source.timestamps[row]!;
    out.counts[i] = source.counts[row]!;
    out.zeroCounts[i] = source.zeroCounts[row]!;
    out.sumBits[i] = source.sumBits[row]!;
    for (const side of ['positive', 'negative'] as const)
      out[side].set(source[side].subarray(row * width[side], (row + 1) * width[side]), i * width[side]);
  }
  // A chunk that begins as its source did keeps what the source says of the time before, unless another was put before.
  const header =
    model.counterReset === 'gauge' || (from === 0 && rows.row[from] === 0) ? model.counterReset : 'unknown';
  const encoding = first.floatCounts ? chunkEncoding.floatHistogram : chunkEncoding.histogram;
  const start = result.bytes.length;
  appendChunkEntry(result.bytes, encoding, encodeHistogramChunk({ ...model, ...out }, encoding, header));
  result.add(start, out.timestamps[0]!, out.timestamps[count - 1]!, 0, count);
}
