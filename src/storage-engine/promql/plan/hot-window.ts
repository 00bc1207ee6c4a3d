import {
  type WindowFunction,
  type WindowOperator,
  windowFunctions,
  windowOperators,
} from '../../kernels/window-functions.ts';
import type { AggregateExpr, CallExpr, Expr, VectorExpr } from '../syntax/ast.ts';

/** A window function over a selector: what a source may evaluate beside its data. */
export interface HotWindow {
  readonly function: WindowFunction;
  readonly vector: VectorExpr;
  /** Of a range selector; an instant selector looks back as far as the engine says. */
  readonly rangeMs?: number;
  readonly call?: CallExpr;
  readonly aggregate?: { readonly expr: AggregateExpr; readonly operator: WindowOperator };
}

/** Functions that keep the metric's name. */
const keepName: ReadonlySet<WindowFunction> = new Set(['lookback', 'last_over_time', 'first_over_time']);

export function dropsName(hot: HotWindow): boolean {
  return !keepName.has(hot.function);
}

/** The metric's name that a selector fixes, or undefined. */
export function fixedName(vector: VectorExpr): string | undefined {
  return vector.matchers.find(({ name, op, value }) => name === '__name__' && op === '=' && value !== '')
    ?.value;
}

/** How an expression is a hot window, or undefined. */
export function hotWindow(expr: Expr): HotWindow | undefined {
  if (expr.kind !== 'aggregate') return plainWindow(expr);
  if (!Object.hasOwn(windowOperators, expr.op) || expr.param !== undefined) return undefined;
  const inner = plainWindow(expr.expr);
  if (inner === undefined) return undefined;
  // Without the name, series of two metrics may be one.
  if (dropsName(inner) && fixedName(inner.vector) === undefined) return undefined;
  return { ...inner, aggregate: { expr, operator: expr.op as WindowOperator } };
}

function plainWindow(expr: Expr): HotWindow | undefined {
  if (expr.kind === 'vector')
    return expr.rangeMode === undefined ? { function: 'lookback', vector: expr } : undefined;
  if (expr.kind !== 'call' || expr.args.length !== 1 || !Object.hasOwn(windowFunctions, expr.func.name))
    return undefined;
  const [arg] = expr.args;
  if (arg?.kind !== 'matrix' || arg.vector.rangeMode !== undefined) return undefined;
  const name = expr.func.name as WindowFunction;
  return { function: name, vector: arg.vector, rangeMs: arg.rangeMs, call: expr };
}
