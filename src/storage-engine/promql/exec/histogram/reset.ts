import { reduceResolution } from './arithmetic.ts';
import { exponentialBound } from './bounds.ts';
import { type Buckets, type FloatHistogram, sameBounds, usesCustomBuckets } from './float-histogram.ts';
import { zeroCountForThreshold } from './zero-bucket.ts';

/** Whether a counter was reset between `previous` and `h`: by the hint, else by any count that fell. */
export function detectReset(h: FloatHistogram, previous: FloatHistogram): boolean {
  if (h.resetHint === 'reset') return true;
  if (h.resetHint === 'not_reset') return false;
  if (h.count < previous.count) return true;
  if (usesCustomBuckets(h)) {
    if (!usesCustomBuckets(previous)) return true;
    if (!sameBounds(h.customValues, previous.customValues)) return rolledUpCountFell(h, previous);
  } else if (usesCustomBuckets(previous)) {
    return true;
  }
  if (h.schema > previous.schema || h.zeroThreshold < previous.zeroThreshold) return true;
  const widened = zeroCountForThreshold(previous, h.zeroThreshold);
  if (widened.threshold !== h.zeroThreshold || h.zeroCount < widened.count) return true;
  return (['positive', 'negative'] as const).some((side) => {
    const before = visible(reduceResolution(previous[side], previous.schema, h.schema), h);
    return bucketFell(visible(h[side], h), before);
  });
}

/** Without the buckets inside the zero bucket. */
function visible(buckets: Buckets, h: FloatHistogram): Buckets {
  if (h.zeroThreshold === 0 || usesCustomBuckets(h)) return buckets;
  let first = 0;
  while (
    first < buckets.indices.length &&
    exponentialBound(buckets.indices[first]!, h.schema) <= h.zeroThreshold
  ) {
    first++;
  }
  return { indices: buckets.indices.slice(first), counts: buckets.counts.slice(first) };
}

function bucketFell(current: Buckets, previous: Buckets): boolean {
  let at = 0;
  return previous.indices.some((index, i) => {
    while (at < current.indices.length && current.indices[at]! < index) at++;
    const count = current.indices[at] === index ? current.counts[at]! : 0;
    return count < previous.counts[i]!;
  });
}

/** Compares custom buckets on the boundaries that both have. */
function rolledUpCountFell(h: FloatHistogram, previous: FloatHistogram): boolean {
  const before = new Set(previous.customValues);
  const bounds = [...h.customValues.filter((bound) => before.has(bound)), Infinity];
  const current = rollUp(h, bounds);
  return rollUp(previous, bounds).some((count, i) => current[i]! < count);
}

function rollUp(h: FloatHistogram, bounds: readonly number[]): number[] {
  const counts = bounds.map(() => 0);
  let target = 0;
  h.positive.indices.forEach((index, i) => {
    const bound = h.customValues[index] ?? Infinity;
    while (bounds[target]! < bound) target++;
    counts[target]! += h.positive.counts[i]!;
  });
  return counts;
}
