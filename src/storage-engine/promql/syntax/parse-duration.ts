import { limits } from '../../../base/limits.ts';
import type { DurationExpr, DurationOperand, NumberExpr } from './ast.ts';
import { syntaxSince } from './dialect.ts';
import { durationOutOfRange, parseDuration, secondsOfMs } from './durations.ts';
import { parseNumber } from './numbers.ts';
import type { Span } from './position.ts';
import type { TokenStream } from './token-stream.ts';
import type { Token } from './tokens.ts';

/** A number or duration token as a literal. */
export function parseNumberLiteral(stream: TokenStream): NumberExpr {
  const token = stream.take();
  return {
    kind: 'number',
    value: numericValue(stream, token),
    isDuration: token.kind === 'duration',
    span: spanOf(token),
  };
}

/** The value of a number token, or the seconds of a duration token; a malformed one is a fault and counts as 0. */
export function numericValue(stream: TokenStream, token: Token): number {
  if (token.kind === 'duration') {
    const duration = parseDuration(token.text);
    if ('ms' in duration) return secondsOfMs(duration.ms);
    stream.fault(spanOf(token), duration.reason);
    return 0;
  }
  const number = parseNumber(token.text);
  if ('value' in number) return number.value;
  stream.fault(spanOf(token), number.reason);
  return 0;
}

export function isNumeric(stream: TokenStream): boolean {
  return stream.is('number') || stream.is('duration');
}

export function isSign(stream: TokenStream): boolean {
  return stream.is('+') || stream.is('-');
}

const precedence: Readonly<Record<string, number>> = { '+': 1, '-': 1, '*': 2, '/': 2, '%': 2, '^': 3 };
const unaryOperand = 3;

/** A duration in brackets: `5m`, or arithmetic on durations. It must be greater than 0 where that is known. */
export function parsePositiveDuration(stream: TokenStream): DurationOperand {
  const operand = parseDurationExpr(stream, 0);
  if (operand.kind === 'number' && operand.value <= 0) {
    stream.fault(operand.span, 'duration must be greater than 0');
    return { ...operand, value: 0 };
  }
  return operand;
}

/**
 * The duration after `offset`. A literal, a call or a parenthesised duration with one sign ends the offset, so that
 * `foo offset -2 ^ 2` is `(foo offset -2) ^ 2`; only durations in parentheses, or with two signs, go on with operators.
 */
export function parseOffsetDuration(stream: TokenStream): DurationOperand {
  if (isNumeric(stream)) return checkRange(stream, parseNumberLiteral(stream));
  if (isDurationCall(stream)) return parseDurationCall(stream);
  if (!isSign(stream)) return parseDurationExpr(stream, 0);
  const sign = stream.take();
  if (isNumeric(stream)) return negateLiteral(stream, sign, parseNumberLiteral(stream));
  if (isDurationCall(stream)) {
    const right = parseDurationCall(stream);
    return {
      kind: 'duration',
      op: sign.kind as '+' | '-',
      right,
      wrapped: false,
      span: joinSpans(sign, right.span),
    };
  }
  const simpleParens = stream.is('(') && stream.dialect.release >= syntaxSince.durationStep;
  if (simpleParens) return applySign(stream, sign, parseParens(stream, { checked: false }));
  const operand = applySign(stream, sign, parseDurationExpr(stream, unaryOperand));
  return continueDuration(stream, operand, 0);
}

function parseDurationExpr(stream: TokenStream, minPrecedence: number): DurationOperand {
  return stream.nested(limits.promqlNestingLevels, () =>
    continueDuration(stream, parseDurationOperand(stream), minPrecedence),
  );
}

function continueDuration(
  stream: TokenStream,
  first: DurationOperand,
  minPrecedence: number,
): DurationOperand {
  let left = first;
  for (;;) {
    const operator = stream.peek();
    const power = precedence[operator.kind];
    if (power === undefined || power < minPrecedence) return left;
    stream.take();
    const right = parseDurationExpr(stream, operator.kind === '^' ? power : power + 1);
    requireDurationExpr(stream, left.span);
    left = combine(stream, left, operator, right);
  }
}

function combine(
  stream: TokenStream,
  left: DurationOperand,
  operator: Token,
  right: DurationOperand,
): DurationOperand {
  const span = joinSpans(left.span, right.span);
  if ((operator.kind === '/' || operator.kind === '%') && right.kind === 'number' && right.value === 0) {
    stream.fault(spanOf(operator), operator.kind === '/' ? 'division by zero' : 'modulo by zero');
    return { kind: 'number', value: 0, isDuration: false, span };
  }
  return { kind: 'duration', op: operator.kind as DurationExpr['op'], left, right, wrapped: false, span };
}

function parseDurationOperand(stream: TokenStream): DurationOperand {
  if (isNumeric(stream)) return checkRange(stream, parseNumberLiteral(stream));
  if (isSign(stream)) {
    const sign = stream.take();
    return applySign(stream, sign, parseDurationExpr(stream, unaryOperand));
  }
  if (isDurationCall(stream)) return parseDurationCall(stream);
  if (stream.is('(')) return parseParens(stream, { checked: true });
  return stream.unexpected();
}

function parseParens(stream: TokenStream, options: { readonly checked: boolean }): DurationOperand {
  stream.expect('(');
  const inner = parseDurationExpr(stream, 0);
  stream.expect(')');
  if (options.checked) requireDurationExpr(stream, inner.span);
  return inner.kind === 'duration' ? { ...inner, wrapped: true } : inner;
}

function isDurationCall(stream: TokenStream): boolean {
  return stream.is('step') || stream.is('range') || stream.is('min_of') || stream.is('max_of');
}

/** `step()`, `range()`, `min_of(a, b)`, `max_of(a, b)`. */
function parseDurationCall(stream: TokenStream): DurationExpr {
  const name = stream.take();
  const op = name.kind as DurationExpr['op'];
  stream.expect('(');
  let operands: Pick<DurationExpr, 'left' | 'right'> = {};
  if (op === 'min_of' || op === 'max_of') {
    const left = parseDurationExpr(stream, 0);
    stream.expect(',');
    operands = { left, right: parseDurationExpr(stream, 0) };
  }
  const end = stream.expect(')');
  const span = joinSpans(name, end);
  requireDurationExpr(stream, span);
  return { kind: 'duration', op, ...operands, wrapped: false, span };
}

function applySign(stream: TokenStream, sign: Token, operand: DurationOperand): DurationOperand {
  if (operand.kind === 'number') return negateLiteral(stream, sign, operand);
  if (sign.kind === '+') return operand;
  return { kind: 'duration', op: '-', right: operand, wrapped: false, span: joinSpans(sign, operand.span) };
}

function negateLiteral(stream: TokenStream, sign: Token, literal: NumberExpr): NumberExpr {
  const value = sign.kind === '-' ? -literal.value : literal.value;
  if (durationOutOfRange(value)) {
    stream.fault(spanOf(sign), 'duration out of range');
    return { ...literal, value: 0 };
  }
  return { ...literal, value, span: joinSpans(sign, literal.span) };
}

function checkRange(stream: TokenStream, literal: NumberExpr): NumberExpr {
  if (!durationOutOfRange(literal.value)) return literal;
  stream.fault(literal.span, 'duration out of range');
  return { ...literal, value: 0 };
}

function requireDurationExpr(stream: TokenStream, span: Span): void {
  if (!stream.dialect.durationExpr) stream.fault(span, 'experimental duration expression is not enabled');
}

export function spanOf(token: Token): Span {
  return { start: token.start, end: token.end };
}

export function joinSpans(first: Span, last: Span): Span {
  return { start: first.start, end: last.end };
}
