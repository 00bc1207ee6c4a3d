/** A bucket of a classic histogram: observations up to `upper`. */
export interface ClassicBucket {
  readonly upper: number;
  count: number;
}

/** What was changed because counts fell from one bucket to the next. */
export interface ForcedMonotonicity {
  readonly minBucket: number;
  readonly maxBucket: number;
  readonly maxDifference: number;
}

/** Relative difference of counts that is taken for rounding. */
const tolerance = 1e-12;
const smallestNormal = 2 ** -1022;

function almostEqual(a: number, b: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < smallestNormal) return difference < tolerance * smallestNormal;
  return difference / Math.min(sum, Number.MAX_VALUE) < tolerance;
}

/** Sorted by bound, equal bounds joined; undefined without a last bucket of +Inf. */
function prepare(buckets: readonly ClassicBucket[]): ClassicBucket[] | undefined {
  const sorted = [...buckets].sort((a, b) => (a.upper < b.upper ? -1 : a.upper > b.upper ? 1 : 0));
  if (sorted.at(-1)?.upper !== Infinity) return undefined;
  const joined: ClassicBucket[] = [];
  for (const bucket of sorted) {
    const last = joined.at(-1);
    if (last !== undefined && last.upper === bucket.upper) last.count += bucket.count;
    else joined.push({ ...bucket });
  }
  return joined;
}

function makeMonotonic(buckets: ClassicBucket[]): ForcedMonotonicity | undefined {
  let forced: ForcedMonotonicity | undefined;
  let previous = buckets[0]!.count;
  for (const bucket of buckets.slice(1)) {
    const { count, upper } = bucket;
    if (count === previous) continue;
    if (almostEqual(previous, count)) {
      bucket.count = previous;
    } else if (count < previous) {
      bucket.count = previous;
      forced = {
        minBucket: Math.min(forced?.minBucket ?? Infinity, upper),
        maxBucket: Math.max(forced?.maxBucket ?? -Infinity, upper),
        maxDifference: Math.max(forced?.maxDifference ?? 0, previous - count),
      };
    } else {
      previous = count;
    }
  }
  return forced;
}

/** The q-quantile of a classic histogram, interpolated inside its bucket. */
export function classicQuantile(
  q: number,
  input: readonly ClassicBucket[],
): { readonly value: number; readonly forced?: ForcedMonotonicity } {
  if (Number.isNaN(q)) return { value: NaN };
  if (q < 0) return { value: -Infinity };
  if (q > 1) return { value: Infinity };
  const buckets = prepare(input);
  if (buckets === undefined) return { value: NaN };
  const forced = makeMonotonic(buckets);
  const value = buckets.length < 2 ? NaN : interpolateRank(q, buckets);
  return forced === undefined ? { value } : { value, forced };
}

function interpolateRank(q: number, buckets: readonly ClassicBucket[]): number {
  const observations = buckets.at(-1)!.count;
  if (observations === 0) return NaN;
  let rank = q * observations;
  let at = buckets.slice(0, -1).findIndex(({ count }) => count >= rank);
  if (at < 0) at = buckets.length - 1;
  if (at === buckets.length - 1) return buckets.at(-2)!.upper;
  if (at === 0 && buckets[0]!.upper <= 0) return buckets[0]!.upper;
  const end = buckets[at]!.upper;
  let { count } = buckets[at]!;
  let start = 0;
  if (at > 0) {
    start = buckets[at - 1]!.upper;
    count -= buckets[at - 1]!.count;
    rank -= buckets[at - 1]!.count;
  }
  return start + (end - start) * (rank / count);
}

/** Share of observations between two values. */
export function classicFraction(lower: number, upper: number, input: readonly ClassicBucket[]): number {
  const buckets = prepare(input);
  if (buckets === undefined) return NaN;
  const total = buckets.at(-1)!.count;
  if (total === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return NaN;
  if (lower >= upper) return 0;
  const rankOf = (value: number): number => {
    let rank = 0;
    let start = buckets[0]!.upper <= 0 ? -Infinity : 0;
    for (const bucket of buckets) {
      if (start >= value) return rank;
      if (bucket.upper > value) {
        if (start === -Infinity) return bucket.count;
        return rank + ((bucket.count - rank) * (value - start)) / (bucket.upper - start);
      }
      rank = bucket.count;
      start = bucket.upper;
    }
    return total;
  };
  return (Math.min(rankOf(upper), total) - Math.min(rankOf(lower), total)) / total;
}
