/**
 * One series out of chunks that overlap, and of those that HA replicas wrote of the same thing: samples of one replica are
 * joined by time as `samples/sample-columns.ts` joins them, and replicas become one by the rule of `samples/choose.ts`.
 */
import * as chunk from './chunk';
import * as columns from './columns';
import { staleMarker } from './columns';
import { ok, overlapping } from './status';
import { decodeXor, isMarked, markNothing } from './xor';
import { decodeXor2 } from './xor2';

/** A filler this near before the next sample of its betters, as a part of its own interval, would crowd it. */
const crowding: f64 = 0.25;
/** An interval without the jitter of scrapes that is no gap. */
const regular: f64 = 1 - 0.1;

/** Runs of ascending samples of one series that are joined; more are left to the generic path. */
const maxRuns: u32 = 256;
/** Replica and first sample of each run, and of the end. */
const runReplicas: usize = memory.data(256);
const runStarts: usize = memory.data(4 * 257, 16);
/** Lists of samples by replica: addresses of times and values, and how many. */
const listTimes: usize = memory.data(4 * 256, 16);
const listValues: usize = memory.data(4 * 256, 16);
const listCounts: usize = memory.data(4 * 256, 16);
const cursors: usize = memory.data(4 * 256, 16);
let lists: u32 = 0;

/** Buffers for samples, each with times and values. */
let buffers: usize = 0;
let timesBytes: usize = 0;
let bufferBytes: usize = 0;
const raw: u32 = 0;
const joined: u32 = 1;
const join0: u32 = 2;
const join1: u32 = 3;
const live: u32 = 4;
const taken0: u32 = 5;
const taken1: u32 = 6;
const bufferCount: u32 = 7;

/** Time before and behind what is asked that the choice looks at, and the longest interval of scrapes it reckons with. */
let margin: i32 = 0;
let longestInterval: i32 = 0;

/** Memory for joining series of so many samples. */
export function mergingBytes(samples: u32): usize {
  return (((<usize>samples * 12 + 159) & ~31)) * bufferCount;
}

/** `at`: memory of `mergingBytes(samples)`. */
export function setMerging(at: usize, samples: u32, marginMs: i32, intervalMs: i32): void {
  buffers = at;
  timesBytes = (<usize>samples * 4 + 63) & ~15;
  bufferBytes = (<usize>samples * 12 + 159) & ~31;
  margin = marginMs;
  longestInterval = intervalMs;
}

@inline function timesOf(buffer: u32): usize {
  return buffers + buffer * bufferBytes;
}

@inline function valuesOf(buffer: u32): usize {
  return timesOf(buffer) + timesBytes;
}

@inline function timeOf(times: usize, index: u32): i32 {
  return load<i32>(times + (index << 2));
}

@inline function bitsOf(values: usize, index: u32): u64 {
  return load<u64>(values + (index << 3));
}

@inline function put(times: usize, values: usize, at: u32, time: i32, bits: u64): void {
  store<i32>(times + (at << 2), time);
  store<u64>(values + (at << 3), bits);
}

/** Fills the columns with the samples of a series' entries [from, until), whose replicas `replicaOf` names. */
export function loadMerged(entries: usize, from: u32, until: u32, replicaOf: usize, track: i32, keepStale: bool): i32 {
  const times = columns.times;
  const values = columns.values;
  const base = columns.base;
  const last = columns.last;
  columns.moveTo(timesOf(raw), valuesOf(raw), base - margin, last + 2 * <i64>margin);
  const runs = decodeRuns(entries, from, until, replicaOf);
  columns.moveTo(times, values, base, last);
  if (runs < 0) return -runs;
  listReplicas(runs);
  choose();
  cut(track, keepStale);
  return ok;
}

/** Decodes entries into runs of ascending samples, one at least for each replica; minus the status where that fails. */
function decodeRuns(entries: usize, from: u32, until: u32, replicaOf: usize): i32 {
  let runs: u32 = 0;
  columns.startSeries();
  for (let entry = from; entry < until; entry++) {
    const replica = load<u8>(replicaOf + entry);
    if (runs == 0 || load<u8>(runReplicas + runs - 1) != replica) {
      if (!startRun(runs++, replica)) return -overlapping;
    }
    let status = chunk.openFloats(load<u32>(entries + (entry << 3)), load<u32>(entries + (entry << 3), 4));
    if (status != ok) return -status;
    status = decodeFloats();
    if (status == overlapping && columns.newest != i64.MIN_VALUE) {
      if (!startRun(runs++, replica)) return -overlapping;
      status = decodeFloats();
    }
    if (status != ok) return -status;
  }
  store<u32>(runStarts + (runs << 2), columns.count);
  return runs;
}

function decodeFloats(): i32 {
  return chunk.encoding == chunk.xor2Encoding
    ? decodeXor2(chunk.dataAt, chunk.dataLength, markNothing, true)
    : decodeXor(chunk.dataAt, chunk.dataLength, markNothing, true);
}

@inline function startRun(run: u32, replica: u8): bool {
  if (run >= maxRuns) return false;
  store<u8>(runReplicas + run, replica);
  store<u32>(runStarts + (run << 2), columns.count);
  columns.startRun();
  return true;
}

/** Makes a list of the runs of each replica that has samples. */
function listReplicas(runs: u32): void {
  lists = 0;
  let used: u32 = 0;
  for (let run: u32 = 0; run < runs; ) {
    const replica = load<u8>(runReplicas + run);
    let times: usize = 0;
    let values: usize = 0;
    let count: u32 = 0;
    let next = join0;
    for (; run < runs && load<u8>(runReplicas + run) == replica; run++) {
      const start = load<u32>(runStarts + (run << 2));
      const length = load<u32>(runStarts + (run << 2), 4) - start;
      if (length == 0) continue;
      const runTimes = timesOf(raw) + (start << 2);
      const runValues = valuesOf(raw) + (start << 3);
      if (count == 0) {
        times = runTimes;
        values = runValues;
        count = length;
        continue;
      }
      count = join(times, values, count, runTimes, runValues, length, timesOf(next), valuesOf(next));
      times = timesOf(next);
      values = valuesOf(next);
      next = next == join0 ? join1 : join0;
    }
    if (count == 0) continue;
    if (times < timesOf(raw) || times >= timesOf(joined)) {
      // The buffers are needed for the next replica.
      memory.copy(timesOf(joined) + (used << 2), times, count << 2);
      memory.copy(valuesOf(joined) + (used << 3), values, count << 3);
      times = timesOf(joined) + (used << 2);
      values = valuesOf(joined) + (used << 3);
      used += count;
    }
    store<u32>(listTimes + (lists << 2), <u32>times);
    store<u32>(listValues + (lists << 2), <u32>values);
    store<u32>(listCounts + (lists << 2), count);
    lists++;
  }
}

/** Of two samples at one time the larger bits win, a stale marker never. */
@inline function wins(a: u64, b: u64): bool {
  return a != staleMarker && (b == staleMarker || a > b);
}

/** Joins two ascending lists; each time comes out once. */
function join(
  aTimes: usize,
  aValues: usize,
  aCount: u32,
  bTimes: usize,
  bValues: usize,
  bCount: u32,
  times: usize,
  values: usize,
): u32 {
  let i: u32 = 0;
  let j: u32 = 0;
  let n: u32 = 0;
  while (i < aCount && j < bCount) {
    const a = timeOf(aTimes, i);
    const b = timeOf(bTimes, j);
    if (a < b) put(times, values, n++, a, bitsOf(aValues, i++));
    else if (b < a) put(times, values, n++, b, bitsOf(bValues, j++));
    else {
      const x = bitsOf(aValues, i++);
      const y = bitsOf(bValues, j++);
      put(times, values, n++, a, wins(y, x) ? y : x);
    }
  }
  for (; i < aCount; i++) put(times, values, n++, timeOf(aTimes, i), bitsOf(aValues, i));
  for (; j < bCount; j++) put(times, values, n++, timeOf(bTimes, j), bitsOf(bValues, j));
  return n;
}

/** Samples that were chosen. */
let takenTimes: usize = 0;
let takenValues: usize = 0;
let takenCount: u32 = 0;

/** Replicas of which one better has no sample within its interval fill the gaps. */
function choose(): void {
  takenCount = 0;
  let next = taken0;
  for (let list: u32 = 0; list < lists; list++) {
    let times = <usize>load<u32>(listTimes + (list << 2));
    let values = <usize>load<u32>(listValues + (list << 2));
    let count = load<u32>(listCounts + (list << 2));
    if (lists > 1 && hasStale(values, count)) {
      // What is taken of the first list stays; of others only what fills gaps.
      const to = list == 0 ? taken1 : live;
      count = withoutSurvived(list, timesOf(to), valuesOf(to));
      times = timesOf(to);
      values = valuesOf(to);
    }
    if (takenCount == 0) {
      takenTimes = times;
      takenValues = values;
      takenCount = count;
      // Of a later list the buffer is needed again.
      if (times == timesOf(live)) {
        memory.copy(timesOf(taken1), times, count << 2);
        memory.copy(valuesOf(taken1), values, count << 3);
        takenTimes = timesOf(taken1);
        takenValues = valuesOf(taken1);
      }
      continue;
    }
    const fillers = findFillers(times, count);
    if (fillers == 0) continue;
    addFillers(times, values, fillers, timesOf(next), valuesOf(next));
    takenTimes = timesOf(next);
    takenValues = valuesOf(next);
    takenCount += fillers;
    next = next == taken0 ? taken1 : taken0;
  }
}

function hasStale(values: usize, count: u32): bool {
  const marker = i64x2.splat(staleMarker);
  let found = i64x2.splat(0);
  let i: u32 = 0;
  for (; i + 2 <= count; i += 2) found = v128.or(found, i64x2.eq(v128.load(values + (i << 3)), marker));
  return v128.any_true(found) || (i < count && bitsOf(values, i) == staleMarker);
}

/** The samples of a list but for the stale markers during which another one goes on seeing the series. */
function withoutSurvived(list: u32, toTimes: usize, toValues: usize): u32 {
  const times = <usize>load<u32>(listTimes + (list << 2));
  const values = <usize>load<u32>(listValues + (list << 2));
  const count = load<u32>(listCounts + (list << 2));
  for (let other: u32 = 0; other < lists; other++) store<u32>(cursors + (other << 2), 0);
  let n: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const time = timeOf(times, i);
    const bits = bitsOf(values, i);
    if (bits == staleMarker && isSurvived(list, time)) continue;
    put(toTimes, toValues, n++, time, bits);
  }
  return n;
}

function isSurvived(list: u32, time: i32): bool {
  let survived = false;
  for (let other: u32 = 0; other < lists; other++) {
    if (other == list) continue;
    const times = <usize>load<u32>(listTimes + (other << 2));
    const values = <usize>load<u32>(listValues + (other << 2));
    const count = load<u32>(listCounts + (other << 2));
    let next = load<u32>(cursors + (other << 2));
    while (next < count && timeOf(times, next) < time) next++;
    store<u32>(cursors + (other << 2), next);
    if (next == 0 || next == count) continue;
    if (bitsOf(values, next - 1) == staleMarker || bitsOf(values, next) == staleMarker) continue;
    if (timeOf(times, next) - timeOf(times, next - 1) <= longestInterval) survived = true;
  }
  return survived;
}

/** Writes the positions of samples that lie in gaps of what is taken to the columns' marks. */
function findFillers(times: usize, count: u32): u32 {
  const better = takenTimes;
  const betterCount = takenCount;
  const found = columns.marks;
  let n: u32 = 0;
  let next: u32 = 0;
  let before = i32.MIN_VALUE;
  let time = timeOf(times, 0);
  for (let i: u32 = 0; i < count; i++) {
    const after = i + 1 < count ? timeOf(times, i + 1) : i32.MAX_VALUE;
    while (next < betterCount && timeOf(better, next) < time) next++;
    // Beyond the bound there is no regular interval to speak of.
    let interval: i64 = longestInterval;
    if (i > 0) interval = min<i64>(interval, <i64>time - before);
    if (i + 1 < count) interval = min<i64>(interval, <i64>after - time);
    const near =
      (next > 0 && <f64>(<i64>time - timeOf(better, next - 1)) < <f64>interval * regular) ||
      (next < betterCount && <f64>(<i64>timeOf(better, next) - time) <= <f64>interval * crowding);
    if (!near) store<u32>(found + (n++ << 2), i);
    before = time;
    time = after;
  }
  return n;
}

/** Merges the samples at the marked positions into those that are taken. */
function addFillers(times: usize, values: usize, fillers: u32, toTimes: usize, toValues: usize): void {
  let i: u32 = 0;
  let n: u32 = 0;
  for (let f: u32 = 0; f < fillers; f++) {
    const at = columns.markAt(f);
    const time = timeOf(times, at);
    while (i < takenCount && timeOf(takenTimes, i) < time) put(toTimes, toValues, n++, timeOf(takenTimes, i), bitsOf(takenValues, i++));
    put(toTimes, toValues, n++, time, bitsOf(values, at));
  }
  for (; i < takenCount; i++) put(toTimes, toValues, n++, timeOf(takenTimes, i), bitsOf(takenValues, i));
}

/** Moves what is taken and lies in the asked time to the columns. */
function cut(track: i32, keepStale: bool): void {
  const last = columns.last;
  let n: u32 = 0;
  let marked: u32 = 0;
  let previous: f64 = 0;
  for (let i: u32 = 0; i < takenCount; i++) {
    const time = timeOf(takenTimes, i) - margin;
    if (time <= 0) continue;
    if (time > last) break;
    const bits = bitsOf(takenValues, i);
    if (!keepStale && bits == staleMarker) continue;
    put(columns.times, columns.values, n, time, bits);
    if (track != markNothing) {
      const value = reinterpret<f64>(bits);
      if (n > 0 && isMarked(track, value, previous)) store<u32>(columns.marks + (marked++ << 2), n);
      previous = value;
    }
    n++;
  }
  columns.setCounts(n, marked, i64.MIN_VALUE);
}
