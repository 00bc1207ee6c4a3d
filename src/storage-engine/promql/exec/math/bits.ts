const view = new DataView(new ArrayBuffer(8));

export function bitsOf(value: number): bigint {
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

export function floatOf(bits: bigint): number {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

/** value = fraction * 2^exponent with 0.5 <= |fraction| < 1; 0, infinities and NaN come back with exponent 0. */
export function frexp(value: number): { fraction: number; exponent: number } {
  if (value === 0 || !Number.isFinite(value)) return { fraction: value, exponent: 0 };
  view.setFloat64(0, value);
  let shift = 0;
  if (((view.getUint32(0) >>> 20) & 0x7ff) === 0) {
    view.setFloat64(0, value * 2 ** 54);
    shift = -54;
  }
  const high = view.getUint32(0);
  const exponent = ((high >>> 20) & 0x7ff) - 1022 + shift;
  view.setUint32(0, (high & 0x800fffff) | (1022 << 20));
  return { fraction: view.getFloat64(0), exponent };
}

/** As frexp, but by the bits alone: Go's logarithm on amd64 takes subnormal numbers for normal ones. */
export function splitNormal(value: number): { fraction: number; exponent: number } {
  view.setFloat64(0, value);
  const high = view.getUint32(0);
  view.setUint32(0, (high & 0x000fffff) | (1022 << 20));
  return { fraction: view.getFloat64(0), exponent: ((high >>> 20) & 0x7ff) - 1022 };
}

/** fraction * 2^exponent, rounded once. */
export function ldexp(fraction: number, exponent: number): number {
  if (fraction === 0 || !Number.isFinite(fraction)) return fraction;
  const parts = frexp(fraction);
  const total = parts.exponent + exponent;
  if (total > 1024) return fraction < 0 ? -Infinity : Infinity;
  if (total < -1080) return fraction < 0 ? -0 : 0;
  // Only the last step may round: into the subnormal numbers.
  if (total >= -1021) return parts.fraction * 2 * powerOfTwo(total - 1);
  return parts.fraction * powerOfTwo(total + 1000) * 2 ** -1000;
}

function powerOfTwo(exponent: number): number {
  view.setUint32(0, (exponent + 1023) << 20);
  view.setUint32(4, 0);
  return view.getFloat64(0);
}

interface TwoParts {
  readonly high: number;
  readonly low: number;
}

function twoSum(a: number, b: number): TwoParts {
  const high = a + b;
  const back = high - a;
  return { high, low: a - (high - back) + (b - back) };
}

const splitter = 2 ** 27 + 1;

function twoProduct(a: number, b: number): TwoParts {
  const high = a * b;
  const aTimes = splitter * a;
  const aHigh = aTimes - (aTimes - a);
  const aLow = a - aHigh;
  const bTimes = splitter * b;
  const bHigh = bTimes - (bTimes - b);
  const bLow = b - bHigh;
  return { high, low: aLow * bLow - (high - aHigh * bHigh - aLow * bHigh - aHigh * bLow) };
}

/** a + b rounded to odd: the inexact result whose last bit is 1. */
function addRoundedToOdd(a: number, b: number): number {
  const { high, low } = twoSum(a, b);
  if (low === 0) return high;
  view.setFloat64(0, high);
  const isOdd = (view.getUint32(4) & 1) === 1;
  if (isOdd) return high;
  const bits = view.getBigUint64(0);
  const away = low > 0 === high > 0;
  return floatOf(away ? bits + 1n : bits - 1n);
}

/** a * b + c, rounded once; for values far from overflow and underflow. */
export function fma(a: number, b: number, c: number): number {
  const product = twoProduct(a, b);
  const low = twoSum(c, product.low);
  const high = twoSum(product.high, low.high);
  return high.high + addRoundedToOdd(low.low, high.low);
}
