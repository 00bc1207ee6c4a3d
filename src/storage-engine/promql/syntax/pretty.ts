import type { Expr } from './ast.ts';
import { aggregateHead, operatorText, printExpr, subquerySuffix } from './print.ts';

/** Longer expressions are split over lines; lengths count UTF-8 bytes, as Prometheus's format_query does. */
const lineBytes = 100;
const indentUnit = '  ';

/** The expression over several indented lines where it is long: the answer of `format_query`. */
export function prettyExpr(expr: Expr): string {
  return pretty(expr, 0);
}

function pretty(expr: Expr, level: number): string {
  const indent = indentUnit.repeat(level);
  switch (expr.kind) {
    case 'unary':
      return indent + expr.op + pretty(expr.expr, level).trim();
    case 'subquery': {
      const line = printExpr(expr);
      return isLong(line) ? pretty(expr.expr, level) + subquerySuffix(expr) : line;
    }
    case 'matrix':
    case 'vector':
    case 'number':
    case 'string':
      return indent + printExpr(expr);
    default:
  }
  const line = printExpr(expr);
  if (!isLong(line)) return indent + line;
  switch (expr.kind) {
    case 'aggregate': {
      const param = expr.param === undefined ? '' : `${pretty(expr.param, level + 1)},\n`;
      return `${indent}${aggregateHead(expr)}(\n${param}${pretty(expr.expr, level + 1)}\n${indent})`;
    }
    case 'binary': {
      const right = pretty(expr.right, level + 1);
      return `${pretty(expr.left, level + 1)}\n${indent}${operatorText(expr)}\n${right}`;
    }
    case 'call': {
      const args = expr.args.map((arg) => pretty(arg, level + 1)).join(',\n');
      return `${indent}${expr.func.name}(\n${args}\n${indent})`;
    }
    case 'paren':
      return `${indent}(\n${pretty(expr.expr, level + 1)}\n${indent})`;
  }
}

function isLong(line: string): boolean {
  return Buffer.byteLength(line) > lineBytes;
}
