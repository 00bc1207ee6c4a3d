import { formatFloatGeneral } from '../../syntax/go-format.ts';
import { bucketBound, isCustomSchema } from './bounds.ts';

/** What is known of counter resets between a histogram and the one before it. */
export type ResetHint = 'unknown' | 'reset' | 'not_reset' | 'gauge';

/** Counts of buckets by index, sorted by index; an index may be present with count 0. */
export interface Buckets {
  readonly indices: number[];
  readonly counts: number[];
}

/**
 * A native histogram with float counts (Prometheus model/histogram.FloatHistogram). Buckets are kept as sorted
 * indices instead of spans. Functions that change a histogram say so; all others treat it as read-only.
 */
export interface FloatHistogram {
  resetHint: ResetHint;
  /** -4 to 8: exponential; -53: custom boundaries. */
  schema: number;
  zeroThreshold: number;
  zeroCount: number;
  count: number;
  sum: number;
  positive: Buckets;
  negative: Buckets;
  /** Upper boundaries of custom buckets, without +Inf. */
  customValues: readonly number[];
}

export function emptyBuckets(): Buckets {
  return { indices: [], counts: [] };
}

export function emptyHistogram(fields: Partial<FloatHistogram> = {}): FloatHistogram {
  return {
    resetHint: 'unknown',
    schema: 0,
    zeroThreshold: 0,
    zeroCount: 0,
    count: 0,
    sum: 0,
    positive: emptyBuckets(),
    negative: emptyBuckets(),
    customValues: [],
    ...fields,
  };
}

export function copyHistogram(h: FloatHistogram): FloatHistogram {
  return { ...h, positive: copyBuckets(h.positive), negative: copyBuckets(h.negative) };
}

export function copyBuckets(buckets: Buckets): Buckets {
  return { indices: buckets.indices.slice(), counts: buckets.counts.slice() };
}

export function usesCustomBuckets(h: FloatHistogram): boolean {
  return isCustomSchema(h.schema);
}

export function sameBounds(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((bound, i) => bound === b[i]);
}

/** A bucket with its boundaries. */
export interface Bucket {
  lower: number;
  upper: number;
  readonly count: number;
}

export function positiveBucketAt(h: FloatHistogram, at: number): Bucket {
  const index = h.positive.indices[at]!;
  return {
    lower: bucketBound(index - 1, h.schema, h.customValues),
    upper: bucketBound(index, h.schema, h.customValues),
    count: h.positive.counts[at]!,
  };
}

export function negativeBucketAt(h: FloatHistogram, at: number): Bucket {
  const index = h.negative.indices[at]!;
  return {
    lower: -bucketBound(index, h.schema, h.customValues),
    upper: -bucketBound(index - 1, h.schema, h.customValues),
    count: h.negative.counts[at]!,
  };
}

/** All buckets from the lowest to the highest; those beside the zero bucket do not reach into it. */
export function allBuckets(h: FloatHistogram): Bucket[] {
  const buckets: Bucket[] = [];
  for (let at = h.negative.indices.length - 1; at >= 0; at--) {
    const bucket = negativeBucketAt(h, at);
    if (bucket.upper < 0 && bucket.upper > -h.zeroThreshold) bucket.upper = -h.zeroThreshold;
    buckets.push(bucket);
  }
  if (h.zeroCount > 0) buckets.push({ lower: -h.zeroThreshold, upper: h.zeroThreshold, count: h.zeroCount });
  for (let at = 0; at < h.positive.indices.length; at++) {
    const bucket = positiveBucketAt(h, at);
    if (bucket.lower > 0 && bucket.lower < h.zeroThreshold) bucket.lower = h.zeroThreshold;
    buckets.push(bucket);
  }
  return buckets;
}

/** Multiplies in place. */
export function scaleHistogram(h: FloatHistogram, factor: number): FloatHistogram {
  h.zeroCount *= factor;
  h.count *= factor;
  h.sum *= factor;
  for (const { counts } of [h.positive, h.negative])
    for (let i = 0; i < counts.length; i++) counts[i]! *= factor;
  if (factor < 0) h.resetHint = 'gauge';
  return h;
}

/** Divides in place; dividing by 0 leaves no buckets. */
export function divideHistogram(h: FloatHistogram, divisor: number): FloatHistogram {
  h.zeroCount /= divisor;
  h.count /= divisor;
  h.sum /= divisor;
  if (divisor === 0) {
    h.positive = emptyBuckets();
    h.negative = emptyBuckets();
    return h;
  }
  for (const { counts } of [h.positive, h.negative])
    for (let i = 0; i < counts.length; i++) counts[i]! /= divisor;
  if (divisor < 0) h.resetHint = 'gauge';
  return h;
}

/** Drops buckets with count 0, in place. */
export function compactHistogram(h: FloatHistogram): FloatHistogram {
  h.positive = compactBuckets(h.positive);
  h.negative = compactBuckets(h.negative);
  return h;
}

function compactBuckets(buckets: Buckets): Buckets {
  if (!buckets.counts.includes(0)) return buckets;
  const kept = emptyBuckets();
  buckets.counts.forEach((count, i) => {
    if (count === 0) return;
    kept.indices.push(buckets.indices[i]!);
    kept.counts.push(count);
  });
  return kept;
}

/** Equality in every bit, the reset hint aside. */
export function histogramsEqual(a: FloatHistogram, b: FloatHistogram): boolean {
  if (a.schema !== b.schema || !Object.is(a.count, b.count) || !Object.is(a.sum, b.sum)) return false;
  if (usesCustomBuckets(a) && !sameBounds(a.customValues, b.customValues)) return false;
  if (a.zeroThreshold !== b.zeroThreshold || !Object.is(a.zeroCount, b.zeroCount)) return false;
  return bucketsEqual(a.negative, b.negative) && bucketsEqual(a.positive, b.positive);
}

function bucketsEqual(a: Buckets, b: Buckets): boolean {
  if (a.indices.length !== b.indices.length) return false;
  return a.indices.every((index, i) => index === b.indices[i] && Object.is(a.counts[i], b.counts[i]));
}

export function hasOverflow(h: FloatHistogram): boolean {
  const isInfinite = (value: number) => value === Infinity || value === -Infinity;
  return (
    [h.zeroCount, h.count, h.sum].some(isInfinite) ||
    [h.positive.counts, h.negative.counts, h.customValues].some((values) => values.some(isInfinite))
  );
}

/** `{count:3, sum:1.5, [-1,-0.5):1, ...}`: Prometheus's text of a histogram. */
export function histogramText(h: FloatHistogram): string {
  let text = `{count:${formatFloatGeneral(h.count)}, sum:${formatFloatGeneral(h.sum)}`;
  for (let at = h.negative.indices.length - 1; at >= 0; at--) {
    const bucket = negativeBucketAt(h, at);
    if (bucket.count !== 0) text += `, ${bucketText(bucket, bucket.lower < 0, bucket.upper > 0)}`;
  }
  if (h.zeroCount !== 0) {
    const bucket = { lower: -h.zeroThreshold, upper: h.zeroThreshold, count: h.zeroCount };
    text += `, ${bucketText(bucket, true, true)}`;
  }
  const custom = usesCustomBuckets(h);
  for (let at = 0; at < h.positive.indices.length; at++) {
    const bucket = positiveBucketAt(h, at);
    if (bucket.count === 0) continue;
    const lowerInclusive = custom ? h.positive.indices[at] === 0 : bucket.lower < 0;
    text += `, ${bucketText(bucket, lowerInclusive, custom || bucket.upper > 0)}`;
  }
  return `${text}}`;
}

function bucketText(bucket: Bucket, lowerInclusive: boolean, upperInclusive: boolean): string {
  const [lower, upper, count] = [bucket.lower, bucket.upper, bucket.count].map((v) => formatFloatGeneral(v));
  return `${lowerInclusive ? '[' : '('}${lower},${upper}${upperInclusive ? ']' : ')'}:${count}`;
}
