import { annotate } from '../annotations.ts';
import { kahanAdd, kahanStart } from '../kahan.ts';
import { quantileOf } from '../quantile.ts';
import type { Window } from '../range-series.ts';
import type { RangeCall, RangeFunctions } from './registry.ts';

/** Tells that histograms in a mixed window were left out; false when the window has no float. */
export function onlyFloats(window: Window, input: RangeCall): boolean {
  if (window.fHigh === window.fLow) return false;
  if (window.hHigh > window.hLow) {
    input.context.annotations.add(
      annotate.histogramIgnoredInRange(input.metricName, input.call.args[0]!.span),
    );
  }
  return true;
}

type Better = (value: number, best: number) => boolean;

/** The value, or the time in seconds, of the best float. */
const extreme =
  (better: Better, result: 'value' | 'time') =>
  (window: Window, input: RangeCall): number | undefined => {
    if (!onlyFloats(window, input)) return undefined;
    const { floats, floatTimes } = window.series;
    let best = window.fLow;
    for (let i = window.fLow; i < window.fHigh; i++) {
      if (better(floats[i]!, floats[best]!) || Number.isNaN(floats[best]!)) best = i;
    }
    return result === 'value' ? floats[best]! : floatTimes[best]! / 1000;
  };

/** Floats and histograms of a window: which comes first or last. */
function edge(window: Window, side: 'first' | 'last') {
  const { floatTimes, histogramTimes } = window.series;
  const hasFloat = window.fHigh > window.fLow;
  const hasHistogram = window.hHigh > window.hLow;
  const f = side === 'first' ? window.fLow : window.fHigh - 1;
  const h = side === 'first' ? window.hLow : window.hHigh - 1;
  const floatWins =
    !hasHistogram ||
    (hasFloat &&
      (side === 'first' ? floatTimes[f]! < histogramTimes[h]! : histogramTimes[h]! < floatTimes[f]!));
  return floatWins
    ? { isFloat: true, index: f, time: floatTimes[f]! }
    : { isFloat: false, index: h, time: histogramTimes[h]! };
}

const edgeValue = (side: 'first' | 'last') => (window: Window) => {
  const { isFloat, index } = edge(window, side);
  return isFloat ? window.series.floats[index]! : window.series.histograms[index]!;
};

function variance(window: Window, input: RangeCall): number | undefined {
  if (!onlyFloats(window, input)) return undefined;
  const { floats } = window.series;
  let count = 0;
  const mean = kahanStart();
  const squares = kahanStart();
  for (let i = window.fLow; i < window.fHigh; i++) {
    count++;
    const delta = floats[i]! - (mean.sum + mean.c);
    kahanAdd(mean, delta / count);
    kahanAdd(squares, delta * (floats[i]! - (mean.sum + mean.c)));
  }
  return (squares.sum + squares.c) / count;
}

function medianDeviation(window: Window, input: RangeCall): number | undefined {
  if (!onlyFloats(window, input)) return undefined;
  const values = window.series.floats.slice(window.fLow, window.fHigh);
  if (values.some((value) => Number.isNaN(value))) return NaN;
  const median = quantileOf(0.5, values);
  return quantileOf(
    0.5,
    values.map((value) => Math.abs(value - median)),
  );
}

function quantileOverTime(window: Window, input: RangeCall): number | undefined {
  if (window.fHigh === window.fLow) return undefined;
  const q = input.scalars[0]!;
  const { annotations } = input.context;
  const span = input.call.args[0]!.span;
  if (!(q >= 0 && q <= 1)) annotations.add(annotate.invalidQuantile(q, span));
  if (window.hHigh > window.hLow) annotations.add(annotate.histogramIgnoredInRange(input.metricName, span));
  return quantileOf(q, window.series.floats.slice(window.fLow, window.fHigh));
}

/** Functions that look at the floats of a window one by one, and those that do not care what a sample is. */
export const overTimeFunctions: RangeFunctions = {
  absent_over_time: () => 1,
  present_over_time: () => 1,
  count_over_time: (window) => window.fHigh - window.fLow + window.hHigh - window.hLow,
  first_over_time: edgeValue('first'),
  last_over_time: edgeValue('last'),
  mad_over_time: medianDeviation,
  max_over_time: extreme((value, best) => value > best, 'value'),
  min_over_time: extreme((value, best) => value < best, 'value'),
  quantile_over_time: quantileOverTime,
  stddev_over_time: (window, input) => {
    const result = variance(window, input);
    return result === undefined ? undefined : Math.sqrt(result);
  },
  stdvar_over_time: variance,
  ts_of_first_over_time: (window) => edge(window, 'first').time / 1000,
  ts_of_last_over_time: (window) => edge(window, 'last').time / 1000,
  ts_of_max_over_time: extreme((value, best) => value >= best, 'time'),
  ts_of_min_over_time: extreme((value, best) => value <= best, 'time'),
};
