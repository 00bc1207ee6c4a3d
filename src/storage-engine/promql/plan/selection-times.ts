import type { Expr, VectorExpr } from '../syntax/ast.ts';

/** Times at which an expression is evaluated, in ms; equal for an instant query. */
export interface EvaluationTimes {
  readonly startMs: number;
  readonly endMs: number;
}

/** One selector of an expression with the first and last time of samples that can matter to it. */
export interface SelectorTimes extends EvaluationTimes {
  readonly vector: VectorExpr;
}

/** The selectors of a prepared expression (see `prepareExpr`), in the order they are written, with the times they read. */
export function selectionTimes(expr: Expr, times: EvaluationTimes, lookbackMs: number): SelectorTimes[] {
  const found: SelectorTimes[] = [];
  visit(expr, times);
  return found;

  function visit(node: Expr, at: EvaluationTimes): void {
    switch (node.kind) {
      case 'vector':
        found.push(selectorTimes(node, at, lookbackMs, node.rangeMode === 'smoothed' ? lookbackMs : 0));
        return;
      case 'matrix': {
        const wider = node.vector.rangeMode === undefined ? 0 : lookbackMs;
        const after = node.vector.rangeMode === 'smoothed' ? lookbackMs : 0;
        found.push(selectorTimes(node.vector, at, node.rangeMs + wider, after));
        return;
      }
      case 'subquery': {
        const inner = referenceTimes(node, at);
        visit(node.expr, { startMs: inner.startMs - node.rangeMs, endMs: inner.endMs });
        return;
      }
      case 'aggregate':
        if (node.param !== undefined) visit(node.param, at);
        visit(node.expr, at);
        return;
      case 'binary':
        visit(node.left, at);
        visit(node.right, at);
        return;
      case 'call':
        for (const arg of node.args) visit(arg, at);
        return;
      case 'paren':
      case 'unary':
        visit(node.expr, at);
        return;
      case 'number':
      case 'string':
    }
  }
}

/** `@` fixes the time that a selector or subquery refers to, `offset` shifts it. */
function referenceTimes(
  node: { readonly timestampMs?: number; readonly offsetMs: number },
  at: EvaluationTimes,
): EvaluationTimes {
  const { timestampMs, offsetMs } = node;
  return { startMs: (timestampMs ?? at.startMs) - offsetMs, endMs: (timestampMs ?? at.endMs) - offsetMs };
}

function selectorTimes(
  vector: VectorExpr,
  at: EvaluationTimes,
  before: number,
  after: number,
): SelectorTimes {
  const { startMs, endMs } = referenceTimes(vector, at);
  return { vector, startMs: startMs - before + 1, endMs: endMs + after };
}
