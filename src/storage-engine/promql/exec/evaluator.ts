import { PromqlExecutionError, PromqlUnsupportedError } from '../plan/execution-error.ts';
import { isStepInvariant } from '../plan/step-invariant.ts';
import type { CallExpr, Expr, UnaryExpr, VectorExpr } from '../syntax/ast.ts';
import {
  absent,
  type Column,
  float,
  histogramAt,
  mergeEqualLabels,
  newColumn,
  scalarColumn,
  setFloat,
  setHistogram,
} from './column.ts';
import { type EvalContext, stepsOf, stepTime } from './context.ts';
import { evalAggregate } from './eval-aggregate.ts';
import { evalBinary } from './eval-binary.ts';
import { evalInfo } from './eval-info.ts';
import { evalLabelJoin, evalLabelReplace } from './eval-labels.ts';
import { absentLabels, evalRangeCall } from './eval-range.ts';
import { evalVectorSelector } from './eval-selector.ts';
import { evalWindows } from './eval-windows.ts';
import { derivedLabels } from './functions/simple.ts';
import { vectorFunctions } from './functions/table.ts';
import { copyHistogram, scaleHistogram } from './histogram/float-histogram.ts';
import { Labels } from './labels.ts';
import { evalSmoothedSelector } from './smoothed-selector.ts';

/** Evaluates an expression at all steps of the context. Range vectors are evaluated by what takes them. */
export async function evaluate(expr: Expr, context: EvalContext): Promise<Column[]> {
  context.checkCanceled();
  const { steps, budget } = context;
  if (steps.count === 0) return [];
  await context.pause();
  const isLeaf = expr.kind === 'number' || expr.kind === 'string';
  if (steps.count > 1 && !isLeaf && isStepInvariant(expr)) {
    const before = budget.queryable;
    const once = await evaluate(expr, { ...context, steps: stepsOf(steps.startMs, steps.startMs, 1) });
    budget.queryable += (budget.queryable - before) * (steps.count - 1);
    return once.map((column) => repeat(column, steps.count));
  }
  const fromSource = await evalWindows(expr, context);
  if (fromSource !== undefined) return fromSource;
  switch (expr.kind) {
    case 'number':
      return [scalarColumn(steps.count, () => expr.value)];
    case 'vector':
      return expr.rangeMode === 'smoothed'
        ? evalSmoothedSelector(expr, context)
        : evalVectorSelector(expr, context);
    case 'paren':
      return evaluate(expr.expr, context);
    case 'unary':
      return evalUnary(expr, context);
    case 'binary':
      return evalBinary(expr, context);
    case 'aggregate':
      return evalAggregate(expr, context);
    case 'call':
      return evalCall(expr, context);
    default:
      throw new PromqlExecutionError(`unexpected ${expr.kind} where an instant vector or scalar is needed`);
  }
}

/** The one value of a column at each of many steps. */
function repeat(column: Column, steps: number): Column {
  const result = newColumn(column.labels, steps, column.dropName);
  result.kinds.fill(column.kinds[0]!);
  result.floats.fill(column.floats[0]!);
  if (column.histograms !== undefined) result.histograms = new Array(steps).fill(column.histograms[0]);
  return result;
}

async function evalUnary(expr: UnaryExpr, context: EvalContext): Promise<Column[]> {
  const columns = await evaluate(expr.expr, context);
  if (expr.op === '+') return columns;
  const negated = columns.map((column) => {
    const result = newColumn(derivedLabels(column, context), context.steps.count, true);
    for (let step = 0; step < context.steps.count; step++) {
      if (column.kinds[step] === float) setFloat(result, step, -column.floats[step]!);
      else if (column.kinds[step] !== absent) {
        setHistogram(result, step, scaleHistogram(copyHistogram(histogramAt(column, step)), -1));
      }
    }
    return result;
  });
  return mergeEqualLabels(negated);
}

async function evalCall(call: CallExpr, context: EvalContext): Promise<Column[]> {
  const { name } = call.func;
  const [first] = call.args;
  switch (name) {
    case 'label_replace':
      return evalLabelReplace(call, context);
    case 'label_join':
      return evalLabelJoin(call, context);
    case 'info':
      return evalInfo(call, context);
    case 'absent':
      return evalAbsent(call, context);
    case 'timestamp':
      return evalTimestamp(first!, context);
    case 'start_timestamp':
      return evalStartTimestamp(first!, context);
    default:
  }
  if (call.args.some(({ kind }) => kind === 'matrix' || kind === 'subquery'))
    return evalRangeCall(call, context);
  const implementation = vectorFunctions.get(name);
  if (implementation === undefined) throw new PromqlUnsupportedError(`function ${name}() is not implemented`);
  const args: Column[][] = [];
  for (const arg of call.args) args.push(arg.kind === 'string' ? [] : await evaluate(arg, context));
  const result = implementation({ call, args, context });
  return name.startsWith('sort') ? result : mergeEqualLabels(result);
}

async function evalAbsent(call: CallExpr, context: EvalContext): Promise<Column[]> {
  const [arg] = call.args;
  const columns = await evaluate(arg!, context);
  const labels = arg!.kind === 'vector' ? absentLabels(arg!.matchers) : Labels.empty;
  const result = newColumn(labels, context.steps.count);
  for (let step = 0; step < context.steps.count; step++) {
    if (columns.every((column) => column.kinds[step] === absent)) setFloat(result, step, 1);
  }
  return mergeEqualLabels([result]);
}

/** Drops the name of columns that were read as they are. */
function derived(columns: readonly Column[], context: EvalContext): Column[] {
  return mergeEqualLabels(
    columns.map((column) => ({ ...column, labels: derivedLabels(column, context), dropName: true })),
  );
}

/** The time of a selector's samples; of computed values the time of evaluation. */
async function evalTimestamp(arg: Expr, context: EvalContext): Promise<Column[]> {
  if (arg.kind === 'vector') {
    return derived(
      await evalVectorSelector(arg, context, (series, index, column, step) =>
        setFloat(column, step, series.timestamps[index]! / 1000),
      ),
      context,
    );
  }
  const columns = await evaluate(arg, context);
  const times = columns.map((column) => {
    const result = newColumn(column.labels, context.steps.count, true);
    for (let step = 0; step < context.steps.count; step++) {
      if (column.kinds[step] !== absent) setFloat(result, step, stepTime(context.steps, step) / 1000);
    }
    return result;
  });
  return derived(times, context);
}

async function evalStartTimestamp(arg: Expr, context: EvalContext): Promise<Column[]> {
  // Only stored samples have a start timestamp; what else is read counts for its errors and annotations.
  if (arg.kind !== 'vector' || !context.options.startTimestamps) {
    await evaluate(arg, context);
    return [];
  }
  const columns = await evalVectorSelector(arg as VectorExpr, context, (series, index, column, step) =>
    setFloat(column, step, (series.startTimestamps?.[index] ?? 0) / 1000),
  );
  return derived(columns, context);
}
