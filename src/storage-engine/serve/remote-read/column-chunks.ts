import { limits } from '../../../base/limits.ts';
import { chunkEncoding } from '../../format/chunk.ts';
import { encodeHistogramChunk } from '../../format/chunk-histogram-writer.ts';
import { encodeXorChunk } from '../../format/chunk-xor.ts';
import { bitsOfFloat, spansOf } from '../../format/histogram-layout.ts';
import type { RemoteChunk } from '../../format/remote-read.ts';
import type { FloatHistogram } from '../../promql/exec/histogram/float-histogram.ts';
import type { SourceSeries } from '../../promql/exec/sample-source.ts';

/** The samples of a series as chunks: a new one for each other type or histogram layout, or after so many samples. */
export function* columnChunks(series: SourceSeries): Iterable<RemoteChunk> {
  const { timestamps, histograms } = series;
  for (let start = 0; start < timestamps.length; ) {
    const first = histograms?.[start];
    let end = start + 1;
    while (
      end < timestamps.length &&
      end - start < limits.remoteReadChunkSamples &&
      fits(first, histograms?.[end])
    )
      end++;
    yield {
      minTime: timestamps[start]!,
      maxTime: timestamps[end - 1]!,
      ...(first === undefined ? floatChunk(series, start, end) : histogramChunk(series, start, end)),
    };
    start = end;
  }
}

/** A chunk says of resets what holds for all of its samples but the first, so a reset begins a new one. */
function fits(first: FloatHistogram | undefined, next: FloatHistogram | undefined): boolean {
  if (first === undefined || next === undefined) return first === next;
  return (
    (next.resetHint === 'gauge') === (first.resetHint === 'gauge') &&
    next.resetHint !== 'reset' &&
    (next.resetHint === 'not_reset' || next.resetHint === 'gauge') &&
    first.schema === next.schema &&
    first.zeroThreshold === next.zeroThreshold &&
    same(first.positive.indices, next.positive.indices) &&
    same(first.negative.indices, next.negative.indices) &&
    same(first.customValues, next.customValues)
  );
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

function floatChunk({ timestamps, values }: SourceSeries, start: number, end: number) {
  const bits = new BigUint64Array(values.slice(start, end).buffer);
  return {
    encoding: chunkEncoding.xor,
    data: encodeXorChunk({ timestamps: timestamps.subarray(start, end), valueBits: bits }),
  };
}

const headers = { unknown: 'unknown', reset: 'reset', not_reset: 'notReset', gauge: 'gauge' } as const;

function histogramChunk({ timestamps, histograms }: SourceSeries, start: number, end: number) {
  const rows = histograms!.slice(start, end).map((histogram) => histogram!);
  const first = rows[0]!;
  return {
    encoding: chunkEncoding.floatHistogram,
    data: encodeHistogramChunk(
      {
        counterReset: headers[first.resetHint],
        layout: {
          schema: first.schema,
          zeroThreshold: first.zeroThreshold,
          positiveSpans: spansOf(first.positive.indices),
          negativeSpans: spansOf(first.negative.indices),
          customValues: Float64Array.from(first.customValues),
        },
        timestamps: timestamps.subarray(start, end),
        counts: Float64Array.from(rows, ({ count }) => count),
        zeroCounts: Float64Array.from(rows, ({ zeroCount }) => zeroCount),
        sumBits: BigUint64Array.from(rows, ({ sum }) => bitsOfFloat(sum)),
        positive: Float64Array.from(rows.flatMap(({ positive }) => positive.counts)),
        negative: Float64Array.from(rows.flatMap(({ negative }) => negative.counts)),
      },
      chunkEncoding.floatHistogram,
    ),
  };
}
