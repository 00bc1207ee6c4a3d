import { bitsOf, floatOf } from './bits.ts';
import { exp, log } from './exponential.ts';

const sinCoefficients = [
  1.5896230157654656e-10, -2.5050747762857807e-8, 0.0000027557313621385722, -0.0001984126982958954,
  0.008333333333322118, -0.1666666666666663,
];
const cosCoefficients = [
  -1.1358536521387682e-11, 2.087570084197473e-9, -2.755731417929674e-7, 0.000024801587288851704,
  -0.0013888888888873056, 0.041666666666666595,
];

/** ((c0 * x + c1) * x + c2) ... */
function polynomial(coefficients: readonly number[], x: number): number {
  let sum = coefficients[0]!;
  for (let i = 1; i < coefficients.length; i++) sum = sum * x + coefficients[i]!;
  return sum;
}

/** Pi/4 in three parts. */
const quarterPi = [0.7853981256484985, 3.774894707930798e-8, 2.6951514290790595e-15] as const;
const reductionThreshold = 2 ** 29;

/** Octant (even ones mapped to the origin) and rest of a positive angle. */
function reduce(x: number): { octant: number; rest: number } {
  if (x >= reductionThreshold) return reduceLarge(x);
  let octant = Math.trunc(x * (4 / Math.PI));
  if (octant % 2 === 1) octant++;
  const rest = x - octant * quarterPi[0] - octant * quarterPi[1] - octant * quarterPi[2];
  return { octant: octant % 8, rest };
}

const piBits = 1400n;
let fourOverPi: bigint | undefined;

/** 4/pi with `piBits` binary places, by Machin's formula. */
function fourOverPiBits(): bigint {
  if (fourOverPi !== undefined) return fourOverPi;
  const one = 1n << (piBits + 64n);
  const inverseTangent = (n: bigint): bigint => {
    let sum = 0n;
    let term = one / n;
    for (let i = 1n; term !== 0n; i += 2n) {
      sum += i % 4n === 1n ? term / i : -(term / i);
      term /= n * n;
    }
    return sum;
  };
  const quarter = 4n * inverseTangent(5n) - inverseTangent(239n);
  fourOverPi = (one << piBits) / quarter;
  return fourOverPi;
}

/** Payne and Hanek's reduction: only the digits of 4/pi that matter are multiplied. */
function reduceLarge(x: number): { octant: number; rest: number } {
  const bits = bitsOf(x);
  const exponent = Number((bits >> 52n) & 0x7ffn) - 1023 - 52;
  const mantissa = (bits & 0xfffffffffffffn) | (1n << 52n);
  const product = (mantissa * fourOverPiBits()) << BigInt(exponent);
  // 125 binary places of the quotient, and its 3 lowest whole bits.
  const digits = (product >> (piBits - 125n)) & ((1n << 128n) - 1n);
  let octant = Number(digits >> 125n);
  const fraction = digits & ((1n << 125n) - 1n);
  const leading = 125 - fraction.toString(2).length;
  const top = fraction >> BigInt(125 - leading - 53);
  let rest = floatOf((BigInt(1023 - (leading + 1)) << 52n) | (top & 0xfffffffffffffn));
  if (octant % 2 === 1) {
    octant = (octant + 1) % 8;
    rest--;
  }
  return { octant, rest: rest * (Math.PI / 4) };
}

function sinOfRest(rest: number): number {
  const square = rest * rest;
  return rest + rest * square * polynomial(sinCoefficients, square);
}

function cosOfRest(rest: number): number {
  const square = rest * rest;
  return 1 - 0.5 * square + square * square * polynomial(cosCoefficients, square);
}

export function sin(x: number): number {
  if (x === 0 || Number.isNaN(x)) return x;
  if (!Number.isFinite(x)) return NaN;
  const { octant, rest } = reduce(Math.abs(x));
  const inner = octant % 4 === 1 || octant % 4 === 2 ? cosOfRest(rest) : sinOfRest(rest);
  return x < 0 !== octant > 3 ? -inner : inner;
}

export function cos(x: number): number {
  if (!Number.isFinite(x)) return NaN;
  const { octant, rest } = reduce(Math.abs(x));
  const quadrant = octant % 4;
  const inner = quadrant === 1 || quadrant === 2 ? sinOfRest(rest) : cosOfRest(rest);
  return octant > 3 !== quadrant > 1 ? -inner : inner;
}

export function tan(x: number): number {
  if (x === 0 || Number.isNaN(x)) return x;
  if (!Number.isFinite(x)) return NaN;
  const { octant, rest } = reduce(Math.abs(x));
  const square = rest * rest;
  let y = rest;
  if (square > 1e-14) {
    const p = polynomial([-13093.693918138379, 1153516.6483858742, -17956525.197648488], square);
    const q = polynomial(
      [1, 13681.296347069296, -1320892.3444021097, 25008380.18233579, -53869575.592945464],
      square,
    );
    y = rest + rest * ((square * p) / q);
  }
  if (octant % 4 >= 2) y = -1 / y;
  return x < 0 ? -y : y;
}

function arcTangentSmall(x: number): number {
  const z = x * x;
  const p = polynomial(
    [-0.8750608600031904, -16.157537187333652, -75.00855792314705, -122.88666844901361, -64.85021904942025],
    z,
  );
  const q = polynomial(
    [1, 24.858464901423062, 165.02700983169885, 432.88106049129027, 485.3903996359137, 194.5506571482614],
    z,
  );
  return x * ((z * p) / q) + x;
}

const moreBits = 6.123233995736766e-17;

function arcTangentPositive(x: number): number {
  if (x <= 0.66) return arcTangentSmall(x);
  if (x > 2.414213562373095) return Math.PI / 2 - arcTangentSmall(1 / x) + moreBits;
  return Math.PI / 4 + arcTangentSmall((x - 1) / (x + 1)) + 0.5 * moreBits;
}

export function atan(x: number): number {
  if (x === 0) return x;
  return x > 0 ? arcTangentPositive(x) : -arcTangentPositive(-x);
}

export function asin(x: number): number {
  if (x === 0) return x;
  const size = Math.abs(x);
  if (size > 1) return NaN;
  const root = Math.sqrt(1 - size * size);
  const angle = size > 0.7 ? Math.PI / 2 - arcTangentPositive(root / size) : arcTangentPositive(size / root);
  return x < 0 ? -angle : angle;
}

export function acos(x: number): number {
  return Math.PI / 2 - asin(x);
}

function copySign(size: number, sign: number): number {
  return sign < 0 || Object.is(sign, -0) ? -size : size;
}

export function atan2(y: number, x: number): number {
  if (Number.isNaN(y) || Number.isNaN(x)) return NaN;
  if (y === 0) return copySign(x >= 0 && !Object.is(x, -0) ? 0 : Math.PI, y);
  if (x === 0) return copySign(Math.PI / 2, y);
  const yInfinite = !Number.isFinite(y);
  if (x === Infinity) return copySign(yInfinite ? Math.PI / 4 : 0, y);
  if (x === -Infinity) return copySign(yInfinite ? (3 * Math.PI) / 4 : Math.PI, y);
  if (yInfinite) return copySign(Math.PI / 2, y);
  const angle = atan(y / x);
  if (x >= 0) return angle;
  return angle <= 0 ? angle + Math.PI : angle - Math.PI;
}

export function sinh(x: number): number {
  // Not Math.abs: the sign of zero stays.
  const size = x < 0 ? -x : x;
  let result: number;
  if (size > 21) result = exp(size) * 0.5;
  else if (size > 0.5) {
    const e = exp(size);
    result = (e - 1 / e) * 0.5;
  } else {
    const square = size * size;
    const p = polynomial(
      [-26.30563213397497, -2894.211355989564, -89912.72022039509, -630767.3640497717],
      square,
    );
    const q = polynomial([1, -173.6789535582337, 15215.17378790019, -630767.3640497717], square);
    result = (p * size) / q;
  }
  return x < 0 ? -result : result;
}

export function cosh(x: number): number {
  const e = exp(Math.abs(x));
  return Math.abs(x) > 21 ? e * 0.5 : (e + 1 / e) * 0.5;
}

export function tanh(x: number): number {
  const size = Math.abs(x);
  if (size > 0.5 * 88.02969193111305) return x < 0 ? -1 : 1;
  if (size >= 0.625) {
    const result = 1 - 2 / (exp(2 * size) + 1);
    return x < 0 ? -result : result;
  }
  if (x === 0) return x;
  const square = x * x;
  const p = polynomial([-0.9643991794250523, -99.28772310019185, -1614.6876844170845], square);
  const q = polynomial([1, 112.81167849163293, 2235.4883906010045, 4844.063053251255], square);
  return x + (x * square * p) / q;
}

const nearZero = 2 ** -28;
const large = 2 ** 28;

export function asinh(x: number): number {
  if (!Number.isFinite(x)) return x;
  const size = Math.abs(x);
  let result: number;
  if (size > large) result = log(size) + Math.LN2;
  else if (size > 2) result = log(2 * size + 1 / (Math.sqrt(size * size + 1) + size));
  else if (size < nearZero) result = size;
  else result = Math.log1p(size + (size * size) / (1 + Math.sqrt(1 + size * size)));
  return x < 0 || Object.is(x, -0) ? -result : result;
}

export function acosh(x: number): number {
  if (!(x >= 1)) return NaN;
  if (x === 1) return 0;
  if (x >= large) return log(x) + Math.LN2;
  if (x > 2) return log(2 * x - 1 / (x + Math.sqrt(x * x - 1)));
  const t = x - 1;
  return Math.log1p(t + Math.sqrt(2 * t + t * t));
}

export function atanh(x: number): number {
  if (!(x >= -1 && x <= 1)) return NaN;
  if (x === 1) return Infinity;
  if (x === -1) return -Infinity;
  const size = Math.abs(x);
  let result: number;
  if (size < nearZero) result = size;
  else if (size < 0.5) {
    const twice = size + size;
    result = 0.5 * Math.log1p(twice + (twice * size) / (1 - size));
  } else result = 0.5 * Math.log1p((size + size) / (1 - size));
  return x < 0 || Object.is(x, -0) ? -result : result;
}
