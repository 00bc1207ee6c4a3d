import { PromqlExecutionError } from '../plan/execution-error.ts';
import type { AggregateExpr } from '../syntax/ast.ts';
import { formatFloatGeneral } from '../syntax/go-format.ts';
import { annotate } from './annotations.ts';
import { absent, type Column, ColumnBuilder, copyStep, histogram, setFloat } from './column.ts';
import type { EvalContext } from './context.ts';
import type { SelectableRows } from './eval-windows.ts';
import { GoHeap } from './go-heap.ts';
import type { Labels } from './labels.ts';
import { labelsHashShare } from './labels-hash.ts';
import { pdqSort } from './pdq-sort.ts';
import { staleTester } from './sample-source.ts';

/** Evaluates topk, bottomk, limitk and limit_ratio: which series stay at each step. */
export function evalSelection(
  expr: AggregateExpr,
  param: Column,
  input: readonly Column[],
  groupCount: number,
  groupOf: Int32Array,
  context: EvalContext,
): Column[] {
  const params = [...param.floats.slice(0, context.steps.count)];
  if (!checkParams(expr, params, context)) return [];
  const builder = new ColumnBuilder(context.steps.count);
  for (let step = 0; step < context.steps.count; step++) {
    const groups: Column[][] = Array.from({ length: groupCount }, () => []);
    input.forEach((column, i) => {
      if (column.kinds[step] !== absent) groups[groupOf[i]!]!.push(column);
    });
    for (const members of groups) {
      for (const column of selectMembers(expr, params[step]!, members, input.length, step, context)) {
        copyStep(column, builder.at(column.labels, step, column.dropName), step);
      }
    }
  }
  return builder.columns;
}

/** Checks the parameter over all steps; false when nothing can be selected. */
function checkParams(expr: AggregateExpr, params: readonly number[], context: EvalContext): boolean {
  const hasNaN = params.some((value) => Number.isNaN(value));
  const numbers = params.filter((value) => !Number.isNaN(value));
  const [max, min] = [Math.max(...numbers), Math.min(...numbers)];
  if (expr.op === 'limit_ratio') {
    if (max === 0 && min === 0) return false;
    if (hasNaN) throw new PromqlExecutionError('Ratio value is NaN');
    const { span } = expr.param!;
    if (max > 1) context.annotations.add(annotate.invalidRatio(max, 1, span));
    if (min < -1) context.annotations.add(annotate.invalidRatio(min, -1, span));
    return true;
  }
  if (max < 1 && !hasNaN) return false;
  if (hasNaN) throw new PromqlExecutionError('Parameter value is NaN');
  if (min <= -(2 ** 63))
    throw new PromqlExecutionError(`Scalar value ${formatFloatGeneral(min)} underflows int64`);
  if (max >= 2 ** 63)
    throw new PromqlExecutionError(`Scalar value ${formatFloatGeneral(max)} overflows int64`);
  return true;
}

function selectMembers(
  expr: AggregateExpr,
  param: number,
  members: readonly Column[],
  seriesCount: number,
  step: number,
  context: EvalContext,
): readonly Column[] {
  if (expr.op === 'limit_ratio') {
    const ratio = Math.max(-1, Math.min(1, param));
    if (ratio === 0) return [];
    const chosen = members.filter(({ labels }) => {
      const share = labelsHashShare(labels);
      return ratio > 0 ? share < ratio : share >= 1 + ratio;
    });
    return heapOrder(chosen, step);
  }
  const k = Math.min(Math.trunc(param), seriesCount);
  if (k < 1) return [];
  if (expr.op === 'limitk') return heapOrder(members.slice(0, k), step);
  const floats = members.filter((column) => column.kinds[step] !== histogram);
  if (floats.length < members.length) {
    context.annotations.add(annotate.histogramIgnoredInAggregation(expr.op, expr.span));
  }
  return bestOf(expr.op === 'topk', k, floats, step);
}

/** The order in which Go's heap by value holds series that were pushed one by one; a histogram counts as 0. */
function heapOrder(columns: readonly Column[], step: number): readonly Column[] {
  const weight = (column: Column) => (column.kinds[step] === histogram ? 0 : column.floats[step]!);
  const heap = new GoHeap<Column>((a, b) => Number.isNaN(weight(a)) || weight(a) < weight(b));
  for (const column of columns) heap.push(column);
  return heap.items;
}

/** The k largest or smallest, best first, with the order of equal values that Go's heap gives. */
function bestOf(largest: boolean, k: number, columns: readonly Column[], step: number): Column[] {
  return bestBy(largest, k, columns, (column) => column.floats[step]!);
}

function bestBy<T>(largest: boolean, k: number, members: Iterable<T>, floatOf: (member: T) => number): T[] {
  // The worst stays on top of the heap; NaN is worse than any number.
  const less = (a: T, b: T) => {
    const [x, y] = [floatOf(a), floatOf(b)];
    return Number.isNaN(x) || (largest ? x < y : x > y);
  };
  const heap = new GoHeap<T>(less);
  for (const member of members) {
    if (heap.items.length < k) {
      heap.push(member);
      continue;
    }
    const worst = floatOf(heap.items[0]!);
    const value = floatOf(member);
    const better = largest ? worst < value : worst > value;
    if (!better && !(Number.isNaN(worst) && !Number.isNaN(value))) continue;
    heap.items[0] = member;
    if (k > 1) heap.fixFirst();
  }
  return heap.items.length > 1 ? pdqSort(heap.items, (a, b) => less(b, a)) : heap.items;
}

/** topk and bottomk of rows that a source gave: labels are made of those alone that stay. */
export function selectRows(
  expr: AggregateExpr,
  param: Column,
  rows: SelectableRows,
  context: EvalContext,
): Column[] {
  const { steps } = context;
  const params = [...param.floats.slice(0, steps.count)];
  if (!checkParams(expr, params, context)) return [];
  const builder = new ColumnBuilder(steps.count);
  const { count, values, starts, groupOf } = rows;
  const isMissing = staleTester(values);
  const labels = new Map<number, Labels>();
  const labelsOf = (row: number): Labels => {
    let found = labels.get(row);
    if (found === undefined) {
      found = rows.labelsOf(row);
      labels.set(row, found);
    }
    return found;
  };
  for (let step = 0; step < steps.count; step++) {
    const k = Math.min(Math.trunc(params[step]!), count);
    if (k < 1) continue;
    const groups: number[][] = [];
    for (let row = 0; row < count; row++) {
      const group = groupOf[row]!;
      groups[group] ??= [];
      if (!isMissing(starts[row]! + step)) groups[group].push(row);
    }
    const floatOf = (row: number) => values[starts[row]! + step]!;
    for (const members of groups) {
      for (const row of bestBy(expr.op === 'topk', k, members, floatOf))
        setFloat(builder.at(labelsOf(row), step, rows.dropName), step, floatOf(row));
    }
  }
  return builder.columns;
}
