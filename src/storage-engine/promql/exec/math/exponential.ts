import { fma, frexp, ldexp, splitNormal } from './bits.ts';

const ln2High = 0.6931471803691238;
const ln2Low = 1.9082149292705877e-10;

/** Coefficients of the Taylor series of e^x - 1 over x, highest first. */
const taylor = [
  0.0001984126984126984, 0.001388888888888889, 0.008333333333333333, 0.041666666666666664,
  0.16666666666666666, 0.5, 1,
];

export function exp(x: number): number {
  if (Number.isNaN(x) || x === Infinity) return x;
  if (x === -Infinity) return 0;
  if (x > 709.782712893384) return Infinity;
  const exponent = roundToEven(x * Math.LOG2E);
  if (exponent < -1076) return 0;
  let r = fma(-0.693147180559663, exponent, x);
  r = fma(-2.8235290563031577e-13, exponent, r);
  r *= 0.0625;
  let sum = 0.0000248015873015873;
  for (const coefficient of taylor) sum = fma(r, sum, coefficient);
  // e^16r - 1 by squaring: (y + 2) * y.
  r *= sum;
  for (let i = 0; i < 3; i++) r *= r + 2;
  r = fma(r + 2, r, 1);
  if (exponent + 1023 <= 0) {
    if (exponent + 1023 < -52) return 0;
    return r * 2 ** (exponent + 1022) * 2 ** -1022;
  }
  if (exponent + 1023 >= 0x7ff) return Infinity;
  return r * 2 ** exponent;
}

function roundToEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

export function exp2(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 1023.9999999999999) return Infinity;
  if (x < -1.074e3) return 0;
  const k = x > 0 ? Math.trunc(x + 0.5) : x < 0 ? Math.trunc(x - 0.5) : 0;
  const t = x - k;
  const high = t * ln2High;
  const low = -t * ln2Low;
  const r = high - low;
  const square = r * r;
  const c =
    r -
    square *
      (0.16666666666666666 +
        square *
          (-0.0027777777777015593 +
            square *
              (0.00006613756321437934 +
                square * (-0.0000016533902205465252 + square * 4.1381367970572385e-8))));
  const y = 1 - (low - (r * c) / (2 - c) - high);
  return ldexp(y, k);
}

export function log(x: number): number {
  if (Number.isNaN(x) || x === Infinity) return x;
  if (x < 0) return NaN;
  if (x === 0) return -Infinity;
  let { fraction, exponent } = splitNormal(x);
  if (fraction < Math.SQRT2 / 2) {
    fraction *= 2;
    exponent--;
  }
  const f = fraction - 1;
  const s = f / (2 + f);
  const s2 = s * s;
  const s4 = s2 * s2;
  const t1 =
    s2 *
    (0.6666666666666735 + s4 * (0.2857142874366239 + s4 * (0.1818357216161805 + s4 * 0.14798198605116586)));
  const t2 = s4 * (0.3999999999940942 + s4 * (0.22222198432149784 + s4 * 0.15313837699209373));
  const half = 0.5 * f * f;
  return exponent * ln2High - (half - (s * (half + (t1 + t2)) + exponent * ln2Low) - f);
}

export function log2(x: number): number {
  const { fraction, exponent } = frexp(x);
  if (fraction === 0.5) return exponent - 1;
  return log(fraction) * Math.LOG2E + exponent;
}

export function log10(x: number): number {
  return log(x) * Math.LOG10E;
}

const isOddInteger = (y: number) => Math.abs(y) < 2 ** 53 && Number.isInteger(y) && y % 2 !== 0;

export function pow(x: number, y: number): number {
  if (y === 0 || x === 1) return 1;
  if (y === 1) return x;
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  if (x === 0) return powOfZero(x, y);
  if (y === Infinity || y === -Infinity) {
    if (x === -1) return 1;
    return Math.abs(x) < 1 === y > 0 ? 0 : Infinity;
  }
  if (x === Infinity) return y < 0 ? 0 : Infinity;
  if (x === -Infinity) return pow(-0, -y);
  if (y === 0.5) return Math.sqrt(x);
  if (y === -0.5) return 1 / Math.sqrt(x);
  let whole = Math.trunc(Math.abs(y));
  let part = Math.abs(y) - whole;
  if (part !== 0 && x < 0) return NaN;
  if (whole >= 2 ** 63) {
    if (x === -1) return 1;
    return Math.abs(x) < 1 === y > 0 ? 0 : Infinity;
  }
  let result = 1;
  if (part !== 0) {
    if (part > 0.5) {
      part--;
      whole++;
    }
    result = exp(part * log(x));
  }
  // x^whole by squaring, the powers of two kept apart.
  let { fraction, exponent } = frexp(x);
  let resultExponent = 0;
  for (let bits = BigInt(whole); bits !== 0n; bits >>= 1n) {
    if (exponent < -4096 || exponent > 4096) {
      resultExponent += exponent;
      break;
    }
    if ((bits & 1n) === 1n) {
      result *= fraction;
      resultExponent += exponent;
    }
    fraction *= fraction;
    exponent *= 2;
    if (fraction < 0.5) {
      fraction += fraction;
      exponent--;
    }
  }
  if (y < 0) return ldexp(1 / result, -resultExponent);
  return ldexp(result, resultExponent);
}

function powOfZero(x: number, y: number): number {
  const isNegative = Object.is(x, -0) && isOddInteger(y);
  if (y < 0) return isNegative ? -Infinity : Infinity;
  return isNegative ? x : 0;
}
