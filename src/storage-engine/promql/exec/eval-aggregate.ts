import { PromqlExecutionError } from '../plan/execution-error.ts';
import type { AggregateExpr } from '../syntax/ast.ts';
import { formatFloatPlain, goQuote } from '../syntax/go-format.ts';
import { isValidUtf8 } from '../syntax/strings.ts';
import { annotate } from './annotations.ts';
import {
  absent,
  type Column,
  ColumnBuilder,
  float,
  histogramAt,
  isEmpty,
  newColumn,
  setFloat,
  setHistogram,
} from './column.ts';
import type { EvalContext } from './context.ts';
import { evalSelection, selectRows } from './eval-selection.ts';
import { selectableRows } from './eval-windows.ts';
import { GroupValue } from './group-value.ts';
import { histogramText } from './histogram/float-histogram.ts';
import { Labels, metricNameLabel } from './labels.ts';

/** Labels of the group that a series belongs to. */
function groupLabels(labels: Labels, expr: AggregateExpr, grouping: readonly string[]): Labels {
  if (expr.without) return labels.without([...grouping, metricNameLabel]);
  return grouping.length === 0 ? Labels.empty : labels.keep(grouping);
}

/** Evaluates an aggregation. */
export async function evalAggregate(expr: AggregateExpr, context: EvalContext): Promise<Column[]> {
  if (expr.op === 'count_values') return countValues(expr, context);
  const param = expr.param === undefined ? undefined : (await context.evaluate(expr.param, context))[0]!;
  if (expr.op === 'topk' || expr.op === 'bottomk') {
    const rows = await selectableRows(expr, context);
    if (rows !== undefined) return selectRows(expr, param!, rows, context);
  }
  const input = await context.evaluate(expr.expr, context);
  const { groups, groupOf } = groupColumns(expr, input);
  switch (expr.op) {
    case 'topk':
    case 'bottomk':
    case 'limitk':
    case 'limit_ratio':
      return evalSelection(expr, param!, input, groups.length, groupOf, context);
    default:
      return reduceGroups(expr, param, input, groups, groupOf, context);
  }
}

function groupColumns(
  expr: AggregateExpr,
  input: readonly Column[],
): { groups: Labels[]; groupOf: Int32Array } {
  const byKey = new Map<string, number>();
  const groups: Labels[] = [];
  const groupOf = Int32Array.from(input, (column) => {
    const labels = groupLabels(column.labels, expr, expr.grouping);
    let group = byKey.get(labels.key);
    if (group === undefined) {
      group = groups.length;
      byKey.set(labels.key, group);
      groups.push(labels);
    }
    return group;
  });
  return { groups, groupOf };
}

function reduceGroups(
  expr: AggregateExpr,
  param: Column | undefined,
  input: readonly Column[],
  groups: readonly Labels[],
  groupOf: Int32Array,
  context: EvalContext,
): Column[] {
  const { steps, annotations } = context;
  if (expr.op === 'quantile') warnQuantiles(expr, param!, context);
  const results = groups.map((labels) => newColumn(labels, steps.count));
  for (let step = 0; step < steps.count; step++) {
    const values = groups.map(() => new GroupValue(expr.op));
    input.forEach((column, i) => {
      if (column.kinds[step] === absent) return;
      const value = column.kinds[step] === float ? column.floats[step]! : histogramAt(column, step);
      const group = values[groupOf[i]!]!;
      const note = group.add(value, column.labels.get(metricNameLabel), expr.expr.span, annotations);
      if (note && column.dropName) results[groupOf[i]!]!.dropName = true;
    });
    values.forEach((value, group) => {
      const result = value.finish(param?.floats[step] ?? NaN, expr.expr.span, annotations);
      if (typeof result === 'number') setFloat(results[group]!, step, result);
      else if (result !== undefined) setHistogram(results[group]!, step, result);
    });
  }
  return results.filter((column) => !isEmpty(column));
}

function warnQuantiles(expr: AggregateExpr, param: Column, context: EvalContext): void {
  const { span } = expr.param!;
  // As in Prometheus, one NaN hides what else is wrong.
  if (param.floats.some((value) => Number.isNaN(value))) {
    context.annotations.add(annotate.invalidQuantile(NaN, span));
    return;
  }
  const max = param.floats.reduce((a, b) => Math.max(a, b), -Infinity);
  const min = param.floats.reduce((a, b) => Math.min(a, b), Infinity);
  if (max > 1) context.annotations.add(annotate.invalidQuantile(max, span));
  if (min < 0) context.annotations.add(annotate.invalidQuantile(min, span));
}

async function countValues(expr: AggregateExpr, context: EvalContext): Promise<Column[]> {
  const label = expr.param?.kind === 'string' ? expr.param.value : '';
  if (label === '' || !isValidUtf8(label))
    throw new PromqlExecutionError(`invalid label name ${goQuote(label)}`);
  const grouping = expr.without ? expr.grouping : [...expr.grouping, label];
  const input = await context.evaluate(expr.expr, context);
  const builder = new ColumnBuilder(context.steps.count);
  for (let step = 0; step < context.steps.count; step++) {
    const counts = new Map<string, { labels: Labels; count: number }>();
    for (const column of input) {
      if (column.kinds[step] === absent) continue;
      const isFloat = column.kinds[step] === float;
      const text = isFloat
        ? formatFloatPlain(column.floats[step]!)
        : histogramText(histogramAt(column, step));
      const labels = groupLabels(column.labels.with([[label, text]]), expr, grouping);
      const group = counts.get(labels.key);
      if (group === undefined) counts.set(labels.key, { labels, count: 1 });
      else group.count++;
    }
    for (const { labels, count } of counts.values()) setFloat(builder.at(labels, step, false), step, count);
  }
  return builder.columns;
}
