import type { DurationOperand, Expr, MatrixExpr, SubqueryExpr, TimeModifiers, VectorExpr } from './ast.ts';
import { syntaxSince } from './dialect.ts';
import { millisecondsOf, nanosecondsOf } from './durations.ts';
import {
  isNumeric,
  isSign,
  joinSpans,
  numericValue,
  parseOffsetDuration,
  parsePositiveDuration,
} from './parse-duration.ts';
import type { ErrorContext, TokenStream } from './token-stream.ts';
import type { Token } from './tokens.ts';

/** Brackets, `offset`, `@`, `anchored` and `smoothed` behind an expression, as many as there are. */
export function parseModifiers(stream: TokenStream, operand: Expr): Expr {
  let expr = operand;
  for (;;) {
    const token = stream.peek();
    switch (token.kind) {
      case '[':
        expr = parseBrackets(stream, expr);
        break;
      case 'offset':
        expr = parseOffset(stream, expr);
        break;
      case '@':
        expr = parseAt(stream, expr);
        break;
      case 'anchored':
      case 'smoothed':
        stream.take();
        expr = setRangeMode(stream, expr, token.kind);
        break;
      default:
        return expr;
    }
  }
}

interface DurationContexts {
  readonly offset: ErrorContext;
  readonly range: ErrorContext;
  readonly step: ErrorContext;
}

const literalContexts: DurationContexts = {
  offset: { context: 'offset', expected: 'number or duration' },
  range: { context: 'subquery selector', expected: 'number or duration' },
  step: { context: 'subquery selector', expected: 'number or duration or "]"' },
};

const expressionContexts: DurationContexts = {
  offset: { context: 'offset', expected: 'number, duration, step(), or range()' },
  range: { context: 'subquery or range selector', expected: 'number, duration, step(), or range()' },
  step: { context: 'subquery selector', expected: 'number, duration, step(), range(), or "]"' },
};

function durationContexts(stream: TokenStream): DurationContexts {
  return stream.dialect.release < syntaxSince.durationStep ? literalContexts : expressionContexts;
}

const closeContext = { context: 'subquery or range', expected: '":" or "]"' };
const stepCloseContext = { context: 'subquery selector', expected: '"]"' };

function parseBrackets(stream: TokenStream, expr: Expr): MatrixExpr | SubqueryExpr {
  const open = stream.take();
  const contexts = durationContexts(stream);
  const range = stream.within(contexts.range, () => parsePositiveDuration(stream));
  if (stream.is(']')) return matrixOf(stream, expr, open, range, stream.take());
  stream.expect(':', closeContext);
  const rangeFields = { rangeMs: literalMs(range), ...(range.kind === 'duration' && { rangeExpr: range }) };
  let stepFields: Pick<SubqueryExpr, 'stepMs' | 'stepExpr'> = { stepMs: 0 };
  if (!stream.is(']')) {
    const step = stream.within(contexts.step, () => parsePositiveDuration(stream));
    stepFields = { stepMs: literalMs(step), ...(step.kind === 'duration' && { stepExpr: step }) };
  }
  const close = stream.expect(']', stepCloseContext);
  return {
    kind: 'subquery',
    expr,
    ...rangeFields,
    ...stepFields,
    offsetMs: 0,
    span: joinSpans(expr.span, close),
  };
}

function matrixOf(
  stream: TokenStream,
  expr: Expr,
  open: Token,
  range: DurationOperand,
  close: Token,
): MatrixExpr {
  const span = joinSpans(expr.span, close);
  const fields = { rangeMs: literalMs(range), ...(range.kind === 'duration' && { rangeExpr: range }) };
  if (expr.kind !== 'vector') {
    stream.fault(joinSpans(open, close), 'ranges only allowed for vector selectors');
    // The tree is thrown away with the fault; any vector keeps it well-formed.
    const vector: VectorExpr = { kind: 'vector', name: '', matchers: [], offsetMs: 0, span: expr.span };
    return { kind: 'matrix', vector, ...fields, span };
  }
  if (expr.offsetMs !== 0 || nonZeroOffsets.has(expr)) {
    stream.fault(joinSpans(open, close), 'no offset modifiers allowed before range');
  } else if (expr.timestampMs !== undefined) {
    stream.fault(joinSpans(open, close), 'no @ modifiers allowed before range');
  }
  return { kind: 'matrix', vector: expr, ...fields, span };
}

function literalMs(operand: DurationOperand): number {
  return operand.kind === 'number' ? millisecondsOf(operand.value) : 0;
}

/** Selectors with an offset shorter than a millisecond: not zero, though `offsetMs` is. */
const nonZeroOffsets = new WeakSet<TimeModifiers>();

type Timed = VectorExpr | MatrixExpr | SubqueryExpr;

function isTimed(expr: Expr): expr is Timed {
  return expr.kind === 'vector' || expr.kind === 'matrix' || expr.kind === 'subquery';
}

function modifiersOf(expr: Timed): VectorExpr | SubqueryExpr {
  return expr.kind === 'matrix' ? expr.vector : expr;
}

/** The same expression with modifiers added, ending where the last token ended. */
function withModifiers(
  stream: TokenStream,
  expr: Timed,
  added: Partial<TimeModifiers>,
  keepsOffset = false,
): Expr {
  const span = { start: expr.span.start, end: stream.lastEnd };
  if (expr.kind === 'matrix') {
    const vector = { ...expr.vector, ...added };
    if (keepsOffset || nonZeroOffsets.has(expr.vector)) nonZeroOffsets.add(vector);
    return { ...expr, vector, span };
  }
  const changed = { ...expr, ...added, span };
  if (keepsOffset || nonZeroOffsets.has(expr)) nonZeroOffsets.add(changed);
  return changed;
}

const target = 'must be preceded by an instant vector selector or range vector selector or a subquery';

function parseOffset(stream: TokenStream, expr: Expr): Expr {
  stream.take();
  const offset = stream.within(durationContexts(stream).offset, () => parseOffsetDuration(stream));
  if (!isTimed(expr)) {
    stream.fault(expr.span, `offset modifier ${target}`);
    return expr;
  }
  const present = modifiersOf(expr);
  if (present.offsetMs !== 0 || nonZeroOffsets.has(present) || present.offsetExpr !== undefined) {
    stream.fault(expr.span, 'offset may not be set multiple times');
  }
  if (offset.kind === 'duration') return withModifiers(stream, expr, { offsetExpr: offset });
  const isSet = nanosecondsOf(offset.value) !== 0;
  return withModifiers(stream, expr, { offsetMs: millisecondsOf(offset.value) }, isSet);
}

const atContext = { context: '@', expected: 'timestamp' };

function parseAt(stream: TokenStream, expr: Expr): Expr {
  stream.take();
  const preprocessor = stream.within(atContext, () => parseAtPreprocessor(stream));
  const seconds =
    preprocessor === undefined ? stream.within(atContext, () => parseTimestamp(stream, expr)) : 0;
  if (!isTimed(expr)) {
    stream.fault(expr.span, `@ modifier ${target}`);
    return expr;
  }
  const present = modifiersOf(expr);
  if (present.timestampMs !== undefined || present.atPreprocessor !== undefined) {
    stream.fault(expr.span, '@ <timestamp> may not be set multiple times');
    return expr;
  }
  if (preprocessor !== undefined) return withModifiers(stream, expr, { atPreprocessor: preprocessor });
  return withModifiers(stream, expr, { timestampMs: roundHalfAway(seconds * 1000) });
}

function parseAtPreprocessor(stream: TokenStream): 'start' | 'end' | undefined {
  const token = stream.takeIf('start') ?? stream.takeIf('end');
  if (token === undefined) return undefined;
  stream.expect('(');
  stream.expect(')');
  return token.kind as 'start' | 'end';
}

/** A timestamp in seconds, with an optional sign. */
function parseTimestamp(stream: TokenStream, expr: Expr): number {
  const negative = isSign(stream) && stream.take().kind === '-';
  if (!isNumeric(stream)) stream.unexpected();
  const value = numericValue(stream, stream.take());
  const seconds = negative ? -value : value;
  if (!(Math.abs(seconds) < 2 ** 63)) {
    stream.fault(expr.span, `timestamp out of bounds for @ modifier: ${fixedSix(seconds)}`);
  }
  return seconds;
}

/** Go's %f. */
function fixedSix(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`;
}

function roundHalfAway(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value)) + 0;
}

function setRangeMode(stream: TokenStream, expr: Expr, mode: 'anchored' | 'smoothed'): Expr {
  if (!stream.dialect.extendedRange) {
    stream.fault(expr.span, `${mode} modifier is experimental and not enabled`);
    return expr;
  }
  if (expr.kind === 'subquery') {
    stream.fault(expr.span, `${mode} modifier is not supported for subqueries`);
    return expr;
  }
  if (expr.kind !== 'vector' && expr.kind !== 'matrix') {
    stream.fault(expr.span, `${mode} modifier not implemented`);
    return expr;
  }
  const vector = expr.kind === 'matrix' ? expr.vector : expr;
  if (vector.rangeMode !== undefined && vector.rangeMode !== mode) {
    stream.fault(expr.span, 'anchored and smoothed modifiers cannot be used together');
  }
  const changed: VectorExpr = { ...vector, rangeMode: mode };
  if (nonZeroOffsets.has(vector)) nonZeroOffsets.add(changed);
  return expr.kind === 'matrix' ? { ...expr, vector: changed } : changed;
}
