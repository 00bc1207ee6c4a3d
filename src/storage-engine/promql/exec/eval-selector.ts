import type { SubqueryExpr, VectorExpr } from '../syntax/ast.ts';
import { type Column, newColumn, setFloat, setHistogram } from './column.ts';
import { type EvalContext, stepTime } from './context.ts';
import { withoutBuckets } from './histogram-stats.ts';
import { type SourceSeries, staleTester } from './sample-source.ts';

/** The time a selector refers to at a step: `@` fixes it, `offset` shifts it. */
export function referenceTime(expr: VectorExpr | SubqueryExpr, evalMs: number): number {
  return (expr.timestampMs ?? evalMs) - expr.offsetMs;
}

/** First and last reference time of a selector over all steps. */
export function referenceRange(expr: VectorExpr | SubqueryExpr, context: EvalContext): [number, number] {
  const { steps } = context;
  const last = stepTime(steps, Math.max(0, steps.count - 1));
  return [referenceTime(expr, steps.startMs), referenceTime(expr, last)];
}

export async function selectSeries(
  expr: VectorExpr,
  context: EvalContext,
  before: number,
  after: number,
  func?: string,
): Promise<readonly SourceSeries[]> {
  const [first, last] = referenceRange(expr, context);
  const { count, intervalMs } = context.steps;
  const hints = {
    startMs: first - before,
    endMs: last + after,
    ...(func !== undefined && { func }),
    stepMs: count > 1 ? intervalMs : 0,
    windowMs: before + 1,
  };
  const selected = await context.source.select(expr.matchers, hints);
  return expr.histogramStatsOnly ? selected.map((series) => withoutBuckets(series, hints.startMs)) : selected;
}

/** A sample found for a step: its index in the series. */
export type Pick = (series: SourceSeries, index: number, column: Column, step: number) => void;

const pickValue: Pick = (series, index, column, step) => {
  const found = series.histograms?.[index];
  if (found === undefined) setFloat(column, step, series.values[index]!);
  else setHistogram(column, step, found);
};

/** An instant selector: at each step the newest sample not older than the lookback, unless it is a stale marker. */
export async function evalVectorSelector(
  expr: VectorExpr,
  context: EvalContext,
  pick: Pick = pickValue,
): Promise<Column[]> {
  const { lookbackDeltaMs } = context.options;
  const selected = await selectSeries(expr, context, lookbackDeltaMs - 1, 0);
  return selectLatest(selected, (evalMs) => referenceTime(expr, evalMs), context, pick);
}

export async function selectLatest(
  selected: readonly SourceSeries[],
  timeAt: (evalMs: number) => number,
  context: EvalContext,
  pick: Pick = pickValue,
): Promise<Column[]> {
  const { steps, options, budget } = context;
  const columns: Column[] = [];
  for (const series of selected) {
    context.checkCanceled();
    await context.pause();
    const { timestamps } = series;
    const stale = staleTester(series.values);
    const column = newColumn(series.labels, steps.count);
    let found = 0;
    let next = 0;
    for (let step = 0; step < steps.count; step++) {
      const time = timeAt(stepTime(steps, step));
      while (next < timestamps.length && timestamps[next]! <= time) next++;
      const index = next - 1;
      if (index < 0 || timestamps[index]! <= time - options.lookbackDeltaMs) continue;
      if (series.histograms?.[index] === undefined && stale(index)) continue;
      pick(series, index, column, step);
      found++;
    }
    if (found === 0) continue;
    budget.queryable += found;
    budget.take(found);
    budget.holdSteps(steps.count);
    columns.push(column);
  }
  return columns;
}
