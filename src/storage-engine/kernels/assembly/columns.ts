/**
 * The samples of one series in columns, oldest first, in memory that the host gives. Times are milliseconds after
 * `base`, which is the last moment outside of all windows: a sample at or before it is not taken.
 */

/** Bits of the NaN that marks a series as stale. Compared as an integer, never as a float. */
export const staleMarker: u64 = 0x7ff0000000000002;

export let times: usize = 0;
export let values: usize = 0;
/** Positions of samples that are below the one before (or differ from it), where a function asks for them. */
export let marks: usize = 0;
/** Samples that the columns hold; the host keeps room for four more behind each. */
export let capacity: u32 = 0;

/** Time that stands for 0, and the last time that is wanted, as the offset from it. */
export let base: i64 = 0;
export let last: i64 = 0;

export let count: u32 = 0;
export let markCount: u32 = 0;
/** Time of the newest sample that was decoded, one that was left out included; before any, far in the past. */
export let newest: i64 = i64.MIN_VALUE;

export function setColumns(timesAt: usize, valuesAt: usize, marksAt: usize, samples: u32): void {
  times = timesAt;
  values = valuesAt;
  marks = marksAt;
  capacity = samples;
}

/** The times that are wanted: (baseMs, baseMs + lastMs]. */
export function setSpan(baseMs: f64, lastMs: f64): void {
  base = <i64>baseMs;
  last = <i64>lastMs;
}

/** Other columns and another time to decode into, for a while. */
export function moveTo(timesAt: usize, valuesAt: usize, baseMs: i64, lastMs: i64): void {
  times = timesAt;
  values = valuesAt;
  base = baseMs;
  last = lastMs;
}

/** Samples may be older again from here on. */
@inline export function startRun(): void {
  newest = i64.MIN_VALUE;
}

export function startSeries(): void {
  count = 0;
  markCount = 0;
  newest = i64.MIN_VALUE;
}

@inline export function setCounts(samples: u32, marked: u32, newestTime: i64): void {
  count = samples;
  markCount = marked;
  newest = newestTime;
}

@inline export function timeAt(index: u32): i32 {
  return load<i32>(times + (index << 2));
}

@inline export function valueAt(index: u32): f64 {
  return load<f64>(values + (index << 3));
}

@inline export function bitsAt(index: u32): u64 {
  return load<u64>(values + (index << 3));
}

@inline export function markAt(index: u32): u32 {
  return load<u32>(marks + (index << 2));
}
