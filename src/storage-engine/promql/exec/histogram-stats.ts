import { emptyHistogram, type FloatHistogram, type ResetHint } from './histogram/float-histogram.ts';
import { detectReset } from './histogram/reset.ts';
import type { SourceSeries } from './sample-source.ts';

/**
 * Histograms reduced to count and sum, for functions that need no more. Resets are told from the buckets before they
 * go, between samples from `startMs` on.
 */
export function withoutBuckets(series: SourceSeries, startMs: number): SourceSeries {
  if (series.histograms === undefined) return series;
  let previous: FloatHistogram | undefined;
  const histograms = series.histograms.map((h, i) => {
    if (h === undefined || series.timestamps[i]! < startMs) return h;
    let resetHint: ResetHint = h.resetHint;
    if (resetHint === 'unknown' && previous !== undefined)
      resetHint = detectReset(h, previous) ? 'reset' : 'not_reset';
    previous = h;
    return emptyHistogram({ resetHint, schema: h.schema, count: h.count, sum: h.sum });
  });
  return { ...series, histograms };
}
