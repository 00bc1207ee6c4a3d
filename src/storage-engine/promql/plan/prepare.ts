import type {
  CallExpr,
  DurationExpr,
  DurationOperand,
  Expr,
  TimeModifiers,
  VectorExpr,
} from '../syntax/ast.ts';
import { durationOutOfRange } from '../syntax/durations.ts';
import { locate, type Span } from '../syntax/position.ts';
import { PromqlExecutionError } from './execution-error.ts';

/** The times of a query, in ms. An instant query has equal start and end and step 0. */
export interface QueryTimes {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/**
 * Binds an expression to its query: durations become numbers, `@ start()` timestamps, `start()`, `end()`, `range()`
 * and `step()` literals; parentheses go. Throws PromqlExecutionError for durations that come out wrong.
 */
export function prepareExpr(query: string, expr: Expr, times: QueryTimes): Expr {
  return new Preparation(query, times).bind(expr);
}

/** Functions that read no buckets of native histograms, and what reads them whatever stands around. */
const statsFunctions: ReadonlySet<string> = new Set(['histogram_avg', 'histogram_count', 'histogram_sum']);
const bucketFunctions: ReadonlySet<string> = new Set([
  'histogram_fraction',
  'histogram_quantile',
  'histogram_quantiles',
]);

class Preparation {
  /** Expressions around the one that is bound: of each kind how many. */
  #aroundStats = 0;
  #aroundBuckets = 0;
  readonly #query: string;
  readonly #times: QueryTimes;

  constructor(query: string, times: QueryTimes) {
    this.#query = query;
    this.#times = times;
  }

  bind(expr: Expr): Expr {
    switch (expr.kind) {
      case 'paren':
        return this.bind(expr.expr);
      case 'aggregate': {
        const param = expr.param === undefined ? {} : { param: this.bind(expr.param) };
        return { ...expr, expr: this.bind(expr.expr), ...param };
      }
      case 'binary': {
        const trims = expr.op === '</' || expr.op === '>/';
        return this.#around(trims ? 'buckets' : 'neither', () => ({
          ...expr,
          left: this.bind(expr.left),
          right: this.bind(expr.right),
        }));
      }
      case 'unary':
        return { ...expr, expr: this.bind(expr.expr) };
      case 'call':
        return this.#bindCall(expr);
      case 'vector':
        return this.#bindVector(expr);
      case 'matrix': {
        const { rangeExpr, ...rest } = expr;
        const rangeMs = rangeExpr === undefined ? rest.rangeMs : this.#duration(rangeExpr);
        return { ...rest, vector: this.#bindVector(expr.vector), rangeMs };
      }
      case 'subquery': {
        const { rangeExpr, stepExpr, ...rest } = this.#bindModifiers(expr);
        const rangeMs = rangeExpr === undefined ? rest.rangeMs : this.#duration(rangeExpr);
        const stepMs = stepExpr === undefined ? rest.stepMs : this.#duration(stepExpr);
        const inner = this.#around('buckets', () => this.bind(expr.expr));
        return { ...rest, expr: inner, rangeMs, stepMs };
      }
      default:
        return expr;
    }
  }

  #bindCall(call: CallExpr): Expr {
    const { startMs, endMs, stepMs } = this.#times;
    const literal = (value: number): Expr => ({ kind: 'number', value, isDuration: false, span: call.span });
    switch (call.func.name) {
      case 'start':
        return literal(startMs / 1000);
      case 'end':
        return literal(endMs / 1000);
      case 'range':
        return literal((endMs - startMs) / 1000);
      case 'step':
        return literal(startMs === endMs ? 0 : stepMs / 1000);
      default:
    }
    const { name } = call.func;
    const reads = statsFunctions.has(name) ? 'stats' : bucketFunctions.has(name) ? 'buckets' : 'neither';
    return this.#around(reads, () => ({ ...call, args: call.args.map((arg) => this.bind(arg)) }));
  }

  #around<T>(reads: 'stats' | 'buckets' | 'neither', bind: () => T): T {
    const saved = [this.#aroundStats, this.#aroundBuckets] as const;
    if (reads === 'stats') this.#aroundStats++;
    else if (reads === 'buckets') this.#aroundBuckets++;
    const bound = bind();
    [this.#aroundStats, this.#aroundBuckets] = saved;
    return bound;
  }

  #bindVector(expr: VectorExpr): VectorExpr {
    const bound = this.#bindModifiers(expr);
    return this.#aroundStats > 0 && this.#aroundBuckets === 0
      ? { ...bound, histogramStatsOnly: true }
      : bound;
  }

  #bindModifiers<T extends TimeModifiers>(expr: T): T {
    const { offsetExpr, atPreprocessor, ...rest } = expr;
    const offsetMs =
      offsetExpr === undefined ? expr.offsetMs : this.#duration(offsetExpr, { negative: true });
    const at = atPreprocessor === 'start' ? this.#times.startMs : this.#times.endMs;
    return { ...(rest as T), offsetMs, ...(atPreprocessor !== undefined && { timestampMs: at }) };
  }

  #duration(expr: DurationExpr, options: { readonly negative?: boolean } = {}): number {
    const seconds = this.#seconds(expr);
    if (!Number.isFinite(seconds)) this.#fail(expr.span, 'duration is NaN or infinite');
    if (seconds <= 0 && !options.negative) this.#fail(expr.span, 'duration must be greater than 0');
    if (durationOutOfRange(seconds)) this.#fail(expr.span, 'duration is out of range');
    return Math.trunc(seconds * 1000);
  }

  #seconds(operand: DurationOperand): number {
    if (operand.kind === 'number') return operand.value;
    const left = operand.left === undefined ? undefined : this.#seconds(operand.left);
    const right = operand.right === undefined ? 0 : this.#seconds(operand.right);
    switch (operand.op) {
      case 'step':
        return this.#times.stepMs / 1000;
      case 'range':
        return (this.#times.endMs - this.#times.startMs) / 1000;
      case 'min_of':
        return Math.min(left ?? 0, right);
      case 'max_of':
        return Math.max(left ?? 0, right);
      case '+':
        return left === undefined ? right : left + right;
      case '-':
        return left === undefined ? -right : left - right;
      case '*':
        return (left ?? 0) * right;
      case '/':
        if (right === 0) this.#fail(operand.span, 'division by zero');
        return (left ?? 0) / right;
      case '%':
        if (right === 0) this.#fail(operand.span, 'modulo by zero');
        return (left ?? 0) % right;
      case '^':
        return (left ?? 0) ** right;
    }
  }

  #fail(span: Span, reason: string): never {
    const [start, end] = [span.start, span.end].map((index) => locate(this.#query, index).byteOffset);
    throw new PromqlExecutionError(`${start}:${end}: ${reason}`);
  }
}
