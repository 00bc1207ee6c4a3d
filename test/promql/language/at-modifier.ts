import { type Expr, walk } from '../../../src/storage-engine/promql/syntax/ast.ts';
import type { PromqlOptions } from '../../../src/storage-engine/promql/syntax/dialect.ts';
import { parseExpr } from '../../../src/storage-engine/promql/syntax/parse.ts';
import { printExpr } from '../../../src/storage-engine/promql/syntax/print.ts';

const timeDependent = new Set(
  'days_in_month day_of_month day_of_week day_of_year end hour minute month year predict_linear range start step time timestamp'.split(
    ' ',
  ),
);

/**
 * The same query with every selector fixed by `@` to the time of evaluation, to be evaluated at other times: the
 * answer must not change. None where a function depends on the time itself.
 */
export function fixedTimeVariants(
  query: string,
  dialect: PromqlOptions,
  timeMs: number,
): { query: string; timeMs: number }[] {
  const { expr } = parseExpr(query, dialect);
  let depends = false;
  walk(expr, (node) => {
    if (node.kind === 'call' && timeDependent.has(node.func.name)) depends = true;
  });
  if (depends) return [];
  const text = printExpr(fix(expr, timeMs));
  const times =
    timeMs === 0 ? [-1000, 0, 1000] : [-10 * timeMs, 0, Math.trunc(timeMs / 5), timeMs, 10 * timeMs];
  return times.map((time) => ({ query: text, timeMs: time }));
}

function fix(expr: Expr, timeMs: number): Expr {
  switch (expr.kind) {
    case 'vector':
      return fixModifiers(expr, timeMs);
    case 'matrix':
      return { ...expr, vector: fixModifiers(expr.vector, timeMs) };
    case 'subquery': {
      // Inside a subquery that is fixed already nothing else needs to be.
      const fixed = fixModifiers(expr, timeMs);
      return fixed;
    }
    case 'aggregate':
      return { ...expr, expr: fix(expr.expr, timeMs), ...(expr.param && { param: fix(expr.param, timeMs) }) };
    case 'binary':
      return { ...expr, left: fix(expr.left, timeMs), right: fix(expr.right, timeMs) };
    case 'call':
      return { ...expr, args: expr.args.map((arg) => fix(arg, timeMs)) };
    case 'paren':
    case 'unary':
      return { ...expr, expr: fix(expr.expr, timeMs) };
    default:
      return expr;
  }
}

function fixModifiers<T extends { readonly timestampMs?: number; readonly atPreprocessor?: 'start' | 'end' }>(
  node: T,
  timeMs: number,
): T {
  return node.timestampMs === undefined && node.atPreprocessor === undefined
    ? { ...node, timestampMs: timeMs }
    : node;
}
