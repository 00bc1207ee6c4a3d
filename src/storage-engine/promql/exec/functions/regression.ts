import { PromqlExecutionError } from '../../plan/execution-error.ts';
import { annotate } from '../annotations.ts';
import { kahanAdd, kahanStart } from '../kahan.ts';
import type { Window } from '../range-series.ts';
import type { RangeCall, RangeFunctions } from './registry.ts';

/** Least squares over the floats of a window: slope per second, and the value at `interceptMs`. */
function linearRegression(window: Window, interceptMs: number): { slope: number; intercept: number } {
  const { floats, floatTimes } = window.series;
  const [sumX, sumY, sumXY, sumX2] = [kahanStart(), kahanStart(), kahanStart(), kahanStart()];
  const first = floats[window.fLow]!;
  let constant = true;
  let n = 0;
  for (let i = window.fLow; i < window.fHigh; i++) {
    const y = floats[i]!;
    if (i > window.fLow && y !== first) constant = false;
    n++;
    const x = (floatTimes[i]! - interceptMs) / 1e3;
    kahanAdd(sumX, x);
    kahanAdd(sumY, y);
    kahanAdd(sumXY, x * y);
    kahanAdd(sumX2, x * x);
  }
  if (constant) {
    return Number.isFinite(first) || Number.isNaN(first)
      ? { slope: 0, intercept: first }
      : { slope: NaN, intercept: NaN };
  }
  const x = sumX.sum + sumX.c;
  const y = sumY.sum + sumY.c;
  const covariance = sumXY.sum + sumXY.c - (x * y) / n;
  const variance = sumX2.sum + sumX2.c - (x * x) / n;
  const slope = covariance / variance;
  return { slope, intercept: y / n - (slope * x) / n };
}

/** Whether there are two floats; tells of histograms left out beside floats. */
function twoFloats(window: Window, input: RangeCall): boolean {
  const count = window.fHigh - window.fLow;
  if (count > 0 && window.hHigh > window.hLow) {
    input.context.annotations.add(
      annotate.histogramIgnoredInRange(input.metricName, input.call.args[0]!.span),
    );
  }
  return count >= 2;
}

/** Go's %f. */
function sixPlaces(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return value.toFixed(6);
  return value > 0 ? '+Inf' : '-Inf';
}

function doubleExponentialSmoothing(window: Window, input: RangeCall): number | undefined {
  const [smoothing = NaN, trend = NaN] = input.scalars;
  if (smoothing <= 0 || smoothing >= 1) {
    throw new PromqlExecutionError(
      `invalid smoothing factor. Expected: 0 < sf < 1, got: ${sixPlaces(smoothing)}`,
    );
  }
  if (trend <= 0 || trend >= 1) {
    throw new PromqlExecutionError(`invalid trend factor. Expected: 0 < tf < 1, got: ${sixPlaces(trend)}`);
  }
  if (!twoFloats(window, input)) return undefined;
  const { floats } = window.series;
  let before = 0;
  let level = floats[window.fLow]!;
  let slope = floats[window.fLow + 1]! - level;
  for (let i = window.fLow + 1; i < window.fHigh; i++) {
    const x = smoothing * floats[i]!;
    if (i > window.fLow + 1) slope = trend * (level - before) + (1 - trend) * slope;
    const y = (1 - smoothing) * (level + slope);
    before = level;
    level = x + y;
  }
  return level;
}

/** Trends. */
export const regressionFunctions: RangeFunctions = {
  deriv: (window, input) =>
    twoFloats(window, input)
      ? linearRegression(window, window.series.floatTimes[window.fLow]!).slope
      : undefined,
  double_exponential_smoothing: doubleExponentialSmoothing,
  predict_linear: (window, input) => {
    if (!twoFloats(window, input)) return undefined;
    const { slope, intercept } = linearRegression(window, input.evalMs);
    return slope * input.scalars[0]! + intercept;
  },
};
