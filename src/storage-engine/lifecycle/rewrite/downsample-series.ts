import { CorruptDataError } from '../../../base/errors.ts';
import { type Aggregate, decodeAggregateChunk, encodeAggregateChunk } from '../../format/aggregate-chunk.ts';
import { chunkEncoding, readChunkEntry } from '../../format/chunk.ts';
import { appendChunkEntry } from '../../format/chunk-writer.ts';
import type { FloatHistogram } from '../../promql/exec/histogram/float-histogram.ts';
import {
  type AggregateChunk,
  type AggregateColumns,
  aggregateAggregates,
  aggregateFloats,
} from '../downsample/float-aggregates.ts';
import {
  aggregateHistogramAggregates,
  aggregateHistograms,
  fitTogether,
  histogramOf,
} from '../downsample/histogram-aggregates.ts';
import { assumedRawIntervalMs, targetChunks, windowEnd } from '../downsample/windows.ts';
import {
  type Batch,
  type BatchParameters,
  type BatchSeries,
  batchChunk,
  type RemovedTime,
  type ResultBuilder,
} from './batch.ts';
import { type DecodedChunk, decodeRaw, isStale, joinRows } from './decoded-chunk.ts';
import { firstLeft, trimChunk } from './trim-aggregates.ts';

/** Samples of one kind that follow one another. */
interface Run {
  readonly times: number[];
  readonly values: number[];
  readonly histograms: FloatHistogram[];
}

/** Downsamples one series: raw to the first resolution, aggregates to the next; as Thanos does (pkg/compact/downsample). */
export function downsampleSeries(
  batch: Batch,
  series: BatchSeries,
  removed: readonly RemovedTime[],
  parameters: BatchParameters,
  result: ResultBuilder,
): void {
  const raw: { decoded: DecodedChunk; owner: number }[] = [];
  const aggregated: {
    columns: AggregateColumns | undefined;
    data: Uint8Array;
    minTime: number;
    maxTime: number;
  }[] = [];
  for (let number = series.firstChunk; number < series.endChunk; number++) {
    const { offset, owner, minTime, maxTime } = batchChunk(batch, number);
    const { encoding, data } = readChunkEntry(batch.bytes, offset, 'chunk');
    if (encoding === chunkEncoding.aggregate) {
      const from = number === series.firstChunk ? firstLeft(removed, owner, minTime) : minTime;
      const left = from > minTime ? trimChunk(data, from) : { data, minTime, maxTime };
      if (left !== undefined) aggregated.push({ columns: floatColumns(left.data), ...left });
    }
    // Blocks of Thanos may hold empty raw chunks among aggregates.
    else if (parameters.sourceResolutionMs === 0) raw.push({ decoded: decodeRaw(encoding, data), owner });
    else if (decodeRaw(encoding, data).timestamps.length > 0)
      throw new CorruptDataError('a downsampled block holds raw samples');
  }
  const chunks =
    parameters.sourceResolutionMs === 0
      ? runsOf(raw, series, removed).flatMap((run) => downsampleRun(run, parameters.resolutionMs))
      : downsampleAggregates(aggregated, parameters);
  for (const { parts, minTime, maxTime, windows } of chunks) {
    const start = result.bytes.length;
    appendChunkEntry(result.bytes, chunkEncoding.aggregate, encodeAggregateChunk(parts));
    result.add(start, minTime, maxTime, windows, 0);
  }
}

/** Raw samples in runs of one kind, without stale markers. */
function runsOf(
  chunks: readonly { decoded: DecodedChunk; owner: number }[],
  { fromTime, toTime }: BatchSeries,
  removed: readonly RemovedTime[],
): Run[] {
  const rows = joinRows(
    chunks.map(({ decoded }) => decoded),
    (chunk, time) =>
      removed.some(
        ({ owner, minTime, maxTime }) =>
          (owner < 0 || owner === chunks[chunk]!.owner) && time >= minTime && time <= maxTime,
      ),
  );
  const runs: Run[] = [];
  const values = chunks.map(({ decoded }) => new Float64Array(decoded.bits.buffer, decoded.bits.byteOffset));
  let floats: boolean | undefined;
  for (let i = 0; i < rows.count; i++) {
    const { decoded } = chunks[rows.chunk[i]!]!;
    const row = rows.row[i]!;
    const time = decoded.timestamps[row]!;
    if (time < fromTime || time >= toTime || isStale(decoded, row)) continue;
    if (floats !== (decoded.histograms === undefined)) {
      floats = decoded.histograms === undefined;
      runs.push({ times: [], values: [], histograms: [] });
    }
    const run = runs.at(-1)!;
    run.times.push(time);
    if (decoded.histograms === undefined) run.values.push(values[rows.chunk[i]!]![row]!);
    else run.histograms.push(histogramOf(decoded.histograms, row));
  }
  return runs;
}

function downsampleRun({ times, values, histograms }: Run, resolutionMs: number): AggregateChunk[] {
  const out: AggregateChunk[] = [];
  const count = times.length;
  const chunks = targetChunks(times[0]!, times[count - 1]!, assumedRawIntervalMs, resolutionMs, count);
  const size = Math.floor(count / chunks) + 1;
  for (let from = 0; from < count; ) {
    let to = Math.min(from + size, count);
    // The part goes on to the end of its last window, so that windows stay whole.
    const end = windowEnd(times[to - 1]!, resolutionMs);
    while (to < count && times[to]! <= end) to++;
    if (histograms.length > 0) out.push(...downsampleHistograms(times, histograms, from, to, resolutionMs));
    else {
      const kept = { times: [] as number[], values: [] as number[] };
      for (let i = from; i < to; i++) {
        if (Number.isNaN(values[i]!)) continue;
        kept.times.push(times[i]!);
        kept.values.push(values[i]!);
      }
      if (kept.times.length > 0)
        out.push(aggregateFloats(kept.times, kept.values, 0, kept.times.length, resolutionMs));
    }
    from = to;
  }
  return out;
}

function downsampleHistograms(
  times: readonly number[],
  histograms: readonly FloatHistogram[],
  from: number,
  to: number,
  resolutionMs: number,
): AggregateChunk[] {
  const out: AggregateChunk[] = [];
  const kept: { times: number[]; histograms: FloatHistogram[] } = { times: [], histograms: [] };
  const flush = () => {
    if (kept.times.length > 0) out.push(aggregateHistograms(kept.times, kept.histograms, resolutionMs));
    kept.times = [];
    kept.histograms = [];
  };
  for (let i = from; i < to; i++) {
    const h = histograms[i]!;
    if (Number.isNaN(h.sum)) continue;
    const last = kept.histograms.at(-1);
    if (last !== undefined && !fitTogether(last, h)) flush();
    kept.times.push(times[i]!);
    kept.histograms.push(h);
  }
  flush();
  return out;
}

type AggregateInput = {
  readonly columns: AggregateColumns | undefined;
  readonly data: Uint8Array;
  readonly minTime: number;
  readonly maxTime: number;
};

/** Aggregates are joined along the borders of chunks only: a chunk's counter begins and ends with true values. */
function downsampleAggregates(
  chunks: readonly AggregateInput[],
  parameters: BatchParameters,
): AggregateChunk[] {
  const out: AggregateChunk[] = [];
  for (let from = 0; from < chunks.length; ) {
    let to = from + 1;
    const floats = chunks[from]!.columns !== undefined;
    while (to < chunks.length && (chunks[to]!.columns !== undefined) === floats) to++;
    const part = chunks.slice(from, to);
    const samples = part.reduce((sum, { data }) => sum + countOf(data), 0);
    const { minTime } = part[0]!;
    const { maxTime } = part.at(-1)!;
    const target = targetChunks(
      minTime,
      maxTime,
      parameters.sourceResolutionMs,
      parameters.resolutionMs,
      samples,
    );
    const size = Math.max(1, Math.floor(part.length / target));
    for (let at = 0; at < part.length; at += size) {
      const joined = part.slice(at, at + size);
      if (floats)
        out.push(
          aggregateAggregates(
            joined.map(({ columns }) => columns!),
            parameters.resolutionMs,
          ),
        );
      else out.push(...joinHistograms(joined, parameters.resolutionMs));
    }
    from = to;
  }
  return out;
}

function countOf(data: Uint8Array): number {
  const { count } = decodeAggregateChunk(data);
  return count === undefined ? 0 : (count.data[0]! << 8) | count.data[1]!;
}

/** Columns of the aggregates of floats; undefined for those of histograms. */
function floatColumns(data: Uint8Array): AggregateColumns | undefined {
  const parts = decodeAggregateChunk(data);
  if ((parts.counter ?? parts.sum)?.encoding === chunkEncoding.floatHistogram) return undefined;
  if ((parts.counter ?? parts.sum)?.encoding === chunkEncoding.histogram) return undefined;
  const columns: AggregateColumns = {};
  for (const [name, part] of Object.entries(parts) as [Aggregate, { encoding: number; data: Uint8Array }][]) {
    const { timestamps, bits } = decodeRaw(part.encoding, part.data);
    columns[name] = {
      times: timestamps,
      values: new Float64Array(bits.buffer, bits.byteOffset, bits.length),
    };
  }
  return columns;
}

function joinHistograms(chunks: readonly AggregateInput[], resolutionMs: number): AggregateChunk[] {
  const out: AggregateChunk[] = [];
  let open: ReturnType<typeof histogramColumns> | undefined;
  const flush = () => {
    if (open !== undefined && open.counts.times.length > 0)
      out.push(aggregateHistogramAggregates(open.counts, open.sum, open.counter, resolutionMs));
    open = undefined;
  };
  for (const { data } of chunks) {
    const columns = histogramColumns(data);
    const [before, now] = [open?.sum.rows.at(-1), columns.sum.rows[0]];
    if (before !== undefined && now !== undefined && !fitTogether(before, now)) flush();
    if (open === undefined) {
      open = columns;
      continue;
    }
    open.counts.times.push(...columns.counts.times);
    open.counts.values.push(...columns.counts.values);
    for (const name of ['sum', 'counter'] as const) {
      open[name].times.push(...columns[name].times);
      open[name].rows.push(...columns[name].rows);
    }
  }
  flush();
  return out;
}

function histogramColumns(data: Uint8Array) {
  const { count, sum, counter } = decodeAggregateChunk(data);
  const counts: { times: number[]; values: number[] } = { times: [], values: [] };
  if (count !== undefined) {
    const { timestamps, bits } = decodeRaw(count.encoding, count.data);
    counts.times.push(...timestamps);
    counts.values.push(...new Float64Array(bits.buffer, bits.byteOffset, bits.length));
  }
  const rowsOf = (part: typeof sum) => {
    const decoded = part === undefined ? undefined : decodeRaw(part.encoding, part.data);
    const { histograms } = decoded ?? {};
    return {
      times: [...(decoded?.timestamps ?? [])],
      rows:
        histograms === undefined
          ? []
          : Array.from(histograms.timestamps, (_, row) => histogramOf(histograms, row)),
    };
  };
  return { counts, sum: rowsOf(sum), counter: rowsOf(counter) };
}
