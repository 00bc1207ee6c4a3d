import { limits } from '../../../base/limits.ts';
import { ByteWriter } from '../../format/byte-writer.ts';

/** Numbers of one chunk in the table of a batch. */
const chunkFields = 6;
const seriesFields = 5;
const resultFields = 5;

/** What is done to a series: its chunks are taken as they are, merged and deduplicated, downsampled, or its aggregates cut. */
export const treatment = { copy: 0, merge: 1, downsample: 2, trim: 3 } as const;
export type Treatment = (typeof treatment)[keyof typeof treatment];

/** A part of a series in a batch. */
export interface BatchSeries {
  readonly treatment: Treatment;
  readonly firstChunk: number;
  readonly endChunk: number;
  /** Samples of [fromTime, toTime) come out; what lies outside is there for the choice inside. */
  readonly fromTime: number;
  readonly toTime: number;
}

/** A chunk in a batch: a whole segment entry and whose it is. */
export interface BatchChunk {
  readonly offset: number;
  readonly lengthBytes: number;
  /** Order of preference of the replica that wrote it. */
  readonly replica: number;
  readonly minTime: number;
  readonly maxTime: number;
  /** Number of the input that it comes from. */
  readonly owner: number;
}

/** A time that is removed of a series, both ends included: of one input's samples, or of all where `owner` is -1. */
export interface RemovedTime {
  readonly owner: number;
  readonly minTime: number;
  readonly maxTime: number;
}

/** Series with the bytes of their chunks, in a form that moves between threads without being copied. */
export interface Batch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly chunks: Float64Array<ArrayBuffer>;
  readonly series: Float64Array<ArrayBuffer>;
  /** Times to leave out: number of the series in the batch, owner, first and last millisecond. */
  readonly removed: Float64Array<ArrayBuffer>;
}

/** What is done to all series of a batch. */
export interface BatchParameters {
  /** Keeps encodings 4 to 6 as they are; else they become 1 to 3. */
  readonly native: boolean;
  /** Number of the last replica in the order of preference, plus one. */
  readonly replicas: number;
  /** The inputs' names, for faults. */
  readonly names: readonly string[];
  /** Milliseconds between samples of the downsampled result, and of what is downsampled (0: raw). */
  readonly resolutionMs: number;
  readonly sourceResolutionMs: number;
}

/** Chunks that came out, as whole entries one behind the other. */
export interface BatchResult {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** For each series of the batch, the number of its chunks. */
  readonly counts: Uint32Array<ArrayBuffer>;
  /** For each chunk: minTime, maxTime, bytes of its entry, float samples, histogram samples. */
  readonly chunks: Float64Array<ArrayBuffer>;
}

export class BatchBuilder {
  // Room for the series that fills it, too: to grow is to copy all of it.
  readonly bytes = new ByteWriter(limits.rewriteBatchBytes * 1.125);
  private chunks = new Float64Array(4096);
  private chunkCount = 0;
  private samples = 0;
  private readonly series: number[] = [];
  private readonly removed: number[] = [];
  private open: { treatment: Treatment; first: number } | undefined;

  get seriesCount(): number {
    return this.series.length / seriesFields;
  }

  /** Begins a series; returns how much the batch holds. */
  begin(treatment: Treatment): { bytes: number; samples: number } {
    this.open = { treatment, first: this.chunkCount };
    return { bytes: this.bytes.length, samples: this.samples };
  }

  /** Whether it holds as much as is worked on at once, or did so since `begin` gave an earlier fill. */
  isFull(before = { bytes: 0, samples: 0 }): boolean {
    return (
      this.bytes.length - before.bytes >= limits.rewriteBatchBytes ||
      this.samples - before.samples >= limits.rewriteBatchSamples
    );
  }

  add(
    entry: Uint8Array,
    owner: number,
    replica: number,
    minTime: number,
    maxTime: number,
    samples: number,
  ): void {
    this.samples += samples;
    const at = this.chunkCount * chunkFields;
    if (at + chunkFields > this.chunks.length) {
      const grown = new Float64Array(this.chunks.length * 2);
      grown.set(this.chunks);
      this.chunks = grown;
    }
    this.chunks[at] = this.bytes.length;
    this.chunks[at + 1] = entry.length;
    this.chunks[at + 2] = replica;
    this.chunks[at + 3] = minTime;
    this.chunks[at + 4] = maxTime;
    this.chunks[at + 5] = owner;
    this.chunkCount++;
    this.bytes.raw(entry);
  }

  end(fromTime: number, toTime: number, removed: readonly RemovedTime[]): void {
    const { treatment, first } = this.open!;
    for (const { owner, minTime, maxTime } of removed)
      this.removed.push(this.seriesCount, owner, minTime, maxTime);
    this.series.push(treatment, first, this.chunkCount, fromTime, toTime);
  }

  /** The batch that was built. The builder is used up. */
  build(): Batch {
    return {
      bytes: this.bytes.written() as Uint8Array<ArrayBuffer>,
      chunks: this.chunks.subarray(0, this.chunkCount * chunkFields),
      series: Float64Array.from(this.series),
      removed: Float64Array.from(this.removed),
    };
  }
}

export function batchSeriesCount(batch: Batch): number {
  return batch.series.length / seriesFields;
}

export function batchSeries(batch: Batch, number: number): BatchSeries {
  const at = number * seriesFields;
  const { series } = batch;
  return {
    treatment: series[at] as Treatment,
    firstChunk: series[at + 1]!,
    endChunk: series[at + 2]!,
    fromTime: series[at + 3]!,
    toTime: series[at + 4]!,
  };
}

export function batchChunk(batch: Batch, number: number): BatchChunk {
  const at = number * chunkFields;
  const { chunks } = batch;
  return {
    offset: chunks[at]!,
    lengthBytes: chunks[at + 1]!,
    replica: chunks[at + 2]!,
    minTime: chunks[at + 3]!,
    maxTime: chunks[at + 4]!,
    owner: chunks[at + 5]!,
  };
}

export class ResultBuilder {
  readonly bytes: ByteWriter;
  private readonly counts: Uint32Array<ArrayBuffer>;
  private chunks = new Float64Array(4096);
  private chunkCount = 0;
  private current = 0;

  constructor(seriesCount: number, expectedBytes: number) {
    this.counts = new Uint32Array(seriesCount);
    this.bytes = new ByteWriter(Math.max(4096, expectedBytes));
  }

  beginSeries(number: number): void {
    this.current = number;
  }

  /** Notes the chunk whose entry was appended to `bytes` from `start` on. */
  add(start: number, minTime: number, maxTime: number, floats: number, histograms: number): void {
    const at = this.chunkCount * resultFields;
    this.reserve(1);
    this.chunks[at] = minTime;
    this.chunks[at + 1] = maxTime;
    this.chunks[at + 2] = this.bytes.length - start;
    this.chunks[at + 3] = floats;
    this.chunks[at + 4] = histograms;
    this.chunkCount++;
    this.counts[this.current]!++;
  }

  /** Adds chunks of the current series: their entries, and the numbers of `BatchResult.chunks` for each. */
  addAll(entries: Uint8Array, rows: Float64Array): void {
    const count = rows.length / resultFields;
    this.reserve(count);
    this.bytes.raw(entries);
    this.chunks.set(rows, this.chunkCount * resultFields);
    this.chunkCount += count;
    this.counts[this.current]! += count;
  }

  private reserve(count: number): void {
    const needed = (this.chunkCount + count) * resultFields;
    if (needed <= this.chunks.length) return;
    const grown = new Float64Array(Math.max(needed, this.chunks.length * 2));
    grown.set(this.chunks);
    this.chunks = grown;
  }

  build(): BatchResult {
    return {
      bytes: this.bytes.written() as Uint8Array<ArrayBuffer>,
      counts: this.counts,
      chunks: this.chunks.subarray(0, this.chunkCount * resultFields),
    };
  }
}

/** Calls back for each chunk of a result in order: number of its series, times, entry, and samples. */
export function forEachResult(
  result: BatchResult,
  begin: (series: number) => void,
  visit: (entry: Uint8Array, minTime: number, maxTime: number, floats: number, histograms: number) => void,
): void {
  const { bytes, counts, chunks } = result;
  let chunk = 0;
  let at = 0;
  for (let series = 0; series < counts.length; series++) {
    begin(series);
    for (let left = counts[series]!; left > 0; left--, chunk += resultFields) {
      const end = at + chunks[chunk + 2]!;
      visit(
        bytes.subarray(at, end),
        chunks[chunk]!,
        chunks[chunk + 1]!,
        chunks[chunk + 3]!,
        chunks[chunk + 4]!,
      );
      at = end;
    }
  }
}
