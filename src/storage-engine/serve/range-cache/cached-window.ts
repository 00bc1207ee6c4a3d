import { PromqlExecutionError } from '../../promql/plan/execution-error.ts';
import { prepareExpr } from '../../promql/plan/prepare.ts';
import { selectionTimes } from '../../promql/plan/selection-times.ts';
import { type Expr, walk } from '../../promql/syntax/ast.ts';

/** How far before and after a step the expression reads, in ms. */
export interface StepReach {
  readonly beforeMs: number;
  readonly afterMs: number;
}

/** Functions whose value hangs on the times of the whole query, or on a selection of their own making. */
const bound: ReadonlySet<string> = new Set(['start', 'end', 'range', 'step', 'info']);

/**
 * How far each step of a range query reads; undefined where the answer at one step does not depend on the step alone (`@`,
 * `start()`, `end()`, `range()`, `step()`, durations made of these), or on more than its selectors (`info`).
 */
export function stepReach(
  query: string,
  expr: Expr,
  lookbackMs: number,
  stepMs: number,
): StepReach | undefined {
  if (!isFree(expr)) return undefined;
  const at = { startMs: 0, endMs: 0 };
  let prepared: Expr;
  try {
    prepared = prepareExpr(query, expr, { ...at, stepMs });
  } catch (error) {
    // The evaluation fails in the same way, and tells it.
    if (error instanceof PromqlExecutionError) return undefined;
    throw error;
  }
  const times = selectionTimes(prepared, at, lookbackMs);
  return {
    beforeMs: Math.max(0, ...times.map(({ startMs }) => -startMs)),
    afterMs: Math.max(0, ...times.map(({ endMs }) => endMs)),
  };
}

function isFree(expr: Expr): boolean {
  let free = true;
  walk(expr, (node) => {
    if (node.kind === 'call' && bound.has(node.func.name)) free = false;
    const modified = node.kind === 'matrix' ? node.vector : node;
    if (modified.kind === 'vector' || modified.kind === 'subquery') {
      if (modified.timestampMs !== undefined || modified.atPreprocessor !== undefined) free = false;
      // Arithmetic on durations may name the whole range.
      if (modified.offsetExpr !== undefined) free = false;
    }
    if ((node.kind === 'matrix' || node.kind === 'subquery') && node.rangeExpr !== undefined) free = false;
    if (node.kind === 'subquery' && node.stepExpr !== undefined) free = false;
  });
  return free;
}
