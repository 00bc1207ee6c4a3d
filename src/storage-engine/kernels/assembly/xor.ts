/**
 * XOR chunks (encoding 1; Prometheus tsdb/chunkenc/xor.go, Gorilla, VLDB 2015) into columns. A sample is the change of
 * the time's delta (prefixes 0, 10 + 14 bits, 110 + 17, 1110 + 20, 1111 + 64) and the XOR with the value before
 * (0 same, 10 in the window of significant bits as before, 11 + 5 bits leading zeros + 6 bits width).
 */
import { loadWords, maxChunkBytes, peek, uvarint, varintEnd } from './bits';
import * as columns from './columns';
import { staleMarker } from './columns';
import { corrupt, ok, otherEncoding, overlapping, tooManySamples } from './status';

const exactLimit: i64 = 1 << 53;

/** What decoding notes beside the samples. */
export const markNothing: i32 = 0;
/** Marks a sample below the one before: a counter's reset. */
export const markResets: i32 = 1;
/** Marks a sample that differs from the one before; NaNs are alike. */
export const markChanges: i32 = 2;

@inline export function isMarked(track: i32, value: f64, previous: f64): bool {
  return track == markResets ? value < previous : !(value == previous || (value != value && previous != previous));
}

/** `delta` of two bits classes: of the values of `width` bits the smallest stands for the largest plus one. */
@inline function narrow(bits: u64, width: u32): i64 {
  const raw = <i64>bits;
  return raw > (1 << (<i64>width - 1)) ? raw - (1 << <i64>width) : raw;
}

/** Appends the samples of a chunk's data in (base, base + last]; stops behind that. */
@inline export function decodeXor(data: usize, length: u32, track: i32, keepStale: bool): i32 {
  if (length > maxChunkBytes) return otherEncoding;
  if (length < 2) return corrupt;
  loadWords(data, length);
  const samples = <u32>(peek(0) >> 48);
  // A sample after the second takes at least two bits.
  if (samples > 2 + length * 4) return corrupt;
  if (samples == 0) return ok;
  let n = columns.count;
  if (n + samples > columns.capacity) return tooManySamples;
  const end = length * 8;
  const last = columns.last;
  const times = columns.times;
  const values = columns.values;
  const marks = columns.marks;
  let marked = columns.markCount;

  const zigzag = uvarint(16);
  let position = varintEnd;
  if (position == 0) return corrupt;
  const first = <i64>(zigzag >> 1) ^ -(<i64>(zigzag & 1));
  if (first <= -exactLimit || first >= exactLimit || position + 64 > end) return corrupt;
  let time = first - columns.base;
  if (time <= columns.newest) return overlapping;
  let value = peek(position);
  position += 64;
  let previous: f64 = n > 0 ? load<f64>(values + ((n - 1) << 3)) : 0;
  let delta: i64 = 0;
  let width: u32 = 0;
  let trailing: u64 = 0;
  for (let i: u32 = 0; time <= last; ) {
    if (time > 0 && (keepStale || value != staleMarker)) {
      store<i32>(times + (n << 2), <i32>time);
      store<u64>(values + (n << 3), value);
      if (track != markNothing) {
        const now = reinterpret<f64>(value);
        if (n > 0 && isMarked(track, now, previous)) store<u32>(marks + (marked++ << 2), n);
        previous = now;
      }
      n++;
    }
    if (++i == samples) break;
    if (position >= end) return corrupt;

    let bits = peek(position);
    /** How many of the peeked bits are still to be read. */
    let ahead: u32 = 64;
    if (bits >> 60 == 0 && i > 1) {
      // Two samples or more at the same distance with the same value; the last of them is appended above.
      let run: u32 = <u32>clz(bits) >> 1;
      if (run > samples - i) run = samples - i;
      position += run * 2;
      i += run - 1;
      const until = time + delta * <i64>(run - 1);
      if (time + delta > 0 && until <= last && value != staleMarker) {
        // Whole vectors: what is too much is written over, or lies in the room behind the columns.
        const same = i64x2.splat(value);
        const step = i32x4.splat(<i32>delta << 2);
        const t = <i32>time;
        const d = <i32>delta;
        let four = i32x4.replace_lane(
          i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(t + d), 1, t + 2 * d), 2, t + 3 * d),
          3,
          t + 4 * d,
        );
        for (let k: u32 = 1; k < run; k += 4) {
          const at = n + k - 1;
          v128.store(times + (at << 2), four);
          v128.store(values + (at << 3), same);
          v128.store(values + (at << 3), same, 16);
          four = i32x4.add(four, step);
        }
        n += run - 1;
        if (track != markNothing) previous = reinterpret<f64>(value);
        time = until + delta;
      } else {
        for (let k: u32 = 1; k < run; k++) {
          time += delta;
          if (time <= 0 || time > last || (!keepStale && value == staleMarker)) continue;
          store<i32>(times + (n << 2), <i32>time);
          store<u64>(values + (n << 3), value);
          if (track != markNothing) previous = reinterpret<f64>(value);
          n++;
        }
        time += delta;
      }
      continue;
    }
    if (i == 1) {
      const read = uvarint(position);
      if (varintEnd == 0 || read >= <u64>exactLimit) return corrupt;
      position = varintEnd;
      delta = <i64>read;
      if (delta == 0) return overlapping;
      bits = peek(position);
    } else if (<i64>bits >= 0) {
      bits <<= 1;
      position++;
      ahead = 63;
    } else {
      let used: u32 = 16;
      if ((bits & (1 << 62)) == 0) delta += narrow((bits >> 48) & 0x3fff, 14);
      else if ((bits & (1 << 61)) == 0) {
        delta += narrow((bits >> 44) & 0x1ffff, 17);
        used = 20;
      } else if ((bits & (1 << 60)) == 0) {
        delta += narrow((bits >> 40) & 0xfffff, 20);
        used = 24;
      } else {
        const wide = <i64>peek(position + 4);
        if (wide <= -exactLimit || wide >= exactLimit) return corrupt;
        delta += wide;
        used = 68;
      }
      position += used;
      if (delta <= 0) return overlapping;
      if (used == 68) bits = peek(position);
      else {
        bits <<= used;
        ahead = 64 - used;
      }
    }
    time += delta;
    if (<i64>bits >= 0) position++;
    else {
      let prefix: u32 = 2;
      if (bits & (1 << 62)) {
        const leading = <u32>(bits >> 57) & 31;
        width = <u32>(bits >> 51) & 63;
        if (width == 0) width = 64;
        if (leading + width > 64) return corrupt;
        trailing = 64 - leading - width;
        prefix = 13;
      } else if (width == 0) return corrupt;
      position += prefix;
      const significant = prefix + width <= ahead ? bits << prefix : peek(position);
      value ^= (significant >> (64 - width)) << trailing;
      position += width;
    }
  }
  if (position > end) return corrupt;
  columns.setCounts(n, marked, time);
  return ok;
}
