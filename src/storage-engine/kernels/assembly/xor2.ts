/**
 * XOR2 chunks (encoding 4; Prometheus tsdb/docs/format/chunks.md) into columns: one control prefix of up to five bits says how
 * the time moves and whether the value changes; a stale marker is coded apart. Start timestamps are read over.
 */
import { loadWords, maxChunkBytes, peek, uvarint, varintEnd } from './bits';
import * as columns from './columns';
import { staleMarker } from './columns';
import { corrupt, ok, otherEncoding, overlapping, tooManySamples } from './status';
import { isMarked, markNothing } from './xor';

const exactLimit: i64 = 1 << 53;

/** Where the next bit lies; 0 once something cannot be. */
let position: u32 = 0;
/** The value that later ones are compared with, and its window of significant bits. */
let value: u64 = 0;
let width: u32 = 0;
let trailing: u64 = 0;

/** Bits from the front, 1 to 64 of them. */
@inline function take(count: u32): u64 {
  const found = peek(position) >> (64 - <u64>count);
  position += count;
  return found;
}

@inline function takeSigned(count: u32): i64 {
  const found = <i64>peek(position) >> (64 - <i64>count);
  position += count;
  return found;
}

@inline function takeVarint(): u64 {
  const found = uvarint(position);
  position = varintEnd;
  return found;
}

/** Reads over an integer of variable width: a unary prefix of 0 to 8 ones names it. */
function skipVarbit(): void {
  let ones = <u32>clz(~peek(position));
  if (ones > 8) ones = 8;
  position += ones == 8 ? 8 : ones + 1;
  switch (ones) {
    case 0: break;
    case 1: position += 3; break;
    case 2: position += 6; break;
    case 3: position += 9; break;
    case 4: position += 12; break;
    case 5: position += 18; break;
    case 6: position += 25; break;
    case 7: position += 56; break;
    default: position += 64; break;
  }
}

/** The value in the window of bits that was used last; false where there is none. */
@inline function sameWindow(): bool {
  if (width == 0) return false;
  value ^= take(width) << trailing;
  return true;
}

@inline function newWindow(): bool {
  const leading = <u32>take(5);
  width = <u32>take(6);
  if (width == 0) width = 64;
  if (leading + width > 64) return false;
  trailing = 64 - leading - width;
  return sameWindow();
}

/** Whether the value that was read last is a stale marker. */
let isStale = false;

/** A value after its prefix: 0 as before, 10 in the same window, 110 in a new one, 111 a stale marker. */
function readValue(): bool {
  if (take(1) == 0) return true;
  if (take(1) == 0) return sameWindow();
  if (take(1) == 0) return newWindow();
  isStale = true;
  return true;
}

/** As `decodeXor` with a chunk of the other encoding. */
export function decodeXor2(data: usize, length: u32, track: i32, keepStale: bool): i32 {
  if (length > maxChunkBytes) return otherEncoding;
  if (length < 3) return corrupt;
  loadWords(data, length);
  const samples = <u32>(peek(0) >> 48);
  if (samples > 2 + length * 8) return corrupt;
  if (samples == 0) return ok;
  let n = columns.count;
  if (n + samples > columns.capacity) return tooManySamples;
  const header = <u32>load<u8>(data, 2);
  const startsFrom = header & 0x7f;
  const end = length * 8;
  const last = columns.last;
  let marked = columns.markCount;
  let previous: f64 = n > 0 ? columns.valueAt(n - 1) : 0;
  let time: i64 = 0;
  let delta: i64 = 0;
  position = 24;
  value = 0;
  width = 0;
  for (let i: u32 = 0; i < samples; i++) {
    isStale = false;
    if (position >= end) return corrupt;
    if (i == 0) {
      const zigzag = takeVarint();
      if (position == 0) return corrupt;
      const first = <i64>(zigzag >> 1) ^ -(<i64>(zigzag & 1));
      if (first <= -exactLimit || first >= exactLimit) return corrupt;
      time = first - columns.base;
      if (time <= columns.newest) return overlapping;
      const bits = take(64);
      if (bits == staleMarker) isStale = true;
      else value = bits;
    } else {
      if (i == 1) {
        const read = takeVarint();
        if (position == 0 || read >= <u64>exactLimit) return corrupt;
        delta = <i64>read;
        if (!readValue()) return corrupt;
      } else if (take(1) != 0) {
        if (take(1) == 0) {
          if (!(take(1) == 0 ? sameWindow() : newWindow())) return corrupt;
        } else if (take(1) == 0) {
          delta += takeSigned(13);
          if (!readValue()) return corrupt;
        } else if (take(1) == 0) {
          delta += takeSigned(20);
          if (!readValue()) return corrupt;
        } else if (take(1) == 0) {
          const wide = takeSigned(64);
          if (wide <= -exactLimit || wide >= exactLimit) return corrupt;
          delta += wide;
          if (!readValue()) return corrupt;
        } else isStale = true;
      }
      if (delta <= 0) return overlapping;
      time += delta;
    }
    // The start of a sample stands behind it.
    if (i == 0) {
      if ((header & 0x80) != 0) {
        takeVarint();
        if (position == 0) return corrupt;
      }
    } else if (startsFrom > 0 && i >= startsFrom) skipVarbit();
    if (position > end) return corrupt;
    if (time > last) break;
    if (time <= 0 || (isStale && !keepStale)) continue;
    const bits = isStale ? staleMarker : value;
    // A value may have the bits of a stale marker without being coded as one.
    if (bits == staleMarker && !keepStale) continue;
    store<i32>(columns.times + (n << 2), <i32>time);
    store<u64>(columns.values + (n << 3), bits);
    if (track != markNothing) {
      const now = reinterpret<f64>(bits);
      if (n > 0 && isMarked(track, now, previous)) store<u32>(columns.marks + (marked++ << 2), n);
      previous = now;
    }
    n++;
  }
  columns.setCounts(n, marked, time);
  return ok;
}
