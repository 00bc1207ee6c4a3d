import type { Expr } from '../syntax/ast.ts';

/** Functions whose result depends on the time of evaluation even where their arguments do not. */
const timeDependent: ReadonlySet<string> = new Set([
  'days_in_month',
  'day_of_month',
  'day_of_week',
  'day_of_year',
  'hour',
  'minute',
  'month',
  'year',
  'predict_linear',
  'time',
  'timestamp',
]);

/** Whether an expression has the same value at each step of a query, because all it reads is fixed by `@`. */
export function isStepInvariant(expr: Expr): boolean {
  switch (expr.kind) {
    case 'number':
    case 'string':
      return true;
    case 'vector':
    case 'subquery':
      return expr.timestampMs !== undefined;
    case 'matrix':
      return expr.vector.timestampMs !== undefined;
    case 'aggregate':
    case 'paren':
    case 'unary':
      return isStepInvariant(expr.expr);
    case 'binary':
      return isStepInvariant(expr.left) && isStepInvariant(expr.right);
    case 'call': {
      const fixed = expr.args.every((arg) => isStepInvariant(arg));
      if (!timeDependent.has(expr.func.name)) return fixed;
      // The timestamp of a fixed sample is fixed; that of a computed one is the time of evaluation.
      return fixed && expr.func.name === 'timestamp' && expr.args.every((arg) => arg.kind === 'vector');
    }
  }
}
