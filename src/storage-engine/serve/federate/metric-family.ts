import type { FloatHistogram } from '../../promql/exec/histogram/float-histogram.ts';

/** One metric as exposition formats know it. */
export interface Metric {
  readonly labels: readonly (readonly [string, string])[];
  readonly timestampMs: number;
  readonly value: number | FloatHistogram;
}

export interface MetricFamily {
  readonly name: string;
  readonly type: 'untyped' | 'histogram' | 'gauge_histogram';
  readonly metrics: readonly Metric[];
}

/** Cumulative counts of a histogram with custom buckets, without the last, unbounded one. */
export function classicBuckets(h: FloatHistogram): { upperBound: number; cumulativeCount: number }[] {
  let cumulativeCount = 0;
  let at = 0;
  return h.customValues.map((upperBound, i) => {
    while (at < h.positive.indices.length && h.positive.indices[at]! < i) at++;
    if (h.positive.indices[at] === i) cumulativeCount += h.positive.counts[at]!;
    return { upperBound, cumulativeCount };
  });
}
