import type { FunctionSignature, ValueType } from './functions.ts';
import type { Span } from './position.ts';

/** A label matcher. Its value is unquoted text. */
export interface LabelMatcher {
  readonly name: string;
  readonly op: MatchOperator;
  readonly value: string;
}

export type MatchOperator = '=' | '!=' | '=~' | '!~';

export type AggregateOperator =
  | 'sum'
  | 'avg'
  | 'count'
  | 'min'
  | 'max'
  | 'group'
  | 'stddev'
  | 'stdvar'
  | 'topk'
  | 'bottomk'
  | 'count_values'
  | 'quantile'
  | 'limitk'
  | 'limit_ratio';

export type ComparisonOperator = '==' | '!=' | '<=' | '<' | '>=' | '>';
export type SetOperator = 'and' | 'or' | 'unless';
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2' | '</' | '>/';
export type BinaryOperator = ComparisonOperator | SetOperator | ArithmeticOperator;

export interface AggregateExpr {
  readonly kind: 'aggregate';
  readonly op: AggregateOperator;
  readonly expr: Expr;
  /** The first of two arguments, of operators that take one. */
  readonly param?: Expr;
  readonly grouping: readonly string[];
  readonly without: boolean;
  readonly span: Span;
}

export type Cardinality = 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';

export interface VectorMatching {
  readonly cardinality: Cardinality;
  readonly labels: readonly string[];
  /** Labels name what matches (`on`) rather than what does not (`ignoring`). */
  readonly on: boolean;
  /** Labels copied from the "one" side (`group_left(...)`). */
  readonly include: readonly string[];
  readonly fillLeft?: number;
  readonly fillRight?: number;
}

export interface BinaryExpr {
  readonly kind: 'binary';
  readonly op: BinaryOperator;
  readonly left: Expr;
  readonly right: Expr;
  readonly returnBool: boolean;
  readonly type: 'scalar' | 'vector';
  /** Absent unless both sides are instant vectors. */
  readonly matching?: VectorMatching;
  readonly span: Span;
}

export interface CallExpr {
  readonly kind: 'call';
  readonly func: FunctionSignature;
  readonly args: readonly Expr[];
  readonly span: Span;
}

export interface NumberExpr {
  readonly kind: 'number';
  readonly value: number;
  /** Written as a duration; the value is in seconds. */
  readonly isDuration: boolean;
  readonly span: Span;
}

export interface StringExpr {
  readonly kind: 'string';
  readonly value: string;
  readonly span: Span;
}

export interface ParenExpr {
  readonly kind: 'paren';
  readonly expr: Expr;
  readonly span: Span;
}

export interface UnaryExpr {
  readonly kind: 'unary';
  readonly op: '+' | '-';
  readonly expr: Expr;
  readonly span: Span;
}

/** `offset` and `@` of a selector or a subquery. */
export interface TimeModifiers {
  /** Whole milliseconds; 0 when absent or given by `offsetExpr`. */
  readonly offsetMs: number;
  readonly offsetExpr?: DurationExpr;
  /** `@ <timestamp>` in milliseconds. */
  readonly timestampMs?: number;
  readonly atPreprocessor?: 'start' | 'end';
}

export interface VectorExpr extends TimeModifiers {
  readonly kind: 'vector';
  /** The metric's name when written before the braces, else empty; it is also the last of `matchers`. */
  readonly name: string;
  readonly matchers: readonly LabelMatcher[];
  readonly rangeMode?: 'anchored' | 'smoothed';
  /** Only counts and sums of histograms are needed; set when a query is prepared. */
  readonly histogramStatsOnly?: boolean;
  readonly span: Span;
}

export interface MatrixExpr {
  readonly kind: 'matrix';
  readonly vector: VectorExpr;
  /** Whole milliseconds; 0 when given by `rangeExpr`. */
  readonly rangeMs: number;
  readonly rangeExpr?: DurationExpr;
  readonly span: Span;
}

export interface SubqueryExpr extends TimeModifiers {
  readonly kind: 'subquery';
  readonly expr: Expr;
  readonly rangeMs: number;
  readonly rangeExpr?: DurationExpr;
  /** Whole milliseconds; 0: the default step, unless `stepExpr` gives it. */
  readonly stepMs: number;
  readonly stepExpr?: DurationExpr;
  readonly span: Span;
}

/** Arithmetic on durations; evaluated when the query's range and step are known. */
export interface DurationExpr {
  readonly kind: 'duration';
  readonly op: '+' | '-' | '*' | '/' | '%' | '^' | 'step' | 'range' | 'min_of' | 'max_of';
  /** Absent for unary operators. */
  readonly left?: DurationOperand;
  readonly right?: DurationOperand;
  readonly wrapped: boolean;
  readonly span: Span;
}

export type DurationOperand = NumberExpr | DurationExpr;

export type Expr =
  | AggregateExpr
  | BinaryExpr
  | CallExpr
  | MatrixExpr
  | NumberExpr
  | ParenExpr
  | StringExpr
  | SubqueryExpr
  | UnaryExpr
  | VectorExpr;

/** The type an expression evaluates to. */
export function typeOf(expr: Expr): ValueType {
  let node = expr;
  while (node.kind === 'paren' || node.kind === 'unary') node = node.expr;
  switch (node.kind) {
    case 'aggregate':
    case 'vector':
      return 'vector';
    case 'matrix':
    case 'subquery':
      return 'matrix';
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'call':
      return node.func.returns;
    case 'binary':
      return node.type;
  }
}

/** The expressions directly below one, in the order they are written. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'aggregate':
      return expr.param === undefined ? [expr.expr] : [expr.param, expr.expr];
    case 'binary':
      return [expr.left, expr.right];
    case 'call':
      return expr.args;
    case 'paren':
    case 'unary':
    case 'subquery':
      return [expr.expr];
    case 'matrix':
      return [expr.vector];
    default:
      return [];
  }
}

/** Calls `visit` for an expression and all below it, parents first, left to right. */
export function walk(expr: Expr, visit: (expr: Expr) => void): void {
  const stack: Expr[] = [expr];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    visit(node);
    const children = childrenOf(node);
    for (let i = children.length - 1; i >= 0; i--) stack.push(children[i]!);
  }
}

/** Levels of the tree: what walks it by recursion needs as many frames. */
export function treeLevels(expr: Expr): number {
  let levels = 0;
  for (let row: Expr[] = [expr]; row.length > 0; row = row.flatMap((node) => childrenOf(node))) levels++;
  return levels;
}
