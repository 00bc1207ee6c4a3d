/**
 * Aggregation of rows (a value at each step) into groups, series by series in their order. A group's state: a float and
 * its compensation for each step, then how many series had a value there.
 */
import { staleMarker } from './columns';
import { areInfinite, nextCompensation, nextCompensations } from './kahan';

export const none: i32 = 0;
export const sum: i32 = 1;
export const avg: i32 = 2;
export const min: i32 = 3;
export const max: i32 = 4;
export const count: i32 = 5;
export const stddev: i32 = 6;
export const group: i32 = 7;

/** Set in a count once the mean of a group is kept as a running one. */
const running: u32 = 0x80000000;

export function stateBytes(steps: u32): u32 {
  return (steps * 20 + 31) & ~15;
}

@inline function addSum(state: usize, lost: usize, counts: usize, row: usize, s: u32): void {
  const value = load<f64>(row + (s << 3));
  const before = load<f64>(state + (s << 3));
  const total = before + value;
  store<f64>(lost + (s << 3), nextCompensation(before, load<f64>(lost + (s << 3)), value, total));
  store<f64>(state + (s << 3), total);
  store<u32>(counts + (s << 2), load<u32>(counts + (s << 2)) + 1);
}

/** As addSum; where the sum would overflow, goes on with a running mean. */
function addMean(state: usize, lost: usize, counts: usize, row: usize, s: u32): void {
  const value = load<f64>(row + (s << 3));
  const before = load<u32>(counts + (s << 2));
  const n = (before & ~running) + 1;
  let total = load<f64>(state + (s << 3));
  let compensation = load<f64>(lost + (s << 3));
  let flag = before & running;
  if (n == 1) {
    total = value;
  } else {
    if (flag == 0) {
      const next = total + value;
      if (abs(next) != Infinity) {
        compensation = nextCompensation(total, compensation, value, next);
        total = next;
      } else {
        flag = running;
        total /= <f64>(n - 1);
        compensation /= <f64>(n - 1);
      }
    }
    if (flag != 0) {
      const share = <f64>(n - 1) / <f64>n;
      total *= share;
      compensation *= share;
      const part = value / <f64>n;
      const next = total + part;
      compensation = nextCompensation(total, compensation, part, next);
      total = next;
    }
  }
  store<f64>(state + (s << 3), total);
  store<f64>(lost + (s << 3), compensation);
  store<u32>(counts + (s << 2), n | flag);
}

@inline function addTotals(state: usize, lost: usize, counts: usize, row: usize, steps: u32, isMean: bool): void {
  const missing = i64x2.splat(staleMarker);
  let s: u32 = 0;
  for (; s + 2 <= steps; s += 2) {
    const at = s << 3;
    const value = v128.load(row + at);
    const present = i64x2.ne(value, missing);
    const before = v128.load(state + at);
    const total = f64x2.add(before, value);
    const infinite = v128.and(areInfinite(total), present);
    if (v128.any_true(infinite) || (isMean && (load<u64>(counts + (s << 2)) & 0x8000000080000000) != 0)) {
      for (let k = s; k < s + 2; k++) {
        if (load<u64>(row + (k << 3)) == staleMarker) continue;
        if (isMean) addMean(state, lost, counts, row, k);
        else addSum(state, lost, counts, row, k);
      }
      continue;
    }
    const compensation = v128.load(lost + at);
    const next = nextCompensations(before, compensation, value, total);
    v128.store(state + at, v128.bitselect(total, before, present));
    v128.store(lost + at, v128.bitselect(next, compensation, present));
    // A lane that is present is all ones: minus one.
    const ones = i8x16.shuffle(present, present, 0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11);
    store<u64>(counts + (s << 2), i64x2.extract_lane(i32x4.sub(v128.load64_zero(counts + (s << 2)), ones), 0));
  }
  for (; s < steps; s++) {
    if (load<u64>(row + (s << 3)) == staleMarker) continue;
    if (isMean) addMean(state, lost, counts, row, s);
    else addSum(state, lost, counts, row, s);
  }
}

@inline function addOther(operator: i32, state: usize, lost: usize, counts: usize, row: usize, steps: u32): void {
  for (let s: u32 = 0; s < steps; s++) {
    if (load<u64>(row + (s << 3)) == staleMarker) continue;
    const n = load<u32>(counts + (s << 2)) + 1;
    store<u32>(counts + (s << 2), n);
    if (operator == count || operator == group) continue;
    const value = load<f64>(row + (s << 3));
    const before = load<f64>(state + (s << 3));
    if (operator == stddev) {
      // `state` is the sum of squares, `lost` the mean.
      if (n == 1) {
        store<f64>(lost + (s << 3), value);
        store<f64>(state + (s << 3), abs(value) < Infinity ? 0 : NaN);
        continue;
      }
      const delta = value - load<f64>(lost + (s << 3));
      const mean = load<f64>(lost + (s << 3)) + delta / <f64>n;
      store<f64>(lost + (s << 3), mean);
      store<f64>(state + (s << 3), before + delta * (value - mean));
    } else if (n == 1 || before != before || (operator == min ? before > value : before < value)) {
      store<f64>(state + (s << 3), value);
    }
  }
}

/** Adds a row to a group's state. */
export function addRow(operator: i32, state: usize, row: usize, steps: u32): void {
  const lost = state + (steps << 3);
  const counts = lost + (steps << 3);
  switch (operator) {
    case sum: addTotals(state, lost, counts, row, steps, false); break;
    case avg: addTotals(state, lost, counts, row, steps, true); break;
    case min: addOther(min, state, lost, counts, row, steps); break;
    case max: addOther(max, state, lost, counts, row, steps); break;
    case count:
    case group: addOther(count, state, lost, counts, row, steps); break;
    default: addOther(stddev, state, lost, counts, row, steps); break;
  }
}

/** Makes the results of a group out of its state: values, a stale marker where no series had one. */
export function finishGroup(operator: i32, isRoot: bool, state: usize, steps: u32): void {
  const lost = state + (steps << 3);
  const counts = lost + (steps << 3);
  for (let s: u32 = 0; s < steps; s++) {
    const raw = load<u32>(counts + (s << 2));
    const n = <f64>(raw & ~running);
    if (raw == 0) {
      store<u64>(state + (s << 3), staleMarker);
      continue;
    }
    let value = load<f64>(state + (s << 3));
    const compensation = load<f64>(lost + (s << 3));
    if (operator == sum || (operator == avg && (raw & running) != 0)) value += compensation;
    else if (operator == avg) value = value / n + compensation / n;
    else if (operator == count) value = n;
    else if (operator == group) value = 1;
    else if (operator == stddev) value = isRoot ? sqrt(value / n) : value / n;
    store<f64>(state + (s << 3), value);
  }
}
