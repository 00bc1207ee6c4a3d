/**
 * Chunks of one series that several HA replicas wrote, as one: the rule of `samples/choose.ts`, and chunks of which all
 * comes out taken byte for byte as in `lifecycle/rewrite/merge-series.ts`, which must give the same bytes.
 *
 * Samples of all replicas lie in one pair of columns, replica after replica; a sample is known by its number there.
 */
import { decodeWhole, entryAt, entryLength, replicaOf } from './batch';
import * as columns from './columns';
import { staleMarker } from './columns';
import { encodeXor } from './encode-xor';
import { addEntry, copyEntry } from './output';
import { ok, otherEncoding, tooManySamples } from './status';

const xorEncoding: u8 = 1;
const samplesPerChunk: f64 = 120;
const smallRun: u32 = 30;
const crowding: f64 = 0.25;
const jitter: f64 = 0.1;

/** Samples that the columns have room for beyond those that are there. */
const slack: u32 = 16;
const maxReplicas: u32 = 64;
/** Longest chunk that is encoded: half as many more as usual. */
const longest: u32 = 192;
const pieceTimes: usize = memory.data(192 * 4, 16);
const pieceValues: usize = memory.data(192 * 8, 16);
const pieceData: usize = memory.data(48 + 192 * 18, 16);
/** First sample of each replica, and the end. */
const replicaStarts: usize = memory.data(65 * 4, 16);

let times: usize = 0;
let values: usize = 0;
let live: usize = 0;
let liveCount: u32 = 0;
let takenTimes: usize = 0;
let taken: usize = 0;
let takenCount: u32 = 0;
let otherTimes: usize = 0;
let other: usize = 0;
/** First sample of each chunk and the end, and its number in the table. */
let chunkStarts: usize = 0;
let chunkNumbers: usize = 0;
let chunkCount: u32 = 0;
let base: i64 = 0;

@inline function time(sample: u32): i32 {
  return load<i32>(times + (sample << 2));
}

@inline function isStale(sample: u32): bool {
  return load<u64>(values + (sample << 3)) == staleMarker;
}

@inline function u32At(list: usize, index: u32): u32 {
  return load<u32>(list + (index << 2));
}

/** Memory for a series of that many samples in that many chunks. */
export function mergeScratchBytes(samples: u32, chunks: u32): u32 {
  return (samples + slack) * 32 + (chunks + 1) * 8 + 64;
}

/**
 * Merges chunks [first, end) of the batch: samples with from <= time < to come out, both in ms after `baseMs`. All but
 * `ok` mean that nothing of the output counts.
 */
export function mergeSeries(
  first: u32,
  end: u32,
  replicas: u32,
  baseMs: f64,
  from: i32,
  to: i32,
  longestIntervalMs: i32,
  scratch: usize,
  samples: u32,
): i32 {
  if (replicas > maxReplicas) return otherEncoding;
  const room = samples + slack;
  base = <i64>baseMs;
  values = scratch;
  times = values + (room << 3);
  live = times + (room << 2);
  takenTimes = live + (room << 2);
  taken = takenTimes + (room << 2);
  otherTimes = taken + (room << 2);
  other = otherTimes + (room << 2);
  chunkStarts = other + (room << 2);
  chunkNumbers = chunkStarts + ((end - first + 1) << 2);
  const status = decodeAll(first, end, replicas, samples, baseMs);
  if (status != ok) return status;

  takenCount = 0;
  for (let replica: u32 = 0; replica < replicas; replica++) {
    const start = u32At(replicaStarts, replica);
    const stop = u32At(replicaStarts, replica + 1);
    if (start == stop) continue;
    keepLive(replica, replicas, longestIntervalMs);
    if (takenCount == 0) takeAll();
    else {
      keepFillers(longestIntervalMs);
      if (liveCount > 0) join();
    }
  }
  let low: u32 = 0;
  let high = takenCount;
  while (low < high && u32At(takenTimes, low) < <u32>max(from, 0)) low++;
  while (high > low && load<i32>(takenTimes + ((high - 1) << 2)) >= to) high--;
  return emit(low, high) ? ok : tooManySamples;
}

function decodeAll(first: u32, end: u32, replicas: u32, samples: u32, baseMs: f64): i32 {
  columns.setSpan(baseMs, <f64>i32.MAX_VALUE);
  chunkCount = 0;
  let at: u32 = 0;
  for (let replica: u32 = 0; replica < replicas; replica++) {
    store<u32>(replicaStarts + (replica << 2), at);
    columns.setColumns(times + (at << 2), values + (at << 3), 0, samples - at);
    columns.startSeries();
    for (let number = first; number < end; number++) {
      if (replicaOf(number) != replica) continue;
      const before = columns.count;
      const status = decodeWhole(number);
      if (status != ok) return status;
      if (columns.count == before) continue;
      store<u32>(chunkStarts + (chunkCount << 2), at + before);
      store<u32>(chunkNumbers + (chunkCount << 2), number);
      chunkCount++;
    }
    at += columns.count;
  }
  store<u32>(replicaStarts + (replicas << 2), at);
  store<u32>(chunkStarts + (chunkCount << 2), at);
  return at == samples ? ok : otherEncoding;
}

/** Samples of a replica without the stale markers during which another goes on seeing the series. */
function keepLive(replica: u32, replicas: u32, longestIntervalMs: i32): void {
  const start = u32At(replicaStarts, replica);
  const stop = u32At(replicaStarts, replica + 1);
  const first = values;
  let n = live;
  for (let sample = start; sample < stop; sample++) {
    const stale = load<u64>(first + (sample << 3)) == staleMarker;
    if (stale && survives(sample, replica, replicas, longestIntervalMs)) continue;
    store<u32>(n, sample);
    n += 4;
  }
  liveCount = <u32>((n - live) >> 2);
}

function survives(sample: u32, replica: u32, replicas: u32, longestIntervalMs: i32): bool {
  const at = time(sample);
  for (let number: u32 = 0; number < replicas; number++) {
    if (number == replica) continue;
    const start = u32At(replicaStarts, number);
    const stop = u32At(replicaStarts, number + 1);
    let low = start;
    let high = stop;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (time(middle) < at) low = middle + 1;
      else high = middle;
    }
    if (low == start || low == stop || isStale(low - 1) || isStale(low)) continue;
    if (time(low) - time(low - 1) <= longestIntervalMs) return true;
  }
  return false;
}

function takeAll(): void {
  const from = times;
  const to = takenTimes;
  const list = live;
  const end = liveCount << 2;
  for (let i: u32 = 0; i < end; i += 4) store<i32>(to + i, load<i32>(from + (load<u32>(list + i) << 2)));
  memory.copy(taken, list, end);
  takenCount = liveCount;
}

/** Of the live samples those that lie in gaps of what is taken. */
function keepFillers(longestIntervalMs: i32): void {
  let kept: u32 = 0;
  let next: u32 = 0;
  /** Far enough in the past and in the future to be no neighbour. */
  const none: i64 = 1 << 40;
  let before: i64 = -none;
  let after: i64 = -none;
  let earlier: i64 = -none;
  const count = liveCount;
  if (count == 0) return;
  const betters = takenCount;
  const list = live;
  const at0 = times;
  const better = takenTimes;
  const longestMs = <i64>longestIntervalMs;
  let at = <i64>load<i32>(at0 + (load<u32>(list) << 2));
  if (betters > 0) after = <i64>load<i32>(better);
  for (let i: u32 = 0; i < count; i++) {
    const later = i + 1 < count ? <i64>load<i32>(at0 + (load<u32>(list + (i << 2), 4) << 2)) : none;
    while (after < at) {
      before = after;
      next++;
      after = next < betters ? <i64>load<i32>(better + (next << 2)) : none;
    }
    const interval = <f64>min(longestMs, min(at - earlier, later - at));
    if (<f64>(at - before) >= interval * (1 - jitter) && <f64>(after - at) > interval * crowding) {
      store<u32>(list + (kept++ << 2), load<u32>(list + (i << 2)));
    }
    // The next one's neighbour is this one, taken or not.
    earlier = at;
    at = later;
  }
  liveCount = kept;
}

@inline function move(from: u32, end: u32, to: u32): void {
  memory.copy(otherTimes + (to << 2), takenTimes + (from << 2), (end - from) << 2);
  memory.copy(other + (to << 2), taken + (from << 2), (end - from) << 2);
}

/** Puts the fillers between what is taken: stretches of that are moved whole. */
function join(): void {
  let i: u32 = 0;
  let n: u32 = 0;
  for (let j: u32 = 0; j < liveCount; j++) {
    const filler = u32At(live, j);
    const at = time(filler);
    let low = i;
    let high = takenCount;
    // Near the one before in most cases: doubling steps, then halves.
    for (let step: u32 = 1; low + step < high; step <<= 1) {
      if (load<i32>(takenTimes + ((low + step) << 2)) >= at) {
        high = low + step;
        break;
      }
      low += step;
    }
    while (low < high) {
      const middle = (low + high) >> 1;
      if (load<i32>(takenTimes + (middle << 2)) < at) low = middle + 1;
      else high = middle;
    }
    move(i, low, n);
    n += low - i;
    i = low;
    store<i32>(otherTimes + (n << 2), at);
    store<u32>(other + (n++ << 2), filler);
  }
  move(i, takenCount, n);
  const count = takenCount + liveCount;
  const spareTimes = takenTimes;
  const spare = taken;
  takenTimes = otherTimes;
  taken = other;
  otherTimes = spareTimes;
  other = spare;
  takenCount = count;
}

/** The chunk that a sample is of. */
function chunkOf(sample: u32): u32 {
  let low: u32 = 0;
  let high = chunkCount;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (u32At(chunkStarts, middle) <= sample) low = middle;
    else high = middle;
  }
  return low;
}

function emit(low: u32, high: u32): bool {
  let pending = low;
  for (let at = low; at < high; ) {
    const sample = u32At(taken, at);
    const chunk = chunkOf(sample);
    const start = u32At(chunkStarts, chunk);
    const stop = u32At(chunkStarts, chunk + 1);
    const most = min(stop - sample, high - at);
    const list = taken + (at << 2);
    let run: u32 = 1;
    while (run < most && load<u32>(list + (run << 2)) == sample + run) run++;
    const whole = sample == start && run == stop - start;
    const few = at > pending && at - pending < smallRun;
    if (!whole || few) {
      at += run;
      continue;
    }
    if (!encodeTaken(pending, at)) return false;
    const number = u32At(chunkNumbers, chunk);
    if (!copyEntry(entryAt(number), entryLength(number), base + time(start), base + time(stop - 1), run)) return false;
    at += run;
    pending = at;
  }
  return encodeTaken(pending, high);
}

/** Encodes the taken samples [from, end) in chunks of about the usual size. */
function encodeTaken(from: u32, end: u32): bool {
  if (from == end) return true;
  const pieces = max<f64>(1, Math.floor(<f64>(end - from) / samplesPerChunk + 0.5));
  const size = <u32>Math.ceil(<f64>(end - from) / pieces);
  if (size > longest) return false;
  for (let at = from; at < end; at += size) {
    const count = min(size, end - at);
    for (let i: u32 = 0; i < count; i++) {
      store<i32>(pieceTimes + (i << 2), load<i32>(takenTimes + ((at + i) << 2)));
      store<u64>(pieceValues + (i << 3), load<u64>(values + (u32At(taken, at + i) << 3)));
    }
    const dataEnd = encodeXor(pieceTimes, pieceValues, count, base, pieceData);
    const first = base + load<i32>(takenTimes + (at << 2));
    const last = base + load<i32>(takenTimes + ((at + count - 1) << 2));
    if (!addEntry(xorEncoding, pieceData, dataEnd - pieceData, first, last, count)) return false;
  }
  return true;
}
