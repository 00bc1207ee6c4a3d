import { limits } from '../../../base/limits.ts';
import { Kernel, kernelStatus } from '../../kernels/kernel.ts';
import { assumedRawIntervalMs } from '../downsample/windows.ts';
import type { Batch, BatchSeries, ResultBuilder } from './batch.ts';
import { batchChunk } from './batch.ts';

const maxOffsetMs = 2 ** 31 - 1;
/** Most bytes that a sample takes in a chunk, and what an entry takes besides. */
const sampleBytes = 18;
const entryBytes = 64;
const rowNumbers = 5;

/**
 * The work of `mergeSeries` and `downsampleSeries` for series of XOR chunks, by the kernels. What they do not take is for
 * those: histograms, other encodings, chunks of one replica that overlap, spans beyond 24.8 days, anything corrupt.
 */
export class BatchKernel {
  private kernel = new Kernel();
  private batch: Batch | undefined;
  private mark = 0;

  /** Brings a batch into the kernels' memory. */
  open(batch: Batch): void {
    // Memory of WebAssembly does not shrink: what one large series needed is given back.
    if (this.kernel.sizeBytes > limits.rewriteKernelBytes) this.kernel = new Kernel();
    const { kernel } = this;
    kernel.release();
    const bytes = kernel.allocate(batch.bytes.length);
    const table = kernel.allocate(batch.chunks.byteLength);
    kernel.bytes(bytes, batch.bytes.length).set(batch.bytes);
    kernel.float64(table, batch.chunks.length).set(batch.chunks);
    kernel.run.setBatch(bytes, table);
    this.mark = kernel.mark;
    this.batch = batch;
  }

  /** Merges one series into `result`; false, with nothing done, where it must be done otherwise. */
  merge(series: BatchSeries, replicas: number, result: ResultBuilder): boolean {
    const span = this.spanOf(series);
    if (span === undefined) return false;
    const { firstChunk, endChunk, fromTime, toTime } = series;
    const { run } = this.kernel;
    const { baseMs, samples } = span;
    const chunks = endChunk - firstChunk;
    const scratch = this.kernel.allocate(run.mergeScratchBytes(samples, chunks));
    const most = this.bytesOf(series) + samples * (sampleBytes + 1) + (chunks + 1) * 2 * entryBytes;
    return this.produce(result, most, chunks * 2 + Math.ceil(samples / 60) + 2, () =>
      run.mergeSeries(
        firstChunk,
        endChunk,
        replicas,
        baseMs,
        offset(fromTime, baseMs),
        offset(toTime, baseMs),
        limits.dedupIntervalMs,
        scratch,
        samples,
      ),
    );
  }

  /** Downsamples one series of raw floats into `result`; false, with nothing done, where it must be done otherwise. */
  downsample(series: BatchSeries, resolutionMs: number, result: ResultBuilder): boolean {
    const span = this.spanOf(series);
    if (span === undefined) return false;
    const { run } = this.kernel;
    const { baseMs, lastMs, samples } = span;
    const windows = Math.min(samples, Math.ceil((lastMs - baseMs) / resolutionMs) + 2);
    const scratch = this.kernel.allocate(run.downsampleScratchBytes(samples, windows));
    // Chunks aim at 140 windows, and of five columns the last has two samples more.
    const chunks = Math.ceil(windows / 20) + 2;
    const most = 5 * (windows + chunks * 2) * sampleBytes + chunks * 5 * entryBytes;
    return this.produce(result, most, chunks, () =>
      run.downsampleSeries(
        series.firstChunk,
        series.endChunk,
        baseMs,
        resolutionMs,
        assumedRawIntervalMs,
        offset(series.fromTime, baseMs),
        offset(series.toTime, baseMs),
        scratch,
        samples,
        windows,
      ),
    );
  }

  private bytesOf({ firstChunk, endChunk }: BatchSeries): number {
    const last = batchChunk(this.batch!, endChunk - 1);
    return last.offset + last.lengthBytes - batchChunk(this.batch!, firstChunk).offset;
  }

  /** The time and number of a series' samples, where the kernels take it. */
  private spanOf({ firstChunk, endChunk }: BatchSeries) {
    const { kernel, mark } = this;
    kernel.release(mark);
    let [minTime, lastMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let number = firstChunk; number < endChunk; number++) {
      const chunk = batchChunk(this.batch!, number);
      if (chunk.minTime < minTime) minTime = chunk.minTime;
      if (chunk.maxTime > lastMs) lastMs = chunk.maxTime;
    }
    const baseMs = minTime - 1;
    if (!(lastMs - baseMs < maxOffsetMs) || !Number.isSafeInteger(baseMs)) return undefined;
    const samples = kernel.run.samplesOf(firstChunk, endChunk) >>> 0;
    return samples === 0xffff_ffff ? undefined : { baseMs, lastMs, samples };
  }

  /** Runs `work` with room for its output, first for a usual one and then for the largest. */
  private produce(result: ResultBuilder, mostBytes: number, chunks: number, work: () => number): boolean {
    const { kernel } = this;
    const rows = kernel.allocate(chunks * rowNumbers * 8);
    const { mark } = kernel;
    for (const room of [Math.ceil(mostBytes / 8), mostBytes]) {
      kernel.release(mark);
      const out = kernel.allocate(room);
      kernel.run.setOutput(out, out + room, rows, rows + chunks * rowNumbers * 8);
      const status = work();
      if (status === kernelStatus.tooManySamples) continue;
      if (status !== kernelStatus.ok) return false;
      const count = kernel.run.outputChunks();
      result.addAll(kernel.bytes(out, kernel.run.outputBytes()), kernel.float64(rows, count * rowNumbers));
      return true;
    }
    return false;
  }
}

/** A time after a base, within what kernels know. */
function offset(timeMs: number, baseMs: number): number {
  return Math.max(-1, Math.min(maxOffsetMs, timeMs - baseMs));
}
