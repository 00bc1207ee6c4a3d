/** What one query asks of each series, as the host sets it, and what the series have been found to hold. */

/** Steps: the first one's time as the offset from `columns.base`, the time between two, their number. */
export let firstStep: i32 = 0;
export let stepLength: i32 = 0;
export let steps: u32 = 0;
/** Length of the window that ends at each step. */
export let range: i32 = 0;
/** One of the functions of `functions.ts`. */
export let windowFunction: i32 = 0;

/** Window of each step: samples [low, high). */
export let lows: usize = 0;
export let highs: usize = 0;

/** Samples in all windows, and windows that gave a result. */
export let samplesSeen: u64 = 0;
export let results: u64 = 0;
/** Samples that were decoded. */
export let decoded: u64 = 0;

export function setQuery(function_: i32, first: i32, length: i32, count: u32, windowLength: i32, bounds: usize): void {
  windowFunction = function_;
  firstStep = first;
  stepLength = length;
  steps = count;
  range = windowLength;
  lows = bounds;
  highs = bounds + (((count << 2) + 31) & ~15);
  samplesSeen = 0;
  decoded = 0;
  results = 0;
}

@inline export function addDecoded(samples: u64): void {
  decoded += samples;
}

@inline export function addTotals(seen: u64, found: u64): void {
  samplesSeen += seen;
  results += found;
}
