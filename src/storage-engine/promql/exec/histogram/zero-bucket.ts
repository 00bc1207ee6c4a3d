import { kahanAdd } from '../kahan.ts';
import {
  type Buckets,
  compactHistogram,
  type FloatHistogram,
  negativeBucketAt,
  positiveBucketAt,
} from './float-histogram.ts';

/** Compensation of a running sum of histograms: a number beside each count, in the same places. */
export interface Compensation {
  zeroCount: number;
  count: number;
  sum: number;
  positive: number[];
  negative: number[];
}

/**
 * The count that the zero bucket would have with a wider threshold. The threshold grows on when a bucket with
 * observations straddles it. Returns count, threshold and the compensation of the count.
 */
export function zeroCountForThreshold(
  h: FloatHistogram,
  wider: number,
  compensation?: Compensation,
): { count: number; threshold: number; c: number } {
  let c = compensation?.zeroCount ?? 0;
  if (wider === h.zeroThreshold) return { count: h.zeroCount, threshold: wider, c };
  let threshold = wider;
  for (;;) {
    const total = { sum: h.zeroCount, c };
    let grown = false;
    for (let at = 0; at < h.positive.indices.length; at++) {
      const bucket = positiveBucketAt(h, at);
      if (bucket.lower >= threshold) break;
      kahanAdd(total, bucket.count);
      if (compensation !== undefined) kahanAdd(total, compensation.positive[at]!);
      if (bucket.upper > threshold) {
        if (bucket.count !== 0) threshold = bucket.upper;
        break;
      }
    }
    for (let at = 0; at < h.negative.indices.length; at++) {
      const bucket = negativeBucketAt(h, at);
      if (bucket.upper <= -threshold) break;
      kahanAdd(total, bucket.count);
      if (compensation !== undefined) kahanAdd(total, compensation.negative[at]!);
      if (bucket.lower < -threshold) {
        if (bucket.count !== 0) {
          threshold = -bucket.lower;
          grown = true;
        }
        break;
      }
    }
    c = total.c;
    if (!grown) return { count: total.sum, threshold, c };
  }
}

/** Makes the zero thresholds of both equal, widening `h` in place; returns the other's zero count for it. */
export function reconcileZeroBuckets(
  h: FloatHistogram,
  other: FloatHistogram,
  compensation?: Compensation,
): { count: number; c: number } {
  let count = other.zeroCount;
  let threshold = other.zeroThreshold;
  let otherC = 0;
  while (threshold !== h.zeroThreshold) {
    if (h.zeroThreshold > threshold) {
      const wider = zeroCountForThreshold(other, h.zeroThreshold);
      count = wider.count;
      threshold = wider.threshold;
      otherC = wider.c;
    }
    if (threshold > h.zeroThreshold) {
      const wider = zeroCountForThreshold(h, threshold, compensation);
      h.zeroCount = wider.count;
      h.zeroThreshold = wider.threshold;
      if (compensation !== undefined) compensation.zeroCount = wider.c;
      trimInsideZeroBucket(h, compensation);
    }
  }
  return { count, c: otherC };
}

function trimInsideZeroBucket(h: FloatHistogram, compensation?: Compensation): void {
  for (let at = 0; at < h.positive.indices.length; at++) {
    if (positiveBucketAt(h, at).lower >= h.zeroThreshold) break;
    h.positive.counts[at] = 0;
    if (compensation !== undefined) compensation.positive[at] = 0;
  }
  for (let at = 0; at < h.negative.indices.length; at++) {
    if (negativeBucketAt(h, at).upper <= -h.zeroThreshold) break;
    h.negative.counts[at] = 0;
    if (compensation !== undefined) compensation.negative[at] = 0;
  }
  if (compensation === undefined) {
    compactHistogram(h);
    return;
  }
  h.positive = compactBoth(h.positive, compensation.positive);
  h.negative = compactBoth(h.negative, compensation.negative);
}

/** Drops buckets where count and compensation are 0, from both. */
function compactBoth(buckets: Buckets, compensation: number[]): Buckets {
  const kept = buckets.indices
    .map((_, i) => i)
    .filter((i) => buckets.counts[i] !== 0 || compensation[i] !== 0);
  const changed = {
    indices: kept.map((i) => buckets.indices[i]!),
    counts: kept.map((i) => buckets.counts[i]!),
  };
  compensation.splice(0, compensation.length, ...kept.map((i) => compensation[i]!));
  return changed;
}
