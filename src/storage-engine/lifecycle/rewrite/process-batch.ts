import { readChunkEntry } from '../../format/chunk.ts';
import { appendChunkEntry } from '../../format/chunk-writer.ts';
import {
  type Batch,
  type BatchParameters,
  type BatchResult,
  batchChunk,
  batchSeries,
  batchSeriesCount,
  type RemovedTime,
  ResultBuilder,
  treatment,
} from './batch.ts';
import { decodeRaw, encodeCompatible, needsTranscoding } from './decoded-chunk.ts';
import { downsampleSeries } from './downsample-series.ts';
import { mergeSeries } from './merge-series.ts';
import { sampleCounts } from './sample-counts.ts';
import { trimSeries } from './trim-aggregates.ts';

/** Does what a batch asks for, series by series. Runs in a worker or in line. */
export function processBatch(batch: Batch, parameters: BatchParameters): BatchResult {
  const count = batchSeriesCount(batch);
  const result = new ResultBuilder(count, batch.bytes.length);
  const removed = removedTimes(batch);
  for (let number = 0; number < count; number++) {
    const series = batchSeries(batch, number);
    result.beginSeries(number);
    if (series.treatment === treatment.merge)
      mergeSeries(batch, series, removed.get(number) ?? [], parameters.native, result);
    else if (series.treatment === treatment.downsample)
      downsampleSeries(batch, series, removed.get(number) ?? [], parameters, result);
    else if (series.treatment === treatment.trim)
      trimSeries(batch, series, removed.get(number) ?? [], result);
    else
      for (let chunk = series.firstChunk; chunk < series.endChunk; chunk++)
        copyChunk(batch, chunk, parameters.native, result);
  }
  return result.build();
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
