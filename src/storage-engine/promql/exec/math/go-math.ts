import { exp, exp2, log, log2, log10, pow } from './exponential.ts';
import {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atan2,
  atanh,
  cos,
  cosh,
  sin,
  sinh,
  tan,
  tanh,
} from './trigonometric.ts';

/** Go's mathematical functions. */
export const goMath = {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atan2,
  atanh,
  cos,
  cosh,
  exp,
  exp2,
  log,
  log10,
  log2,
  pow,
  sin,
  sinh,
  tan,
  tanh,
} as const;
