/**
 * Floats as the shortest decimal text that reads back as the same float, laid out as Prometheus's JSON has them: without
 * an exponent from 1e-6 up to 1e21, with one of two digits at least outside. The digits come from Schubfach (Raffaello
 * Giulietti, "The Schubfach way to render doubles", 2020): the interval of decimals that round to the float is scaled by
 * one power of ten, and holds at most a few candidates of 17 digits.
 */

/** Powers 10^-292 to 10^324 as the upper 128 bits, rounded up: high word, low word. The host fills it. */
const leastPower: i32 = -292;
export const powersOfTen: usize = memory.data(617 * 16, 16);

/** Digits of a number as text, right-aligned at 24: those at [digitsFrom, 24); copies of whole words read beyond. */
const digits: usize = memory.data(64, 16);
let digitsFrom: u32 = 0;
/** Behind the last digit that is not 0. */
let digitsTo: u32 = 0;

const zeroDigits: u64 = 0x3030303030303030;

@inline function highOfProduct(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff, a1 = a >> 32, b0 = b & 0xffffffff, b1 = b >> 32;
  const low = a0 * b0;
  const first = a1 * b0 + (low >> 32);
  const second = a0 * b1 + (first & 0xffffffff);
  return a1 * b1 + (first >> 32) + (second >> 32);
}

/** The eight digits of a number below 10^8, the first in the lowest byte: halves, quarters, digits side by side in one word. */
@inline function eightDigits(value: u32): u64 {
  const upper = value / 10000;
  const pairs = <u64>upper | (<u64>(value - upper * 10000) << 32);
  const hundreds = ((pairs * 10486) >> 20) & 0x7f0000007f;
  const quarters = hundreds | ((pairs - 100 * hundreds) << 16);
  const tens = ((quarters * 103) >> 10) & 0x000f000f000f000f;
  return tens | ((quarters - 10 * tens) << 8);
}

/** Writes a number that is not 0 to `digits`. */
function writeDigits(value: u64): void {
  let most: u64 = 0;
  let middle: u64 = 0;
  let least: u64;
  if (value < 100000000) least = eightDigits(<u32>value);
  else {
    const upper = value / 100000000;
    least = eightDigits(<u32>(value - upper * 100000000));
    if (upper < 100000000) middle = eightDigits(<u32>upper);
    else {
      const highest = upper / 100000000;
      middle = eightDigits(<u32>(upper - highest * 100000000));
      most = eightDigits(<u32>highest);
    }
  }
  store<u64>(digits, most | zeroDigits);
  store<u64>(digits, middle | zeroDigits, 8);
  store<u64>(digits, least | zeroDigits, 16);
  if (most != 0) digitsFrom = <u32>(ctz(most) >> 3);
  else if (middle != 0) digitsFrom = 8 + <u32>(ctz(middle) >> 3);
  else digitsFrom = 16 + <u32>(ctz(least) >> 3);
  if (least != 0) digitsTo = 24 - <u32>(clz(least) >> 3);
  else if (middle != 0) digitsTo = 16 - <u32>(clz(middle) >> 3);
  else digitsTo = 8 - <u32>(clz(most) >> 3);
}

@inline function byte(out: usize, value: u32): usize {
  store<u8>(out, value);
  return out + 1;
}

/** Copies up to 24 digits in whole words: what is too much is written over, or lies in the room behind the text. */
@inline function copyDigits(out: usize, from: u32, to: u32): usize {
  v128.store(out, v128.load(digits + from));
  store<u64>(out, load<u64>(digits + from, 16), 16);
  return out + (to - from);
}

/** Up to 24 zeros, written in whole words. */
@inline function zeros(out: usize, count: i32): usize {
  store<u64>(out, zeroDigits);
  store<u64>(out, zeroDigits, 8);
  store<u64>(out, zeroDigits, 16);
  return out + count;
}

/** The shortest digits of significand * 2^exponent; `power` becomes the power of ten behind the last. */
let power: i32 = 0;
function shortest(significand: u64, exponent: i32, isBoundary: bool): u64 {
  const isOdd = significand & 1;
  const k = (exponent * 1262611 - (isBoundary ? 524031 : 0)) >> 22;
  const shift = <u64>(exponent + ((-k * 1741647) >> 19) + 1);
  const entry = powersOfTen + (<usize>(-k - leastPower) << 4);
  const high = load<u64>(entry);
  const low = load<u64>(entry, 8);
  // The power times 4 * significand in three words, and what half the distance to a neighbour adds to it. Of each of the
  // three numbers only the first word counts, its last bit set where anything below was lost ("round to odd").
  const scaled = (4 * significand) << shift;
  const p0 = low * scaled;
  const carried = highOfProduct(low, scaled);
  const p1 = high * scaled + carried;
  const p2 = highOfProduct(high, scaled) + u64(p1 < carried);
  const exact = p2 | u64(p1 > 1);
  const up = shift + 1;
  const u0 = low << up;
  const u1 = (high << up) | (low >> (64 - up));
  const u2 = high >> (64 - up);
  const s0 = p0 + u0;
  const c0 = u64(s0 < u0);
  const t1 = p1 + u1;
  const s1 = t1 + c0;
  const s2 = p2 + u2 + u64(t1 < u1) + u64(s1 < c0);
  const to = (s2 | u64(s1 > 1)) - isOdd;
  const down0 = isBoundary ? shift : up;
  const d0 = low << down0;
  const d1 = (high << down0) | (low >> (64 - down0));
  const d2 = high >> (64 - down0);
  const b0 = u64(p0 < d0);
  const r1 = p1 - d1;
  const f1 = r1 - b0;
  const f2 = p2 - d2 - u64(p1 < d1) - u64(r1 < b0);
  const from = (f2 | u64(f1 > 1)) + isOdd;
  const down = exact / 4;
  if (down >= 10) {
    // One digit less is enough where exactly one of its neighbours lies inside.
    const tens = down / 10;
    const isLowInside = from <= 40 * tens;
    const isHighInside = 40 * tens + 40 <= to;
    if (isLowInside != isHighInside) {
      power = k + 1;
      return tens + u64(isHighInside);
    }
  }
  power = k;
  const isDownInside = from <= 4 * down;
  const isUpInside = 4 * down + 4 <= to;
  if (isDownInside != isUpInside) return down + u64(isUpInside);
  const middle = 4 * down + 2;
  return down + u64(exact > middle || (exact == middle && (down & 1) == 1));
}

/** Writes a float's text; answers where it ends. At most 32 bytes, and up to 24 bytes of anything behind it. */
export function formatFloat(out: usize, value: f64): usize {
  const bits = reinterpret<u64>(value);
  const exponent = <u32>(bits >> 52) & 0x7ff;
  const fraction = bits & 0xfffffffffffff;
  if (exponent == 0x7ff) {
    if (fraction != 0) {
      store<u32>(out, 0x4e614e);
      return out + 3;
    }
    store<u32>(out, bits >> 63 ? 0x666e492d : 0x666e492b);
    return out + 4;
  }
  if (bits >> 63) out = byte(out, 0x2d);
  if ((exponent | fraction) == 0) return byte(out, 0x30);
  let significand = fraction;
  let binary: i32 = -1074;
  if (exponent != 0) {
    significand |= 1 << 52;
    binary = <i32>exponent - 1075;
    if (binary <= 0 && binary > -53 && (significand & ((1 << <u64>-binary) - 1)) == 0) {
      // A whole number below 2^53 is its own shortest text.
      writeDigits(significand >> <u64>-binary);
      return copyDigits(out, digitsFrom, 24);
    }
  }
  const decimal = shortest(significand, binary, fraction == 0 && exponent > 1);
  writeDigits(decimal);
  const from = digitsFrom;
  const to = digitsTo;
  const count = <i32>(to - from);
  // Where the point lies, counted from before the first digit.
  const point = count + power + <i32>(24 - to);
  if (point > 21 || point < -5) return exponential(out, from, to, point - 1);
  if (point <= 0) {
    out = byte(byte(out, 0x30), 0x2e);
    return copyDigits(zeros(out, -point), from, to);
  }
  if (point >= count) return zeros(copyDigits(out, from, to), point - count);
  out = copyDigits(out, from, from + point);
  return copyDigits(byte(out, 0x2e), from + point, to);
}

function exponential(out: usize, from: u32, to: u32, exponent: i32): usize {
  out = byte(out, load<u8>(digits + from));
  if (to - from > 1) out = copyDigits(byte(out, 0x2e), from + 1, to);
  out = byte(byte(out, 0x65), exponent < 0 ? 0x2d : 0x2b);
  const size = exponent < 0 ? -exponent : exponent;
  if (size >= 100) out = byte(out, 0x30 + size / 100);
  out = byte(out, 0x30 + (size / 10) % 10);
  return byte(out, 0x30 + size % 10);
}
