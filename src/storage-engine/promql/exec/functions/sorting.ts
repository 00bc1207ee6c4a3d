import { annotate } from '../annotations.ts';
import { type Column, float, newColumn, setFloat } from '../column.ts';
import type { EvalContext } from '../context.ts';
import { pdqSort } from '../pdq-sort.ts';
import type { VectorCall, VectorFunction, VectorFunctions } from './registry.ts';

function warnInRange({ call, context }: VectorCall): void {
  if (context.steps.startMs !== context.steps.endMs) context.annotations.add(annotate.sortInRange(call.span));
}

/** Only the floats of a column. */
function floatsOf(column: Column, context: EvalContext): Column {
  const result = newColumn(column.labels, context.steps.count, column.dropName);
  for (let step = 0; step < context.steps.count; step++) {
    if (column.kinds[step] === float) setFloat(result, step, column.floats[step]!);
  }
  return result;
}

const byValue =
  (before: (a: number, b: number) => boolean): VectorFunction =>
  (input) => {
    warnInRange(input);
    const columns = input.args[0]!.map((column) => floatsOf(column, input.context)).filter(
      (column) => input.context.steps.count !== 1 || column.kinds[0] === float,
    );
    // The order matters for instant queries only: ranges are sorted by labels in the end.
    if (input.context.steps.count !== 1) return columns;
    // Reversed, with NaN before everything: NaN comes last.
    return pdqSort(columns, (a, b) => {
      const value = b.floats[0]!;
      return Number.isNaN(value) || before(value, a.floats[0]!);
    });
  };

const byLabels =
  (direction: 1 | -1): VectorFunction =>
  (input) => {
    warnInRange(input);
    const names = input.call.args.slice(1).map((arg) => (arg.kind === 'string' ? arg.value : ''));
    return [...input.args[0]!].sort((a, b) => {
      for (const name of names) {
        const order = naturalOrder(a.labels.get(name), b.labels.get(name));
        if (order !== 0) return direction * order;
      }
      return direction * a.labels.compare(b.labels);
    });
  };

/** Natural order (facette/natsort): runs of digits compare as numbers. */
function naturalOrder(a: string, b: string): number {
  if (a === b) return 0;
  const [left, right] = [chunks(a), chunks(b)];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const [x, y] = [left[i]!, right[i]!];
    if (x === y) continue;
    const bothNumbers = /^\d+$/.test(x) && /^\d+$/.test(y);
    if (bothNumbers && Number(x) !== Number(y)) return Number(x) - Number(y);
    if (bothNumbers) continue;
    return x < y ? -1 : 1;
  }
  return left.length !== right.length ? left.length - right.length : a < b ? -1 : 1;
}

function chunks(text: string): string[] {
  return text.match(/\d+|\D+/g) ?? [];
}

/** Functions that order a vector. */
export const sortFunctions: VectorFunctions = {
  sort: byValue((a, b) => a > b),
  sort_desc: byValue((a, b) => a < b),
  sort_by_label: byLabels(1),
  sort_by_label_desc: byLabels(-1),
};
