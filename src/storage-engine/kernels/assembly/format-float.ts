/**
 * Floats as the shortest decimal text that reads back as the same float, laid out as Prometheus's JSON has them: without
 * an exponent from 1e-6 up to 1e21, with one of two digits at least outside. The digits come from Schubfach (Raffaello
 * Giulietti, "The Schubfach way to render doubles", 2020): the interval of decimals that round to the float is scaled by
 * one power of ten, and holds at most a few candidates of 17 digits.
 */

/** Powers 10^-292 to 10^324 as the upper 128 bits, rounded up: high word, low word. The host fills it. */
const leastPower: i32 = -292;
export const powersOfTen: usize = memory.data(617 * 16, 16);

/** Digits of a number, with room for writing eight at a time. */
const digits: usize = memory.data(32, 16);

@inline function highOfProduct(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff, a1 = a >> 32, b0 = b & 0xffffffff, b1 = b >> 32;
  const low = a0 * b0;
  const first = a1 * b0 + (low >> 32);
  const second = a0 * b1 + (first & 0xffffffff);
  return a1 * b1 + (first >> 32) + (second >> 32);
}

/** The upper part of power * scaled, its last bit set where anything below was lost. */
@inline function roundToOdd(powerHigh: u64, powerLow: u64, scaled: u64): u64 {
  const carried = highOfProduct(powerLow, scaled);
  const middle = powerHigh * scaled + carried;
  const high = highOfProduct(powerHigh, scaled) + u64(middle < carried);
  return high | u64(middle > 1);
}

/** Writes a number's eight digits. */
@inline function eightDigits(at: usize, value: u32): void {
  for (let i: u32 = 0; i < 4; i++) {
    const pair = value % 100;
    value /= 100;
    store<u16>(at + 6 - (i << 1), <u16>(0x3030 + pair / 10 + ((pair % 10) << 8)));
  }
}

/** Writes a number to `digits`, right-aligned at 24; answers where it begins. */
function writeDigits(value: u64): u32 {
  let from: u32 = 16;
  if (value < 100000000) eightDigits(digits + 16, <u32>value);
  else {
    const upper = value / 100000000;
    eightDigits(digits + 16, <u32>(value - upper * 100000000));
    from = 8;
    if (upper < 100000000) eightDigits(digits + 8, <u32>upper);
    else {
      const most = upper / 100000000;
      eightDigits(digits + 8, <u32>(upper - most * 100000000));
      eightDigits(digits, <u32>most);
      from = 0;
    }
  }
  while (from < 23 && load<u8>(digits + from) == 0x30) from++;
  return from;
}

@inline function byte(out: usize, value: u32): usize {
  store<u8>(out, value);
  return out + 1;
}

@inline function copyDigits(out: usize, from: u32, to: u32): usize {
  for (let i = from; i < to; i++) store<u8>(out++, load<u8>(digits + i));
  return out;
}

@inline function zeros(out: usize, count: i32): usize {
  for (let i = 0; i < count; i++) store<u8>(out++, 0x30);
  return out;
}

/** The shortest digits of significand * 2^exponent; `power` becomes the power of ten behind the last. */
let power: i32 = 0;
function shortest(significand: u64, exponent: i32, isBoundary: bool): u64 {
  const isEven = (significand & 1) == 0;
  const lower = 4 * significand - 2 + u64(isBoundary);
  const upper = 4 * significand + 2;
  const k = (exponent * 1262611 - (isBoundary ? 524031 : 0)) >> 22;
  const shift = <u64>(exponent + ((-k * 1741647) >> 19) + 1);
  const entry = powersOfTen + (<usize>(-k - leastPower) << 4);
  const high = load<u64>(entry);
  const low = load<u64>(entry, 8);
  const from = roundToOdd(high, low, lower << shift) + u64(!isEven);
  const exact = roundToOdd(high, low, (4 * significand) << shift);
  const to = roundToOdd(high, low, upper << shift) - u64(!isEven);
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

/** Writes a float's text; answers where it ends. At most 32 bytes. */
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
      const from = writeDigits(significand >> <u64>-binary);
      return copyDigits(out, from, 24);
    }
  }
  const decimal = shortest(significand, binary, fraction == 0 && exponent > 1);
  const from = writeDigits(decimal);
  let to: u32 = 24;
  while (to - from > 1 && load<u8>(digits + to - 1) == 0x30) to--;
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
