/** Functions over all samples of a window, in the order of Prometheus's own arithmetic. */
import * as columns from './columns';
import { bitsAt, staleMarker, valueAt } from './columns';
import { nextCompensation, nextCompensations } from './kahan';
import * as query from './query';
import { highAt, lowAt } from './windows';

/** The newest sample of each window; a stale marker means that there is none. */
@inline export function newest(out: usize, countsWindows: bool): void {
  let seen: u64 = 0;
  let found: u64 = 0;
  for (let s: u32 = 0; s < query.steps; s++) {
    const low = lowAt(s);
    const high = highAt(s);
    let bits = staleMarker;
    if (low < high) bits = bitsAt(high - 1);
    store<u64>(out + (s << 3), bits);
    const has = <u64>(bits != staleMarker);
    found += has;
    seen += countsWindows ? high - low : has;
  }
  query.addTotals(seen, found);
}

export const countSamples: i32 = 0;
export const oldestSample: i32 = 1;
export const presence: i32 = 2;

/** What takes no look at values, or at one. */
@inline export function simple(out: usize, kind: i32): void {
  let seen: u64 = 0;
  let found: u64 = 0;
  for (let s: u32 = 0; s < query.steps; s++) {
    const low = lowAt(s);
    const held = highAt(s) - low;
    if (held == 0) {
      store<u64>(out + (s << 3), staleMarker);
      continue;
    }
    seen += held;
    found++;
    if (kind == oldestSample) store<u64>(out + (s << 3), bitsAt(low));
    else store<f64>(out + (s << 3), kind == presence ? 1 : <f64>held);
  }
  query.addTotals(seen, found);
}

/** The largest (or smallest) value, the first of equal ones; NaN only where there is nothing else. */
@inline export function extreme(out: usize, largest: bool, queue: usize): void {
  // Positions whose values are to become the extreme once better ones have left the window: worse ones are dropped.
  let head: u32 = 0;
  let tail: u32 = 0;
  let next: u32 = 0;
  let seen: u64 = 0;
  let found: u64 = 0;
  for (let s: u32 = 0; s < query.steps; s++) {
    const low = lowAt(s);
    const high = highAt(s);
    for (; next < high; next++) {
      const value = valueAt(next);
      if (value != value) continue;
      while (tail > head) {
        const worst = valueAt(load<u32>(queue + ((tail - 1) << 2)));
        if (largest ? worst < value : worst > value) tail--;
        else break;
      }
      store<u32>(queue + (tail++ << 2), next);
    }
    while (head < tail && load<u32>(queue + (head << 2)) < low) head++;
    if (low == high) {
      store<u64>(out + (s << 3), staleMarker);
      continue;
    }
    seen += high - low;
    found++;
    store<f64>(out + (s << 3), head < tail ? valueAt(load<u32>(queue + (head << 2))) : NaN);
  }
  query.addTotals(seen, found);
}

/** The mean of one window: a sum divided, or a running mean once the sum would overflow. */
function meanOf(low: u32, high: u32): f64 {
  let sum = valueAt(low);
  let compensation: f64 = 0;
  let isRunning = false;
  let count: f64 = 1;
  for (let i = low + 1; i < high; i++) {
    count++;
    const value = valueAt(i);
    if (!isRunning) {
      const total = sum + value;
      if (abs(total) != Infinity) {
        compensation = nextCompensation(sum, compensation, value, total);
        sum = total;
        continue;
      }
      isRunning = true;
      sum /= count - 1;
      compensation /= count - 1;
    }
    const share = (count - 1) / count;
    sum *= share;
    compensation *= share;
    const part = value / count;
    const total = sum + part;
    compensation = nextCompensation(sum, compensation, part, total);
    sum = total;
  }
  return isRunning ? sum + compensation : sum / count + compensation / count;
}

function sumOf(low: u32, high: u32): f64 {
  let sum: f64 = 0;
  let compensation: f64 = 0;
  for (let i = low; i < high; i++) {
    const value = valueAt(i);
    const total = sum + value;
    compensation = nextCompensation(sum, compensation, value, total);
    sum = total;
  }
  return abs(sum) == Infinity ? sum : sum + compensation;
}

@inline function pair(a: usize, b: usize): v128 {
  return v128.load64_lane(b, v128.load64_zero(a), 1);
}

@inline function finish(step: u32, out: usize, sum: f64, compensation: f64, isMean: bool): void {
  const low = lowAt(step);
  const high = highAt(step);
  let result: f64;
  // Infinities and NaNs take turns of their own.
  if (!(abs(sum) < Infinity)) result = isMean ? meanOf(low, high) : sumOf(low, high);
  else if (isMean) {
    const held = <f64>(high - low);
    result = sum / held + compensation / held;
  } else result = sum + compensation;
  store<f64>(out + (step << 3), result);
}

/** Sums or means. The windows of four steps are summed side by side, each in its own order. */
@inline export function total(out: usize, isMean: bool): void {
  const values = columns.values;
  const steps = query.steps;
  let seen: u64 = 0;
  let found: u64 = 0;
  let s: u32 = 0;
  for (; s + 4 <= steps; s += 4) {
    const l0 = lowAt(s), l1 = lowAt(s + 1), l2 = lowAt(s + 2), l3 = lowAt(s + 3);
    const n0 = highAt(s) - l0, n1 = highAt(s + 1) - l1, n2 = highAt(s + 2) - l2, n3 = highAt(s + 3) - l3;
    const common = min(min(n0, n1), min(n2, n3));
    if (common == 0) {
      for (let k = s; k < s + 4; k++) {
        const low = lowAt(k);
        const high = highAt(k);
        if (low == high) {
          store<u64>(out + (k << 3), staleMarker);
          continue;
        }
        seen += high - low;
        found++;
        store<f64>(out + (k << 3), isMean ? meanOf(low, high) : sumOf(low, high));
      }
      continue;
    }
    seen += n0 + n1 + n2 + n3;
    found += 4;
    let p0 = values + (l0 << 3), p1 = values + (l1 << 3), p2 = values + (l2 << 3), p3 = values + (l3 << 3);
    const stop = p0 + (common << 3);
    // The first value needs no addition: 0 + x is x, and nothing is lost.
    let s01 = pair(p0, p1), s23 = pair(p2, p3);
    let c01 = f64x2.splat(0), c23 = f64x2.splat(0);
    for (p0 += 8, p1 += 8, p2 += 8, p3 += 8; p0 < stop; p0 += 8, p1 += 8, p2 += 8, p3 += 8) {
      const x01 = pair(p0, p1), x23 = pair(p2, p3);
      const t01 = f64x2.add(s01, x01), t23 = f64x2.add(s23, x23);
      c01 = nextCompensations(s01, c01, x01, t01);
      c23 = nextCompensations(s23, c23, x23, t23);
      s01 = t01;
      s23 = t23;
    }
    remainder(s, out, f64x2.extract_lane(s01, 0), f64x2.extract_lane(c01, 0), common, isMean);
    remainder(s + 1, out, f64x2.extract_lane(s01, 1), f64x2.extract_lane(c01, 1), common, isMean);
    remainder(s + 2, out, f64x2.extract_lane(s23, 0), f64x2.extract_lane(c23, 0), common, isMean);
    remainder(s + 3, out, f64x2.extract_lane(s23, 1), f64x2.extract_lane(c23, 1), common, isMean);
  }
  for (; s < steps; s++) {
    const low = lowAt(s);
    const high = highAt(s);
    if (low == high) {
      store<u64>(out + (s << 3), staleMarker);
      continue;
    }
    seen += high - low;
    found++;
    store<f64>(out + (s << 3), isMean ? meanOf(low, high) : sumOf(low, high));
  }
  query.addTotals(seen, found);
}

/** Adds what one window holds beyond what all four do. */
function remainder(step: u32, out: usize, sum: f64, compensation: f64, done: u32, isMean: bool): void {
  const high = highAt(step);
  for (let i = lowAt(step) + done; i < high; i++) {
    const value = valueAt(i);
    const total = sum + value;
    compensation = nextCompensation(sum, compensation, value, total);
    sum = total;
  }
  finish(step, out, sum, compensation, isMean);
}

/** Population variance, or its root. */
@inline export function deviation(out: usize, isRoot: bool): void {
  let seen: u64 = 0;
  let found: u64 = 0;
  for (let s: u32 = 0; s < query.steps; s++) {
    const low = lowAt(s);
    const high = highAt(s);
    if (low == high) {
      store<u64>(out + (s << 3), staleMarker);
      continue;
    }
    seen += high - low;
    found++;
    let count: f64 = 0;
    let mean: f64 = 0;
    let meanLost: f64 = 0;
    let squares: f64 = 0;
    let squaresLost: f64 = 0;
    for (let i = low; i < high; i++) {
      count++;
      const value = valueAt(i);
      const delta = value - (mean + meanLost);
      const share = delta / count;
      let total = mean + share;
      meanLost = nextCompensation(mean, meanLost, share, total);
      mean = total;
      const square = delta * (value - (mean + meanLost));
      total = squares + square;
      squaresLost = nextCompensation(squares, squaresLost, square, total);
      squares = total;
    }
    const variance = (squares + squaresLost) / count;
    store<f64>(out + (s << 3), isRoot ? sqrt(variance) : variance);
  }
  query.addTotals(seen, found);
}
