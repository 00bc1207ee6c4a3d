import { CorruptDataError } from '../../../base/errors.ts';
import { chunkEncoding, readChunkEntry } from '../../format/chunk.ts';
import { appendChunkEntry } from '../../format/chunk-writer.ts';
import {
  type Batch,
  type BatchParameters,
  type BatchResult,
  type BatchSeries,
  batchChunk,
  batchSeries,
  batchSeriesCount,
  type RemovedTime,
  ResultBuilder,
  treatment,
} from './batch.ts';
import type { BatchKernel } from './batch-kernel.ts';
import { decodeRaw, encodeCompatible, needsTranscoding } from './decoded-chunk.ts';
import { downsampleSeries } from './downsample-series.ts';
import { mergeSeries } from './merge-series.ts';
import { sampleCounts } from './sample-counts.ts';
import { trimSeries } from './trim-aggregates.ts';

/**
 * Does what a batch asks for, series by series. Runs in a worker or in line. With `kernel`, what that takes is done by it;
 * the result is the same, byte for byte.
 */
export function processBatch(batch: Batch, parameters: BatchParameters, kernel?: BatchKernel): BatchResult {
  kernel?.open(batch);
  const count = batchSeriesCount(batch);
  const result = new ResultBuilder(count, batch.bytes.length);
  const removed = removedTimes(batch);
  for (let number = 0; number < count; number++) {
    const series = batchSeries(batch, number);
    result.beginSeries(number);
    if (!removed.has(number) && byKernel(series, parameters, kernel, result)) continue;
    try {
      processSeries(batch, series, removed.get(number) ?? [], parameters, result);
    } catch (error) {
      throw error instanceof CorruptDataError ? named(error, batch, series, parameters) : error;
    }
  }
  return result.build();
}

function processSeries(
  batch: Batch,
  series: BatchSeries,
  removed: readonly RemovedTime[],
  parameters: BatchParameters,
  result: ResultBuilder,
): void {
  if (series.treatment === treatment.merge) mergeSeries(batch, series, removed, parameters.native, result);
  else if (series.treatment === treatment.downsample)
    downsampleSeries(batch, series, removed, parameters, result);
  else if (series.treatment === treatment.trim) trimSeries(batch, series, removed, result);
  else
    for (let chunk = series.firstChunk; chunk < series.endChunk; chunk++)
      copyChunk(batch, chunk, parameters.native, result);
}

/** The fault with the block and the time of the chunk that it is in. */
function named(
  error: CorruptDataError,
  batch: Batch,
  { firstChunk, endChunk }: BatchSeries,
  { names }: BatchParameters,
): CorruptDataError {
  for (let number = firstChunk; number < endChunk; number++) {
    const { offset, owner, minTime } = batchChunk(batch, number);
    const what = `block ${names[owner]}: chunk from ${new Date(minTime).toISOString()}`;
    try {
      const { encoding, data } = readChunkEntry(batch.bytes, offset, 'it');
      if (encoding !== chunkEncoding.aggregate) decodeRaw(encoding, data);
    } catch (fault) {
      return new CorruptDataError(`${what}: ${(fault as Error).message}`);
    }
  }
  return error;
}

function byKernel(
  series: BatchSeries,
  { replicas, resolutionMs, sourceResolutionMs }: BatchParameters,
  kernel: BatchKernel | undefined,
  result: ResultBuilder,
): boolean {
  if (kernel === undefined || series.firstChunk === series.endChunk) return false;
  if (series.treatment === treatment.merge) return kernel.merge(series, replicas, result);
  return (
    series.treatment === treatment.downsample &&
    sourceResolutionMs === 0 &&
    kernel.downsample(series, resolutionMs, result)
  );
}

function removedTimes({ removed }: Batch): Map<number, RemovedTime[]> {
  const found = new Map<number, RemovedTime[]>();
  for (let at = 0; at < removed.length; at += 4) {
    const ranges = found.get(removed[at]!) ?? [];
    ranges.push({ owner: removed[at + 1]!, minTime: removed[at + 2]!, maxTime: removed[at + 3]! });
    found.set(removed[at]!, ranges);
  }
  return found;
}

function copyChunk(batch: Batch, number: number, native: boolean, result: ResultBuilder): void {
  const info = batchChunk(batch, number);
  const { encoding, data } = readChunkEntry(batch.bytes, info.offset, 'chunk');
  const start = result.bytes.length;
  if (!native && needsTranscoding(encoding)) {
    const encoded = encodeCompatible(decodeRaw(encoding, data));
    appendChunkEntry(result.bytes, encoded.encoding, encoded.data);
  } else {
    result.bytes.raw(batch.bytes.subarray(info.offset, info.offset + info.lengthBytes));
  }
  const { floats, histograms } = sampleCounts(encoding, data, 0);
  result.add(start, info.minTime, info.maxTime, floats, histograms);
}
