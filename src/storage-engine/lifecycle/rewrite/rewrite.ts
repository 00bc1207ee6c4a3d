import { rmSync } from 'node:fs';
import { limits } from '../../../base/limits.ts';
import { BlockWriter, type WrittenBlock } from '../../block/block-writer.ts';
import type { Bucket } from '../../bucket/bucket.ts';
import type { BlockMeta } from '../../format/block-meta.ts';
import {
  type Batch,
  BatchBuilder,
  type BatchParameters,
  type BatchResult,
  forEachResult,
  type RemovedTime,
  type Treatment,
  treatment,
} from './batch.ts';
import type { BatchPool } from './batch-pool.ts';
import { BlockInput, compareLabels } from './block-input.ts';
import { ChunkCopier, type EntryView, findEntry } from './chunk-copier.ts';
import { needsTranscoding } from './decoded-chunk.ts';
import type { InputRemoval } from './removal.ts';
import { sampleCounts } from './sample-counts.ts';
import { SeriesChunks } from './series-chunks.ts';
import { mergeSymbols } from './symbol-merge.ts';

export interface RewriteInput {
  readonly meta: BlockMeta;
  /** Order of preference among HA replicas; blocks of one replica have the same number. */
  readonly replica: number;
  /** Read only for the choice among replicas near the borders of the output; nothing of it comes out. */
  readonly context?: boolean;
  /** What is left out of it, found by `scanRemoval`. */
  readonly removal?: InputRemoval | undefined;
}

export interface RewriteOptions {
  readonly bucket: Bucket;
  readonly inputs: readonly RewriteInput[];
  /** Empty folder in which the block is written. */
  readonly folder: string;
  /** Samples of [minTime, maxTime) come out. */
  readonly minTime: number;
  readonly maxTime: number;
  readonly memoryBytes: number;
  readonly parameters: Omit<BatchParameters, 'replicas' | 'names'>;
  readonly pool: BatchPool;
  readonly segmentBytes?: number;
  readonly signal?: AbortSignal;
}

/** Series in flight in one batch, whole or in parts. */
interface Flight {
  readonly labels: readonly Uint32Array[];
  /** Whether the series goes on in the next batch. */
  readonly goesOn: boolean;
  readonly result: Promise<BatchResult>;
}

/**
 * Writes one block out of several: their indexes merged in the order of labels, chunks copied byte for byte where nothing
 * touches them, else merged, deduplicated or downsampled in batches. Memory does not grow with the blocks.
 */
export async function rewriteBlocks(options: RewriteOptions): Promise<WrittenBlock> {
  const { bucket, signal, memoryBytes } = options;
  const windowBytes = windowFor(bucket, memoryBytes, options.inputs.length);
  const inputs: BlockInput[] = [];
  const { segmentBytes } = options;
  try {
    for (const { meta, removal } of options.inputs) {
      const input = await BlockInput.open(bucket, meta, windowBytes, signal);
      input.removal = removal;
      inputs.push(input);
    }
    const writer = new BlockWriter(options.folder, {
      memoryBytes: memoryBytes / 4,
      ...(segmentBytes !== undefined && { segmentBytes }),
    });
    await mergeSymbols(inputs, writer.index, options.folder, memoryBytes / 8);
    await new Rewriter(options, inputs, writer).run();
    return writer.finish();
  } catch (error) {
    rmSync(options.folder, { recursive: true, force: true });
    throw error;
  } finally {
    for (const input of inputs) await input.close();
  }
}

/** Three windows are held for each input, and three on their way. */
function windowFor(bucket: Bucket, memoryBytes: number, inputs: number): number {
  const share = memoryBytes / 4 / Math.max(1, inputs) / 6;
  // Requests to a store cost more the more they are; of a file small pieces stay in the processor's cache.
  const most = bucket.localPath === undefined ? limits.rewriteWindowMaxBytes : limits.rewriteFileWindowBytes;
  return Math.max(limits.rewriteWindowMinBytes, Math.min(most, Math.floor(share)));
}

class Rewriter {
  private readonly options: RewriteOptions;
  private readonly parameters: BatchParameters;
  private readonly inputs: readonly BlockInput[];
  private readonly writer: BlockWriter;
  private readonly chunks = new SeriesChunks();
  private readonly copier: ChunkCopier;
  private readonly view: EntryView = { bytes: new Uint8Array(0), start: 0, end: 0, data: 0, encoding: 0 };
  private readonly flights: Flight[] = [];
  private builder = new BatchBuilder();
  private builderLabels: Uint32Array[] = [];

  constructor(options: RewriteOptions, inputs: readonly BlockInput[], writer: BlockWriter) {
    this.options = options;
    this.inputs = inputs;
    this.writer = writer;
    const replicas = Math.max(0, ...options.inputs.map(({ replica }) => replica)) + 1;
    const names = options.inputs.map(({ meta }) => meta.ulid);
    this.parameters = { ...options.parameters, replicas, names };
    const { native } = options.parameters;
    this.copier = new ChunkCopier(writer, (encoding) => !native && needsTranscoding(encoding));
  }

  async run(): Promise<void> {
    const { inputs } = this;
    const live: number[] = [];
    for (let i = 0; i < inputs.length; i++) if (await advance(inputs[i]!)) live.push(i);
    while (live.length > 0) {
      let least = inputs[live[0]!]!.labels;
      for (let i = 1; i < live.length; i++) {
        const { labels } = inputs[live[i]!]!;
        if (compareLabels(labels, least) < 0) least = labels;
      }
      this.chunks.clear();
      const members: number[] = [];
      for (const number of live) {
        if (compareLabels(inputs[number]!.labels, least) !== 0) continue;
        this.chunks.add(inputs[number]!, number);
        members.push(number);
      }
      await this.series(least, members);
      for (const number of members) {
        const more = inputs[number]!.tryNext() ?? (await advance(inputs[number]!));
        if (!more) live.splice(live.indexOf(number), 1);
      }
    }
    await this.dispatch(false);
    while (this.flights.length > 0) await this.land();
  }

  private async series(labels: Uint32Array, members: readonly number[]): Promise<void> {
    const { parameters } = this.options;
    const known = members.map((number) => this.options.inputs[number]!);
    if (known.every(({ context }) => context === true)) return;
    const { order, removed } = this.withoutRemoved(members);
    if (order.length === 0) return;
    const replicas = new Set(known.map(({ replica }) => replica));
    const downsampled = parameters.resolutionMs > 0;
    const apart = this.chunks.apart || apartInOrder(this.chunks, order);
    if (downsampled) {
      await this.enqueue(labels, order, removed, treatment.downsample);
      return;
    }
    if (parameters.sourceResolutionMs > 0 && removed.length > 0 && apart) {
      await this.enqueue(labels, order, removed, treatment.trim);
      return;
    }
    if (removed.length > 0 || replicas.size > 1 || !apart) {
      await this.enqueue(labels, order, removed, treatment.merge);
      return;
    }
    if (this.flights.length > 0 || this.builder.seriesCount > 0) {
      await this.enqueue(labels, order, [], treatment.copy);
      return;
    }
    const copied = await this.copier.copy(this.inputs, this.chunks, order);
    if (copied < order.length) {
      await this.enqueue(labels, order.subarray(copied), [], treatment.copy);
      return;
    }
    this.writer.endSeries(labels);
  }

  /**
   * Chunks of the current series in the order of time, without those that go whole, and the times that go of the others.
   * What tombstones and removals leave out is left out before anything is chosen among replicas.
   */
  private withoutRemoved(members: readonly number[]): { order: Uint32Array; removed: RemovedTime[] } {
    const { chunks } = this;
    const removed: RemovedTime[] = members.flatMap((owner) => {
      const input = this.inputs[owner]!;
      return [
        ...input.tombstonesOfSeries().map(({ minTime, maxTime }) => ({ owner, minTime, maxTime })),
        ...(input.removal?.removed(input.seriesNumber) ?? []).map(({ startMs, endMs }) => ({
          owner,
          minTime: startMs,
          maxTime: endMs - 1,
        })),
      ];
    });
    const all = chunks.byTime();
    if (removed.length === 0) return { order: all, removed };
    const goes = (number: number, whole: boolean) =>
      removed.some(({ owner, minTime, maxTime }) => {
        if (owner !== chunks.input[number]) return false;
        const [first, last] = [chunks.minTime[number]!, chunks.maxTime[number]!];
        return whole ? first >= minTime && last <= maxTime : first <= maxTime && last >= minTime;
      });
    const order = all.filter((number) => !goes(number, true));
    return { order, removed: order.some((number) => goes(number, false)) ? removed : [] };
  }

  /** Puts a series into the batch, in parts where it is large. */
  private async enqueue(
    labels: Uint32Array,
    order: Uint32Array,
    removed: readonly RemovedTime[],
    kind: Treatment,
  ): Promise<void> {
    const { chunks, view, options } = this;
    const margin = kind === treatment.merge ? limits.dedupIntervalMs * 2 * options.inputs.length : 0;
    // Raw samples are cut between windows; aggregates and what is only copied between chunks.
    const { resolutionMs, sourceResolutionMs } = this.parameters;
    const windows = kind === treatment.downsample && sourceResolutionMs === 0 ? resolutionMs : 0;
    const cuts = kind === treatment.merge || windows > 0;
    let from = kind === treatment.merge ? options.minTime : Number.MIN_SAFE_INTEGER;
    const end = kind === treatment.merge ? options.maxTime : Number.MAX_SAFE_INTEGER;
    let begun = false;
    let first = 0;
    let before = { bytes: 0, samples: 0 };
    for (let at = 0; at < order.length; at++) {
      if (!begun) {
        before = this.builder.begin(kind);
        this.builderLabels.push(labels);
        begun = true;
      }
      const number = order[at]!;
      const input = this.inputs[chunks.input[number]!]!;
      const reference = chunks.reference[number]!;
      const waiting = findEntry(input, reference, view);
      if (waiting !== undefined) await waiting;
      const { floats, histograms } = sampleCounts(view.encoding, view.bytes, view.data);
      const { replica } = options.inputs[chunks.input[number]!]!;
      this.builder.add(
        view.bytes.subarray(view.start, view.end),
        chunks.input[number]!,
        replica,
        chunks.minTime[number]!,
        chunks.maxTime[number]!,
        floats + histograms,
      );
      if (!this.builder.isFull(before) || at + 1 >= order.length) continue;
      const next = chunks.minTime[order[at + 1]!]!;
      // The next part begins where the next chunk does; what lies near that border is in both.
      const border = windows > 0 ? next - (next % windows) : next - margin / 2;
      if (at - first < 64 || (cuts && border <= from + margin / 2)) continue;
      this.builder.end(from, cuts ? border : end, removed);
      await this.dispatch(true);
      begun = false;
      if (!cuts) continue;
      from = border;
      let back = at + 1;
      while (back > first && chunks.maxTime[order[back - 1]!]! >= border - margin) back--;
      first = back;
      at = back - 1;
    }
    if (begun) this.builder.end(from, end, removed);
    if (this.builder.isFull()) await this.dispatch(false);
  }

  private async dispatch(goesOn: boolean): Promise<void> {
    if (this.builder.seriesCount === 0) return;
    const batch: Batch = this.builder.build();
    const result = this.options.pool.run(batch, this.parameters);
    // Told when it is its turn.
    result.catch(() => undefined);
    this.flights.push({ labels: this.builderLabels, goesOn, result });
    this.builder = new BatchBuilder();
    this.builderLabels = [];
    this.options.signal?.throwIfAborted();
    while (this.flights.length > this.options.pool.width * 2) await this.land();
  }

  /** Writes what came out of the oldest batch. */
  private async land(): Promise<void> {
    const { labels, goesOn, result } = this.flights.shift()!;
    const { writer } = this;
    let current: Uint32Array | undefined;
    forEachResult(
      await result,
      (series) => {
        if (current !== undefined) writer.endSeries(current);
        current = labels[series]!;
      },
      (entry, minTime, maxTime, floats, histograms) => {
        writer.addChunk(entry, { minTime, maxTime });
        writer.numFloatSamples += floats;
        writer.numHistogramSamples += histograms;
      },
    );
    if (current !== undefined && !goesOn) writer.endSeries(current);
  }
}

function apartInOrder(chunks: SeriesChunks, order: Uint32Array): boolean {
  for (let i = 1; i < order.length; i++)
    if (chunks.minTime[order[i]!]! <= chunks.maxTime[order[i - 1]!]!) return false;
  return true;
}

async function advance(input: BlockInput): Promise<boolean> {
  for (;;) {
    const more = input.tryNext();
    if (more !== undefined) return more;
    await input.load();
  }
}
