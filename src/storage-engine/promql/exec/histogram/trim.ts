import { goMath } from '../math/go-math.ts';
import {
  type Bucket,
  compactHistogram,
  copyHistogram,
  type FloatHistogram,
  negativeBucketAt,
  positiveBucketAt,
  usesCustomBuckets,
} from './float-histogram.ts';

/** A copy without the observations above (`</`) or below (`>/`) a value; split buckets are interpolated. */
export function trimHistogram(source: FloatHistogram, at: number, keep: 'lower' | 'upper'): FloatHistogram {
  const h = copyHistogram(source);
  const custom = usesCustomBuckets(h);
  const upperTrim = keep === 'lower';
  let count = 0;
  let sum = 0;
  let trimmed = false;
  const seen = { positive: false, negative: false };
  for (const side of ['positive', 'negative'] as const) {
    const isPositive = side === 'positive';
    const { counts } = h[side];
    for (let i = 0; i < counts.length; i++) {
      const bucket = isPositive ? positiveBucketAt(h, i) : negativeBucketAt(h, i);
      if (bucket.count === 0) continue;
      seen[side] = true;
      const isWhole = upperTrim ? bucket.upper <= at : bucket.lower >= at;
      const isSplit = upperTrim ? bucket.lower < at : bucket.upper > at;
      let kept = { count: 0, midpoint: 0 };
      if (isWhole)
        kept = { count: bucket.count, midpoint: midpoint(bucket.lower, bucket.upper, isPositive, custom) };
      else if (isSplit) kept = splitBucket(bucket, at, upperTrim, isPositive, custom);
      count += kept.count;
      sum += kept.midpoint * kept.count;
      if (counts[i] !== kept.count || (!isWhole && !isSplit)) trimmed = true;
      counts[i] = kept.count;
    }
  }
  if (h.zeroCount > 0) {
    const kept = splitZeroBucket(h, at, upperTrim, seen);
    if (h.zeroCount !== kept.count) trimmed = true;
    h.zeroCount = kept.count;
    sum += kept.midpoint * kept.count;
    count += kept.count;
  }
  if (!trimmed) return h;
  h.count = count;
  h.sum = sum;
  return compactHistogram(h);
}

interface Kept {
  readonly count: number;
  readonly midpoint: number;
}

function splitBucket(
  bucket: Bucket,
  at: number,
  upperTrim: boolean,
  isPositive: boolean,
  linear: boolean,
): Kept {
  const { lower, upper, count } = bucket;
  if (lower === -Infinity || upper === Infinity) return splitInfiniteBucket(bucket, at, upperTrim);
  let below = 0;
  if (at >= upper) below = count;
  else if (at > lower) below = count * fractionBelow(bucket, at, linear);
  return upperTrim
    ? { count: below, midpoint: midpoint(lower, at, isPositive, linear) }
    : { count: count - below, midpoint: midpoint(at, upper, isPositive, linear) };
}

function splitInfiniteBucket({ lower, upper, count }: Bucket, at: number, upperTrim: boolean): Kept {
  const finite = (value: number) => (Number.isFinite(value) ? value : 0);
  if (lower !== -Infinity) {
    if (upperTrim) return { count: 0, midpoint: finite(lower) };
    return at >= lower ? { count, midpoint: at } : { count: 0, midpoint: finite(lower) };
  }
  if (upperTrim) {
    if (at >= upper) return { count, midpoint: 0 };
    if (at > 0 && upper > 0 && upper !== Infinity) return { count: (count * at) / upper, midpoint: at / 2 };
    if (upper <= 0) return { count, midpoint: at };
    return { count: 0, midpoint: finite(upper) };
  }
  if (at <= lower) return { count, midpoint: 0 };
  if (at >= 0 && upper > at && upper !== Infinity) {
    return { count: count * (1 - at / upper), midpoint: (at + upper) / 2 };
  }
  return { count: 0, midpoint: finite(upper) };
}

function splitZeroBucket(
  h: FloatHistogram,
  at: number,
  upperTrim: boolean,
  seen: { readonly positive: boolean; readonly negative: boolean },
): Kept {
  const lower = seen.positive && !seen.negative ? 0 : -h.zeroThreshold;
  const upper = seen.negative && !seen.positive ? 0 : h.zeroThreshold;
  const middle = (lower + upper) / 2;
  if (at <= lower) return upperTrim ? { count: 0, midpoint: 0 } : { count: h.zeroCount, midpoint: middle };
  if (at >= upper) return upperTrim ? { count: h.zeroCount, midpoint: middle } : { count: 0, midpoint: 0 };
  const fraction = (upperTrim ? at - lower : upper - at) / (upper - lower);
  return { count: h.zeroCount * fraction, midpoint: upperTrim ? (lower + at) / 2 : (at + upper) / 2 };
}

/** Share of a bucket's width at or below a value inside it: linear, or on a logarithmic scale. */
export function fractionBelow({ lower, upper }: Bucket, value: number, linear: boolean): number {
  if (linear) return (value - lower) / (upper - lower);
  const logLower = goMath.log2(Math.abs(lower));
  const logUpper = goMath.log2(Math.abs(upper));
  const logValue = goMath.log2(Math.abs(value));
  if (value > 0) return (logValue - logLower) / (logUpper - logLower);
  return 1 - (logValue - logUpper) / (logLower - logUpper);
}

function midpoint(lower: number, upper: number, isPositive: boolean, linear: boolean): number {
  const lowerInfinite = !Number.isFinite(lower);
  if (lowerInfinite && !Number.isFinite(upper)) return 0;
  if (lowerInfinite) return upper > 0 ? upper / 2 : upper;
  if (!Number.isFinite(upper)) return lower;
  if (linear) return (lower + upper) / 2;
  const mean = Math.sqrt(Math.abs(lower * upper));
  return isPositive ? mean : -mean;
}
