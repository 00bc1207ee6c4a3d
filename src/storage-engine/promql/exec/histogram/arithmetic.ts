import { type KahanSum, kahanAdd } from '../kahan.ts';
import { exponentialBound, isCustomSchema } from './bounds.ts';
import {
  type Buckets,
  copyBuckets,
  copyHistogram,
  emptyBuckets,
  type FloatHistogram,
  type ResetHint,
  sameBounds,
  usesCustomBuckets,
} from './float-histogram.ts';
import { type Compensation, reconcileZeroBuckets } from './zero-bucket.ts';

/** Exponential and custom buckets do not combine. */
export class IncompatibleSchemaError extends Error {}

/** What happened beside the arithmetic; each becomes an annotation. */
export interface CombineNotes {
  readonly resetCollision: boolean;
  readonly boundsReconciled: boolean;
}

function requireSameKind(a: FloatHistogram, b: FloatHistogram): void {
  if (usesCustomBuckets(a) !== usesCustomBuckets(b)) {
    throw new IncompatibleSchemaError(
      'cannot apply this operation on histograms with a mix of exponential and custom bucket schemas',
    );
  }
}

/** The hint of a combination, and whether both hints contradict each other. */
function combineHints(a: ResetHint, b: ResetHint): { hint: ResetHint; collision: boolean } {
  if (a === b) return { hint: a, collision: false };
  if (a === 'gauge' || b === 'gauge') return { hint: 'gauge', collision: false };
  return { hint: 'unknown', collision: a !== 'unknown' && b !== 'unknown' };
}

/** h += sign * other, in place. Throws IncompatibleSchemaError. */
export function addHistogram(h: FloatHistogram, other: FloatHistogram, sign: 1 | -1 = 1): CombineNotes {
  requireSameKind(h, other);
  const { hint, collision } = combineHints(h.resetHint, other.resetHint);
  h.resetHint = hint;
  const custom = usesCustomBuckets(h);
  if (!custom) h.zeroCount += sign * reconcileZeroBuckets(h, other).count;
  h.count += sign * other.count;
  h.sum += sign * other.sum;
  if (custom) {
    if (sameBounds(h.customValues, other.customValues)) {
      h.positive = mergeBuckets(h.positive, other.positive, sign);
      return { resetCollision: collision, boundsReconciled: false };
    }
    const bounds = intersectBounds(h.customValues, other.customValues);
    h.positive = mergeOnBounds(h, other, sign, bounds).buckets;
    h.customValues = bounds;
    return { resetCollision: collision, boundsReconciled: true };
  }
  const schema = Math.min(h.schema, other.schema);
  for (const side of ['positive', 'negative'] as const) {
    const mine = reduceResolution(h[side], h.schema, schema);
    const theirs = reduceResolution(other[side], other.schema, schema);
    h[side] = mergeBuckets(mine, aboveThreshold(theirs, schema, h.zeroThreshold), sign);
  }
  h.schema = schema;
  return { resetCollision: collision, boundsReconciled: false };
}

/** A copy with a coarser schema. */
export function copyToSchema(h: FloatHistogram, schema: number): FloatHistogram {
  if (schema === h.schema) return copyHistogram(h);
  return {
    ...h,
    resetHint: 'unknown',
    schema,
    positive: reduceResolution(h.positive, h.schema, schema),
    negative: reduceResolution(h.negative, h.schema, schema),
  };
}

/** Index of a bucket in a coarser schema. */
function coarserIndex(index: number, from: number, to: number): number {
  return Math.floor((index - 1) / 2 ** (from - to)) + 1;
}

export function reduceResolution(buckets: Buckets, from: number, to: number): Buckets {
  if (from === to) return copyBuckets(buckets);
  const reduced = emptyBuckets();
  buckets.indices.forEach((index, i) => {
    const target = coarserIndex(index, from, to);
    const last = reduced.indices.length - 1;
    if (reduced.indices[last] === target) reduced.counts[last]! += buckets.counts[i]!;
    else {
      reduced.indices.push(target);
      reduced.counts.push(buckets.counts[i]!);
    }
  });
  return reduced;
}

/** Without the leading buckets that lie in the zero bucket. */
function aboveThreshold(buckets: Buckets, schema: number, threshold: number): Buckets {
  let first = 0;
  while (first < buckets.indices.length && exponentialBound(buckets.indices[first]!, schema) <= threshold)
    first++;
  if (first === 0) return buckets;
  return { indices: buckets.indices.slice(first), counts: buckets.counts.slice(first) };
}

function mergeBuckets(a: Buckets, b: Buckets, sign: 1 | -1): Buckets {
  const merged = emptyBuckets();
  for (let i = 0, j = 0; i < a.indices.length || j < b.indices.length; ) {
    const left = a.indices[i] ?? Infinity;
    const right = b.indices[j] ?? Infinity;
    merged.indices.push(Math.min(left, right));
    if (left < right) merged.counts.push(a.counts[i++]!);
    else if (right < left) merged.counts.push(sign * b.counts[j++]!);
    else merged.counts.push(a.counts[i++]! + sign * b.counts[j++]!);
  }
  return merged;
}

function intersectBounds(a: readonly number[], b: readonly number[]): number[] {
  const other = new Set(b);
  return a.filter((bound) => other.has(bound));
}

/** Sums the custom buckets of both onto common boundaries. */
function mergeOnBounds(
  h: FloatHistogram,
  other: FloatHistogram,
  sign: 1 | -1,
  bounds: readonly number[],
  compensation?: readonly number[],
): { buckets: Buckets; compensation: number[] } {
  const targets: KahanSum[] = Array.from({ length: bounds.length + 1 }, () => ({ sum: 0, c: 0 }));
  const collect = (source: FloatHistogram, factor: 1 | -1, extra?: readonly number[]) => {
    let target = 0;
    source.positive.indices.forEach((index, i) => {
      const bound = source.customValues[index] ?? Infinity;
      while (target < bounds.length && bounds[target]! < bound) target++;
      kahanAdd(targets[target]!, factor * source.positive.counts[i]!);
      if (extra !== undefined) kahanAdd(targets[target]!, extra[i]!);
    });
  };
  collect(h, 1, compensation);
  collect(other, sign);
  const buckets = emptyBuckets();
  const rest: number[] = [];
  targets.forEach(({ sum, c }, index) => {
    if (sum === 0 && c === 0) return;
    buckets.indices.push(index);
    buckets.counts.push(sum);
    rest.push(c);
  });
  return { buckets, compensation: rest };
}

/** A running sum of histograms with compensation in every count. */
export class HistogramSum {
  value: FloatHistogram;
  compensation: Compensation | undefined;

  constructor(first: FloatHistogram, compensation?: Compensation) {
    this.value = copyHistogram(first);
    this.compensation = compensation;
  }

  copy(): HistogramSum {
    const c = this.compensation;
    return new HistogramSum(
      this.value,
      c === undefined ? undefined : { ...c, positive: c.positive.slice(), negative: c.negative.slice() },
    );
  }

  /** Throws IncompatibleSchemaError. */
  add(other: FloatHistogram): CombineNotes {
    const h = this.value;
    requireSameKind(h, other);
    const { hint, collision } = combineHints(h.resetHint, other.resetHint);
    h.resetHint = hint;
    this.compensation ??= {
      zeroCount: 0,
      count: 0,
      sum: 0,
      positive: h.positive.counts.map(() => 0),
      negative: h.negative.counts.map(() => 0),
    };
    const c = this.compensation;
    const custom = usesCustomBuckets(h);
    if (!custom) {
      const zero = reconcileZeroBuckets(h, other, c);
      addInto(h, c, 'zeroCount', zero.count);
      addInto(h, c, 'zeroCount', zero.c);
    }
    addInto(h, c, 'count', other.count);
    addInto(h, c, 'sum', other.sum);
    if (custom && !sameBounds(h.customValues, other.customValues)) {
      const bounds = intersectBounds(h.customValues, other.customValues);
      const merged = mergeOnBounds(h, other, 1, bounds, c.positive);
      h.positive = merged.buckets;
      c.positive = merged.compensation;
      h.customValues = bounds;
      return { resetCollision: collision, boundsReconciled: true };
    }
    const schema = custom ? h.schema : Math.min(h.schema, other.schema);
    for (const side of ['positive', 'negative'] as const) {
      const mine = reduceCompensated(h[side], c[side], h.schema, schema);
      const zeros = other[side].counts.map(() => 0);
      const theirs = reduceCompensated(other[side], zeros, other.schema, schema);
      const sum = mergeCompensated(mine, theirs, custom ? undefined : { schema, threshold: h.zeroThreshold });
      h[side] = sum.buckets;
      c[side] = sum.compensation;
    }
    h.schema = schema;
    return { resetCollision: collision, boundsReconciled: false };
  }

  /** Multiplies sum and compensation. */
  scale(factor: number): void {
    this.#each((value) => value * factor);
    if (factor < 0) this.value.resetHint = 'gauge';
  }

  divide(divisor: number): void {
    this.#each((value) => value / divisor);
    if (divisor < 0) this.value.resetHint = 'gauge';
  }

  #each(change: (value: number) => number): void {
    for (const part of [this.value, this.compensation]) {
      if (part === undefined) continue;
      part.zeroCount = change(part.zeroCount);
      part.count = change(part.count);
      part.sum = change(part.sum);
    }
    const lists = [this.value.positive.counts, this.value.negative.counts];
    if (this.compensation !== undefined) lists.push(this.compensation.positive, this.compensation.negative);
    for (const list of lists) for (let i = 0; i < list.length; i++) list[i] = change(list[i]!);
  }

  /** Sum plus compensation. */
  total(): FloatHistogram {
    const h = copyHistogram(this.value);
    const c = this.compensation;
    if (c === undefined) return h;
    h.zeroCount += c.zeroCount;
    h.count += c.count;
    h.sum += c.sum;
    for (const side of ['positive', 'negative'] as const) {
      const { counts } = h[side];
      for (let i = 0; i < counts.length; i++) counts[i]! += c[side][i]!;
    }
    return h;
  }
}

type Compensated = { buckets: Buckets; compensation: number[] };

function addInto(
  h: FloatHistogram,
  c: Compensation,
  field: 'zeroCount' | 'count' | 'sum',
  inc: number,
): void {
  const total = { sum: h[field], c: c[field] };
  kahanAdd(total, inc);
  h[field] = total.sum;
  c[field] = total.c;
}

function reduceCompensated(
  buckets: Buckets,
  compensation: readonly number[],
  from: number,
  to: number,
): Compensated {
  if (from === to || isCustomSchema(from))
    return { buckets: copyBuckets(buckets), compensation: compensation.slice() };
  const reduced: Compensated = { buckets: emptyBuckets(), compensation: [] };
  buckets.indices.forEach((index, i) => {
    const target = coarserIndex(index, from, to);
    const last = reduced.buckets.indices.length - 1;
    if (reduced.buckets.indices[last] !== target) {
      reduced.buckets.indices.push(target);
      reduced.buckets.counts.push(buckets.counts[i]!);
      reduced.compensation.push(compensation[i]!);
      return;
    }
    const total = { sum: reduced.buckets.counts[last]!, c: reduced.compensation[last]! };
    kahanAdd(total, buckets.counts[i]!);
    kahanAdd(total, compensation[i]!);
    reduced.buckets.counts[last] = total.sum;
    reduced.compensation[last] = total.c;
  });
  return reduced;
}

function mergeCompensated(
  a: Compensated,
  b: Compensated,
  exponential: { readonly schema: number; readonly threshold: number } | undefined,
): Compensated {
  const merged: Compensated = { buckets: emptyBuckets(), compensation: [] };
  const push = (index: number, count: number, c: number) => {
    merged.buckets.indices.push(index);
    merged.buckets.counts.push(count);
    merged.compensation.push(c);
  };
  let j = 0;
  if (exponential !== undefined) {
    const { schema, threshold } = exponential;
    while (j < b.buckets.indices.length && exponentialBound(b.buckets.indices[j]!, schema) <= threshold) j++;
  }
  for (let i = 0; i < a.buckets.indices.length || j < b.buckets.indices.length; ) {
    const left = a.buckets.indices[i] ?? Infinity;
    const right = b.buckets.indices[j] ?? Infinity;
    if (left < right) push(left, a.buckets.counts[i]!, a.compensation[i]!);
    else if (right < left) push(right, b.buckets.counts[j]!, b.compensation[j]!);
    else {
      const total = { sum: a.buckets.counts[i]!, c: a.compensation[i]! };
      kahanAdd(total, b.buckets.counts[j]!);
      if (b.compensation[j] !== 0) kahanAdd(total, b.compensation[j]!);
      push(left, total.sum, total.c);
    }
    if (left <= right) i++;
    if (right <= left) j++;
  }
  return merged;
}
