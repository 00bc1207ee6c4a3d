import type { VectorExpr } from '../syntax/ast.ts';
import { annotate } from './annotations.ts';
import { type Column, isEmpty, newColumn, setFloat, setHistogram } from './column.ts';
import { type EvalContext, stepTime } from './context.ts';
import { referenceTime, selectSeries } from './eval-selector.ts';
import { interpolateFloats, interpolateHistograms } from './functions/extended-rate.ts';
import { IncompatibleSchemaError } from './histogram/arithmetic.ts';
import { type FloatHistogram, usesCustomBuckets } from './histogram/float-histogram.ts';
import { metricNameLabel } from './labels.ts';
import { moveWindow, rangeSeriesOf, startWindow, type Window } from './range-series.ts';

/** A `smoothed` instant selector: values interpolated between the samples before and after each step. */
export async function evalSmoothedSelector(expr: VectorExpr, context: EvalContext): Promise<Column[]> {
  const lookback = context.options.lookbackDeltaMs;
  const selected = await selectSeries(expr, context, lookback - 1, lookback);
  const columns: Column[] = [];
  for (const series of selected.map(rangeSeriesOf)) {
    const column = newColumn(series.labels, context.steps.count);
    const window = startWindow(series);
    for (let step = 0; step < context.steps.count; step++) {
      const time = referenceTime(expr, stepTime(context.steps, step));
      moveWindow(window, time - lookback, time + lookback);
      const value = smoothedValue(window, time, expr, context);
      if (typeof value === 'number') setFloat(column, step, value);
      else if (value !== undefined) setHistogram(column, step, value);
    }
    if (isEmpty(column)) continue;
    context.budget.holdSteps(context.steps.count);
    columns.push(column);
  }
  return columns;
}

function smoothedValue(
  window: Window,
  time: number,
  expr: VectorExpr,
  context: EvalContext,
): number | FloatHistogram | undefined {
  const { series } = window;
  const hasFloats = window.fHigh > window.fLow;
  const hasHistograms = window.hHigh > window.hLow;
  const name = series.labels.get(metricNameLabel);
  if (hasFloats && hasHistograms) {
    context.annotations.add(annotate.mixedFloatsHistograms(name, expr.span));
    return undefined;
  }
  const [times, low, high] = hasHistograms
    ? [series.histogramTimes, window.hLow, window.hHigh]
    : [series.floatTimes, window.fLow, window.fHigh];
  let next = low;
  while (next < high && times[next]! < time) next++;
  const exact = next < high && times[next] === time;
  if (!exact && next === low) return undefined;
  if (!hasHistograms) {
    if (exact) return series.floats[next]!;
    if (next === high) return series.floats[next - 1]!;
    const point = (i: number) => ({ time: times[i]!, value: series.floats[i]! });
    return interpolateFloats(point(next - 1), point(next), time, false);
  }
  if (exact) return series.histograms[next]!;
  if (next === high) return { ...series.histograms[next - 1]!, resetHint: 'unknown' };
  const point = (i: number) => ({ time: times[i]!, value: series.histograms[i]! });
  const [before, after] = [point(next - 1), point(next)];
  const mixed = usesCustomBuckets(before.value) !== usesCustomBuckets(after.value);
  const isCounter = before.value.resetHint !== 'gauge' || after.value.resetHint !== 'gauge';
  try {
    if (mixed) throw new IncompatibleSchemaError();
    return interpolateHistograms(before, after, time, isCounter, (operation) =>
      context.annotations.add(annotate.boundsReconciled(operation, expr.span)),
    );
  } catch (error) {
    if (!(error instanceof IncompatibleSchemaError)) throw error;
    context.annotations.add(annotate.mixedExponentialCustom(name, expr.span));
    return undefined;
  }
}
