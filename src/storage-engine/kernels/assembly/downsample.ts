/**
 * Raw floats of one series to aggregates, as `lifecycle/downsample` makes them, which must give the same bytes (Thanos
 * pkg/compact/downsample).
 */
import { decodeWhole } from './batch';
import * as columns from './columns';
import { staleMarker } from './columns';
import { encodedBytes, encodeXor, putUvarint } from './encode-xor';
import { addEntry } from './output';
import { ok, otherEncoding, tooManySamples } from './status';

const xorEncoding: u8 = 1;
const aggregateEncoding: u8 = 255;
/** Samples that a chunk is to have on average, at most. */
const chunkSamples: f64 = 140;
/** Samples that the columns have room for beyond those that are there. */
const slack: u32 = 16;

let base: i64 = 0;
let resolution: i64 = 0;
let times: usize = 0;
let values: usize = 0;
/** Ends of the windows of one chunk, from the second place on: before them stands the first raw time. */
let ends: usize = 0;
let counts: usize = 0;
let sums: usize = 0;
let mins: usize = 0;
let maxs: usize = 0;
let counters: usize = 0;
let data: usize = 0;
let part: usize = 0;
let maxWindows: u32 = 0;

/** Memory for a series of that many samples of which no chunk has more windows than given. */
export function downsampleScratchBytes(samples: u32, windows: u32): u32 {
  return (samples + slack) * 12 + (windows + 2) * (4 + 5 * 8) + 6 * encodedBytes(windows + 2) + 256;
}

/** Last millisecond of the window of a time, both after the base. */
@inline function windowEnd(time: i32): i64 {
  const at = base + <i64>time;
  return at - (at % resolution) + resolution - 1 - base;
}

/** Downsamples the samples with from <= time < to, in ms after `baseMs`, of chunks [first, end) of the batch. All but `ok` mean that nothing of the output counts. */
export function downsampleSeries(
  first: u32,
  end: u32,
  baseMs: f64,
  resolutionMs: f64,
  rawIntervalMs: f64,
  from: i32,
  to: i32,
  scratch: usize,
  samples: u32,
  windows: u32,
): i32 {
  base = <i64>baseMs;
  resolution = <i64>resolutionMs;
  maxWindows = windows;
  const room = samples + slack;
  values = scratch;
  counts = values + (room << 3);
  sums = counts + ((windows + 2) << 3);
  mins = sums + ((windows + 2) << 3);
  maxs = mins + ((windows + 2) << 3);
  counters = maxs + ((windows + 2) << 3);
  times = counters + ((windows + 2) << 3);
  ends = times + (room << 2);
  part = ends + ((windows + 2) << 2);
  data = part + encodedBytes(windows + 2);

  columns.setSpan(baseMs, <f64>i32.MAX_VALUE);
  columns.setColumns(times, values, 0, samples);
  columns.startSeries();
  for (let number = first; number < end; number++) {
    const status = decodeWhole(number);
    if (status != ok) return status;
  }
  let count = withoutStale(columns.count);
  while (count > 0 && load<i32>(times + ((count - 1) << 2)) >= to) count--;
  while (count > 0 && load<i32>(times) < from) {
    times += 4;
    values += 8;
    count--;
  }
  if (count == 0) return ok;
  const chunks = targetChunks(load<i32>(times), load<i32>(times + ((count - 1) << 2)), rawIntervalMs, count);
  const size = count / chunks + 1;
  for (let begin: u32 = 0; begin < count; ) {
    let stop = min(begin + size, count);
    // The part goes on to the end of its last window, so that windows stay whole.
    const last = windowEnd(load<i32>(times + ((stop - 1) << 2)));
    while (stop < count && <i64>load<i32>(times + (stop << 2)) <= last) stop++;
    const kept = withoutNaN(begin, stop);
    if (kept > begin) {
      const status = aggregate(begin, kept);
      if (status != ok) return status;
    }
    begin = stop;
  }
  return ok;
}

function withoutStale(count: u32): u32 {
  let kept: u32 = 0;
  while (kept < count && load<u64>(values + (kept << 3)) != staleMarker) kept++;
  for (let i = kept; i < count; i++) {
    const value = load<u64>(values + (i << 3));
    if (value == staleMarker) continue;
    store<u64>(values + (kept << 3), value);
    store<i32>(times + (kept++ << 2), load<i32>(times + (i << 2)));
  }
  return kept;
}

function withoutNaN(from: u32, to: u32): u32 {
  let kept = from;
  for (let i = from; i < to; i++) {
    const value = load<f64>(values + (i << 3));
    if (value != value) continue;
    if (kept != i) {
      store<f64>(values + (kept << 3), value);
      store<i32>(times + (kept << 2), load<i32>(times + (i << 2)));
    }
    kept++;
  }
  return kept;
}

function targetChunks(first: i32, last: i32, rawIntervalMs: f64, samples: u32): u32 {
  const span = <f64>(last - first);
  const most = Math.trunc(span / <f64>resolution);
  const fullness = Math.min(1, <f64>samples / (span / rawIntervalMs));
  const expected = Math.trunc(most * fullness) + 1;
  let chunks: f64 = 1;
  while (Math.trunc(expected / chunks) > chunkSamples) chunks++;
  return <u32>chunks;
}

/** One chunk of samples [from, to), none of them NaN. */
function aggregate(from: u32, to: u32): i32 {
  const last = <i64>load<i32>(times + ((to - 1) << 2));
  let previous = load<f64>(values + (from << 3));
  store<i32>(ends, load<i32>(times + (from << 2)));
  store<f64>(counters, previous);
  let total: f64 = previous;
  let n: u32 = 0;
  let started = false;
  for (let at = from; at < to; n++) {
    if (n >= maxWindows) return tooManySamples;
    const end = <i32>min(windowEnd(load<i32>(times + (at << 2))), last);
    let sum: f64 = 0;
    let least: f64 = Infinity;
    let most: f64 = -Infinity;
    const begin = at;
    do {
      const value = load<f64>(values + (at << 3));
      if (started) total += value < previous ? value : value - previous;
      started = true;
      previous = value;
      sum += value;
      least = value < least ? value : least;
      most = value > most ? value : most;
      at++;
    } while (at < to && load<i32>(times + (at << 2)) <= end);
    // Which NaN infinities become differs between machines: the generic path says it.
    if (sum != sum || total != total) return otherEncoding;
    store<i32>(ends + ((n + 1) << 2), end);
    store<f64>(counts + (n << 3), <f64>(at - begin));
    store<f64>(sums + (n << 3), sum);
    store<f64>(mins + (n << 3), least);
    store<f64>(maxs + (n << 3), most);
    store<f64>(counters + ((n + 1) << 3), total);
  }
  store<i32>(ends + ((n + 1) << 2), load<i32>(ends + (n << 2)));
  store<f64>(counters + ((n + 1) << 3), previous);
  let at = data;
  at = appendPart(at, ends + 4, counts, n);
  at = appendPart(at, ends + 4, sums, n);
  at = appendPart(at, ends + 4, mins, n);
  at = appendPart(at, ends + 4, maxs, n);
  at = appendPart(at, ends, counters, n + 2);
  const minTime = base + load<i32>(ends + 4);
  const maxTime = base + load<i32>(ends + (n << 2));
  return addEntry(aggregateEncoding, data, at - data, minTime, maxTime, n) ? ok : tooManySamples;
}

function appendPart(at: usize, columnTimes: usize, column: usize, count: u32): usize {
  const length = encodeXor(columnTimes, column, count, base, part) - part;
  at = putUvarint(at, length);
  store<u8>(at, xorEncoding);
  memory.copy(at + 1, part, length);
  return at + 1 + length;
}
