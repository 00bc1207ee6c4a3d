import { PromqlExecutionError, PromqlUnsupportedError } from '../plan/execution-error.ts';
import type { CallExpr, MatrixExpr, SubqueryExpr } from '../syntax/ast.ts';
import { annotate } from './annotations.ts';
import {
  absent,
  type Column,
  float,
  histogramAt,
  isEmpty,
  mergeEqualLabels,
  newColumn,
  setFloat,
  setHistogram,
} from './column.ts';
import { type EvalContext, stepsOf, stepTime } from './context.ts';
import { referenceRange, referenceTime, selectSeries } from './eval-selector.ts';
import type { RangeCall } from './functions/registry.ts';
import { rangeFunctions } from './functions/table.ts';
import type { FloatHistogram } from './histogram/float-histogram.ts';
import { Labels, metricNameLabel } from './labels.ts';
import { moveWindow, type RangeSeries, rangeSeriesOf, startWindow } from './range-series.ts';

const anchoredFunctions: ReadonlySet<string> = new Set(['changes', 'delta', 'increase', 'rate', 'resets']);
const smoothedFunctions: ReadonlySet<string> = new Set(['delta', 'increase', 'rate']);

/** How much more than its range a window holds, before and after. */
function widening(arg: MatrixExpr | SubqueryExpr, context: EvalContext): { before: number; after: number } {
  const mode = arg.kind === 'matrix' ? arg.vector.rangeMode : undefined;
  const lookback = context.options.lookbackDeltaMs;
  return { before: mode === undefined ? 0 : lookback, after: mode === 'smoothed' ? lookback : 0 };
}

/** Evaluates a call with a range vector among its arguments. */
export async function evalRangeCall(call: CallExpr, context: EvalContext): Promise<Column[]> {
  const { name } = call.func;
  const rangeFunction = rangeFunctions.get(name);
  if (rangeFunction === undefined) throw new PromqlUnsupportedError(`function ${name}() is not implemented`);
  const at = call.args.findIndex(({ kind }) => kind === 'matrix' || kind === 'subquery');
  const arg = call.args[at] as MatrixExpr | SubqueryExpr;
  checkMode(name, arg);
  const scalarColumns: Column[] = [];
  for (const [i, other] of call.args.entries()) {
    if (i !== at) scalarColumns.push((await context.evaluate(other, context))[0]!);
  }
  const selected = await rangeSeries(arg, context, name);
  const { steps, budget } = context;
  const extra = widening(arg, context);
  const reference = arg.kind === 'matrix' ? arg.vector : arg;
  const told = arg.kind === 'subquery' ? atStart(call, at) : call;
  const columns: Column[] = [];
  for (const series of selected) {
    context.checkCanceled();
    await context.pause();
    const column = resultColumn(series, name, context);
    const window = startWindow(series);
    const input = rangeCall(told, arg, series, context);
    let results = 0;
    for (let step = 0; step < steps.count; step++) {
      const evalMs = stepTime(steps, step);
      const endMs = referenceTime(reference, evalMs);
      const startMs = endMs - arg.rangeMs;
      moveWindow(window, startMs - extra.before, endMs + extra.after);
      const held = window.fHigh - window.fLow + (window.hHigh - window.hLow);
      if (held === 0) continue;
      budget.queryable += held;
      Object.assign(input, { evalMs, startMs, endMs });
      scalarColumns.forEach((scalar, i) => {
        input.scalars[i] = scalar.floats[step]!;
      });
      const value = rangeFunction(window, input);
      if (value === undefined) continue;
      results++;
      if (typeof value === 'number') setFloat(column, step, value);
      else setHistogram(column, step, value);
    }
    if (results === 0) continue;
    budget.take(results);
    budget.holdSteps(steps.count);
    columns.push(column);
    if ((name === 'rate' || name === 'increase') && column.kinds.includes(float))
      tellNonCounter(told, series.labels, context);
  }
  if (name === 'absent_over_time') return mergeEqualLabels([absentColumn(arg, columns, context)]);
  return mergeEqualLabels(columns);
}

/** Annotations about a subquery point to the start of the query, as Prometheus's do. */
function atStart(call: CallExpr, at: number): CallExpr {
  const args = call.args.map((arg, i) => (i === at ? { ...arg, span: { start: 0, end: 0 } } : arg));
  return { ...call, args };
}

function checkMode(name: string, arg: MatrixExpr | SubqueryExpr): void {
  const mode = arg.kind === 'matrix' ? arg.vector.rangeMode : undefined;
  if (mode === undefined) return;
  const safe = mode === 'anchored' ? anchoredFunctions : smoothedFunctions;
  if (safe.has(name)) return;
  throw new PromqlExecutionError(
    `${mode} modifier can only be used with: ${[...safe].join(', ')} - not with ${name}`,
  );
}

function resultColumn(series: RangeSeries, name: string, context: EvalContext): Column {
  const keepsName = name === 'last_over_time' || name === 'first_over_time';
  const dropName = !keepsName || series.dropName;
  const labels =
    dropName && !context.options.delayedNameRemoval ? series.labels.withoutMetadata() : series.labels;
  return newColumn(labels, context.steps.count, dropName);
}

function rangeCall(
  call: CallExpr,
  arg: MatrixExpr | SubqueryExpr,
  series: RangeSeries,
  context: EvalContext,
): RangeCall {
  return {
    call,
    context,
    metricName: series.labels.get(metricNameLabel),
    rangeMs: arg.rangeMs,
    mode: arg.kind === 'matrix' ? arg.vector.rangeMode : undefined,
    evalMs: 0,
    startMs: 0,
    endMs: 0,
    scalars: [],
  };
}

/** Says that the floats of a series are, by its name or type, none of a counter. */
export function tellNonCounter(call: CallExpr, labels: Labels, context: EvalContext): void {
  const name = labels.get(metricNameLabel);
  if (name === '') return;
  const { span } = call.args[0]!;
  if (context.options.typeAndUnitLabels) {
    const type = labels.get('__type__');
    if (type !== 'counter' && type !== 'histogram') {
      context.annotations.add(annotate.possibleNonCounterLabel(name, type, span));
    }
  } else if (!/_(?:total|sum|count|bucket)$/.test(name)) {
    context.annotations.add(annotate.possibleNonCounter(name, span));
  }
}

/** 1 at each step where no series has a value. */
function absentColumn(
  arg: MatrixExpr | SubqueryExpr,
  columns: readonly Column[],
  context: EvalContext,
): Column {
  const labels = arg.kind === 'matrix' ? absentLabels(arg.vector.matchers) : Labels.empty;
  const result = newColumn(labels, context.steps.count, true);
  for (let step = 0; step < context.steps.count; step++) {
    if (columns.every((column) => column.kinds[step] === absent)) setFloat(result, step, 1);
  }
  return result;
}

/** Labels that a selector fixes by equality, each name once. */
export function absentLabels(
  matchers: readonly { readonly name: string; readonly op: string; readonly value: string }[],
): Labels {
  const values = new Map<string, string>();
  const seen = new Set<string>();
  for (const { name, op, value } of matchers) {
    if (name === metricNameLabel) continue;
    if (op === '=' && !seen.has(name)) {
      values.set(name, value);
      seen.add(name);
    } else {
      values.delete(name);
    }
  }
  return Labels.from(values);
}

/** The samples of a range selector or subquery, for all steps. */
export async function rangeSeries(
  arg: MatrixExpr | SubqueryExpr,
  context: EvalContext,
  func?: string,
): Promise<RangeSeries[]> {
  if (arg.kind === 'subquery') return subquerySeries(arg, context);
  const extra = widening(arg, context);
  const selected = await selectSeries(arg.vector, context, arg.rangeMs + extra.before - 1, extra.after, func);
  return selected.map(rangeSeriesOf);
}

/** Evaluates a subquery at multiples of its step, over all windows that the steps of the outer query look at. */
async function subquerySeries(arg: SubqueryExpr, context: EvalContext): Promise<RangeSeries[]> {
  const stepMs = arg.stepMs === 0 ? context.options.defaultStepMs : arg.stepMs;
  const [firstMs, lastMs] = referenceRange(arg, context);
  const earliest = firstMs - arg.rangeMs;
  let startMs = stepMs * Math.trunc(earliest / stepMs);
  if (startMs <= earliest) startMs += stepMs;
  const steps = stepsOf(startMs, lastMs, stepMs);
  if (steps.count === 0) return [];
  // What a subquery's own expression looks at is not counted: the windows over its results are.
  const before = context.budget.queryable;
  const columns = await context.evaluate(arg.expr, { ...context, steps });
  context.budget.queryable = before;
  return columns
    .filter((column) => !isEmpty(column))
    .map((column) => seriesOfColumn(column, { ...context, steps }));
}

function seriesOfColumn(column: Column, context: EvalContext): RangeSeries {
  const floatTimes: number[] = [];
  const floats: number[] = [];
  const histogramTimes: number[] = [];
  const histograms: FloatHistogram[] = [];
  for (let step = 0; step < context.steps.count; step++) {
    const time = stepTime(context.steps, step);
    if (column.kinds[step] === float) {
      floatTimes.push(time);
      floats.push(column.floats[step]!);
    } else if (column.kinds[step] !== absent) {
      const h = histogramAt(column, step);
      histogramTimes.push(time);
      // Between steps of a subquery samples may be skipped: what is known of resets no longer holds.
      const isKnown = h.resetHint === 'reset' || h.resetHint === 'not_reset';
      histograms.push(isKnown ? { ...h, resetHint: 'unknown' } : h);
    }
  }
  return {
    labels: column.labels,
    dropName: column.dropName,
    floatTimes: Float64Array.from(floatTimes),
    floats: Float64Array.from(floats),
    histogramTimes: Float64Array.from(histogramTimes),
    histograms,
  };
}
