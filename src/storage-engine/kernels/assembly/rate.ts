/** Changes over a window: rate, increase, delta (Prometheus's extrapolatedRate), irate, idelta, resets, changes. */
import * as columns from './columns';
import { markAt, staleMarker, timeAt, valueAt } from './columns';
import * as query from './query';
import { highAt, lowAt } from './windows';

/** Writes the extrapolated change at each step. Resets are marked; only counters have them. */
@inline export function extrapolated(out: usize, isCounter: bool, isRate: bool): void {
  const steps = query.steps;
  const range = query.range;
  const seconds = <f64>range / 1000;
  const marked = isCounter ? columns.markCount : 0;
  let mark: u32 = 0;
  let seen: u64 = 0;
  let found: u64 = 0;
  // What the factor was computed from last: it is the same while windows hold samples at the same distances.
  let knownStart: i32 = -1;
  let knownEnd: i32 = -1;
  let knownSamples: u32 = 0;
  let sampledMs: i32 = 0;
  let toStart: f64 = 0;
  let toEnd: f64 = 0;
  let sampled: f64 = 0;
  let factor: f64 = 0;
  for (let s: u32 = 0; s < steps; s++) {
    const low = lowAt(s);
    const high = highAt(s);
    const held = high - low;
    seen += held;
    if (high < low + 2) {
      store<u64>(out + (s << 3), staleMarker);
      continue;
    }
    const newest = high - 1;
    const first = valueAt(low);
    let change = valueAt(newest) - first;
    if (isCounter && mark < marked) {
      while (mark < marked && markAt(mark) <= low) mark++;
      for (let m = mark; m < marked && markAt(m) <= newest; m++) change += valueAt(markAt(m) - 1);
    }
    const end = query.firstStep + <i32>s * query.stepLength;
    const firstTime = timeAt(low);
    const lastTime = timeAt(newest);
    const startDistance = firstTime - (end - range);
    const endDistance = end - lastTime;
    if (startDistance != knownStart || endDistance != knownEnd || held != knownSamples || lastTime - firstTime != sampledMs) {
      knownStart = startDistance;
      knownEnd = endDistance;
      knownSamples = held;
      sampledMs = lastTime - firstTime;
      toStart = <f64>startDistance / 1000;
      toEnd = <f64>endDistance / 1000;
      sampled = <f64>sampledMs / 1000;
      const average = sampled / <f64>(held - 1);
      const threshold = average * 1.1;
      if (toStart >= threshold) toStart = average / 2;
      if (toEnd >= threshold) toEnd = average / 2;
      factor = (sampled + toStart + toEnd) / sampled;
      if (isRate) factor /= seconds;
    }
    let scale = factor;
    if (isCounter && change > 0 && first >= 0) {
      // A counter was 0 before its first value: extrapolation does not go below. The division is needed rarely.
      if (sampled * first < toStart * change * 1.0000001) {
        const toZero = sampled * (first / change);
        if (toZero < toStart) {
          scale = (sampled + toZero + toEnd) / sampled;
          if (isRate) scale /= seconds;
        }
      }
    }
    store<f64>(out + (s << 3), change * scale);
    found++;
  }
  query.addTotals(seen, found);
}

/** The change between the last two samples of each window. */
@inline export function lastChange(out: usize, isRate: bool): void {
  let seen: u64 = 0;
  let found: u64 = 0;
  for (let s: u32 = 0; s < query.steps; s++) {
    const low = lowAt(s);
    const high = highAt(s);
    seen += high - low;
    if (high < low + 2) {
      store<u64>(out + (s << 3), staleMarker);
      continue;
    }
    const before = valueAt(high - 2);
    const now = valueAt(high - 1);
    let change = isRate && now < before ? now : now - before;
    if (isRate) change /= <f64>(timeAt(high - 1) - timeAt(high - 2)) / 1000;
    store<f64>(out + (s << 3), change);
    found++;
  }
  query.addTotals(seen, found);
}

/** How many marked samples a window has behind its first one. */
@inline export function markedInside(out: usize): void {
  const marked = columns.markCount;
  let from: u32 = 0;
  let to: u32 = 0;
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
    while (to < marked && markAt(to) < high) to++;
    while (from < to && markAt(from) <= low) from++;
    store<f64>(out + (s << 3), <f64>(to - from));
    found++;
  }
  query.addTotals(seen, found);
}
