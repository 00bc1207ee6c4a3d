import { goMath } from '../math/go-math.ts';
import { allBuckets, type FloatHistogram, usesCustomBuckets } from './float-histogram.ts';
import { fractionBelow } from './trim.ts';

/** A result, with what to say about NaN observations. */
export interface QuantileResult {
  readonly value: number;
  readonly note?: 'nan-result' | 'nan-skew';
}

/** The q-quantile of a native histogram, interpolated inside its bucket. */
export function histogramQuantile(q: number, h: FloatHistogram): QuantileResult {
  if (q < 0) return { value: -Infinity };
  if (q > 1) return { value: Infinity };
  if (h.count === 0 || Number.isNaN(q)) return { value: NaN };
  const hasNaN = Number.isNaN(h.sum);
  const fromBelow = hasNaN || q < 0.5;
  const buckets = allBuckets(h);
  if (!fromBelow) buckets.reverse();
  let rank = fromBelow ? q * h.count : (1 - q) * h.count;
  let count = 0;
  let bucket = { lower: 0, upper: 0, count: 0 };
  let next = 0;
  while (next < buckets.length) {
    bucket = { ...buckets[next++]! };
    if (bucket.count === 0) continue;
    count += bucket.count;
    if (count >= rank) break;
  }
  const custom = usesCustomBuckets(h);
  if (!custom && bucket.lower < 0 && bucket.upper > 0) {
    // The zero bucket: all observations lie on the side that has buckets.
    const { positive, negative } = h;
    if (negative.counts.length === 0 && positive.counts.length > 0) bucket.lower = 0;
    else if (positive.counts.length === 0 && negative.counts.length > 0) bucket.upper = 0;
  } else if (custom) {
    if (bucket.lower === -Infinity) {
      if (bucket.upper <= 0) return { value: bucket.upper };
      bucket.lower = 0;
    } else if (bucket.upper === Infinity) {
      return { value: bucket.lower };
    }
  }
  if (count > h.count) count = h.count;
  if (count < rank) return hasNaN ? { value: NaN, note: 'nan-result' } : { value: bucket.upper };
  rank = fromBelow ? rank - (count - bucket.count) : count - rank;
  let note: QuantileResult['note'];
  if (hasNaN) {
    for (const rest of buckets.slice(next)) count += rest.count;
    if (count < h.count) note = 'nan-skew';
  }
  const value = interpolate(bucket, rank / bucket.count, custom);
  return note === undefined ? { value } : { value, note };
}

function interpolate(bucket: { lower: number; upper: number }, fraction: number, linear: boolean): number {
  const { lower, upper } = bucket;
  if (linear || (lower <= 0 && upper >= 0)) return lower + (upper - lower) * fraction;
  const logLower = goMath.log2(Math.abs(lower));
  const logUpper = goMath.log2(Math.abs(upper));
  if (lower > 0) return goMath.exp2(logLower + (logUpper - logLower) * fraction);
  return -goMath.exp2(logUpper + (logLower - logUpper) * (1 - fraction));
}

/** Share of observations between two values; `hasNaNs`: NaN observations count in neither. */
export function histogramFraction(
  lower: number,
  upper: number,
  h: FloatHistogram,
): { value: number; hasNaNs: boolean } {
  if (h.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return { value: NaN, hasNaNs: false };
  if (lower >= upper) return { value: 0, hasNaNs: false };
  const custom = usesCustomBuckets(h);
  const buckets = allBuckets(h);
  const ranks: { lower?: number; upper?: number } = {};
  let rank = 0;
  let count = 0;
  for (const original of buckets) {
    const bucket = { ...original };
    count += bucket.count;
    const isZero = bucket.lower <= 0 && bucket.upper >= 0;
    if (isZero) {
      if (h.negative.counts.length === 0 && h.positive.counts.length > 0) bucket.lower = 0;
      else if (h.positive.counts.length === 0 && h.negative.counts.length > 0) bucket.upper = 0;
    }
    for (const [name, value] of [
      ['lower', lower],
      ['upper', upper],
    ] as const) {
      if (ranks[name] !== undefined) continue;
      if (bucket.lower >= value) ranks[name] = rank;
      else if (bucket.upper > value) {
        const linear = custom || isZero;
        ranks[name] =
          linear && bucket.lower === -Infinity
            ? bucket.count
            : rank + bucket.count * fractionBelow(bucket, value, linear);
      }
    }
    if (ranks.lower !== undefined && ranks.upper !== undefined) break;
    rank += bucket.count;
  }
  let hasNaNs = false;
  if (Number.isNaN(h.sum)) {
    count = buckets.reduce((total, bucket) => total + bucket.count, 0);
    hasNaNs = count < h.count;
  } else {
    count = h.count;
  }
  const clip = (value: number | undefined) => (value === undefined || value > count ? count : value);
  return { value: (clip(ranks.upper) - clip(ranks.lower)) / h.count, hasNaNs };
}
