/** Which samples of a series lie in the window of each step: (time - range, time]. */
import * as columns from './columns';
import * as query from './query';

/** The shortest distance of two samples. */
function shortestDelta(times: usize, count: u32): i32 {
  let shortest = i32x4.splat(i32.MAX_VALUE);
  let i: u32 = 0;
  for (; i + 5 <= count; i += 4) {
    const at = times + (i << 2);
    shortest = i32x4.min_s(shortest, i32x4.sub(v128.load(at, 4), v128.load(at)));
  }
  let least = min(
    min(i32x4.extract_lane(shortest, 0), i32x4.extract_lane(shortest, 1)),
    min(i32x4.extract_lane(shortest, 2), i32x4.extract_lane(shortest, 3)),
  );
  for (; i + 1 < count; i++) least = min(least, load<i32>(times + (i << 2), 4) - load<i32>(times + (i << 2)));
  return least;
}

/**
 * Fills `lows` and `highs`. Where samples lie at their shortest distance and that divides the step, a window is the one
 * before moved by a fixed number of samples; elsewhere that is tried first.
 */
export function fillWindows(): void {
  const times = columns.times;
  const count = columns.count;
  const steps = query.steps;
  const lows = query.lows;
  const highs = query.highs;
  if (steps == 1) {
    // All that was decoded lies in the one window.
    store<u32>(lows, 0);
    store<u32>(highs, count);
    return;
  }
  const step = query.stepLength;
  const range = query.range;
  let delta: i32 = 0;
  let stride: u32 = 0;
  if (count > 4) {
    delta = shortestDelta(times, count);
    if (step % delta == 0) stride = <u32>(step / delta);
  }
  let low: u32 = 0;
  let high: u32 = 0;
  let lowMove: u32 = 0;
  let highMove: u32 = 0;
  for (let s: u32 = 0; s < steps; s++) {
    const end = query.firstStep + <i32>s * step;
    const start = end - range;
    const lowBefore = low;
    const highBefore = high;
    let guess = high + highMove;
    if (guess > 0 && guess < count && load<i32>(times + (guess << 2) - 4) <= end && load<i32>(times + (guess << 2)) > end)
      high = guess;
    else while (high < count && load<i32>(times + (high << 2)) <= end) high++;
    highMove = high - highBefore;
    guess = low + lowMove;
    if (guess > 0 && guess < high && load<i32>(times + (guess << 2) - 4) <= start && load<i32>(times + (guess << 2)) > start)
      low = guess;
    else while (low < high && load<i32>(times + (low << 2)) <= start) low++;
    lowMove = low - lowBefore;
    store<u32>(lows + (s << 2), low);
    store<u32>(highs + (s << 2), high);
    const held = high - low;
    if (stride == 0 || held < 2) continue;
    const newest = load<i32>(times + (high << 2) - 4);
    const oldest = load<i32>(times + (low << 2));
    if (oldest - start > delta || end - newest >= delta || newest - oldest != <i32>(held - 1) * delta) continue;
    // How far the regular stretch reaches, in steps.
    let reach = min(steps - 1 - s, (count - high) / stride);
    if (reach == 0) continue;
    const ahead = times + (high << 2) - 4;
    if (load<i32>(ahead + ((reach * stride) << 2)) - newest != <i32>reach * step) {
      let good: u32 = 0;
      while (reach - good > 1) {
        const middle = (good + reach) >> 1;
        if (load<i32>(ahead + ((middle * stride) << 2)) - newest == <i32>middle * step) good = middle;
        else reach = middle;
      }
      reach = good;
    }
    for (let k: u32 = 1; k <= reach; k++) {
      low += stride;
      high += stride;
      store<u32>(lows + ((s + k) << 2), low);
      store<u32>(highs + ((s + k) << 2), high);
    }
    s += reach;
    lowMove = stride;
    highMove = stride;
  }
}

@inline export function lowAt(step: u32): u32 {
  return load<u32>(query.lows + (step << 2));
}

@inline export function highAt(step: u32): u32 {
  return load<u32>(query.highs + (step << 2));
}
