import type { LabelMatcher, MatchOperator, VectorExpr } from './ast.ts';
import { goQuote } from './go-format.ts';
import { regexFault } from './matcher.ts';
import { joinSpans, spanOf } from './parse-duration.ts';
import { unquote } from './strings.ts';
import type { TokenStream } from './token-stream.ts';
import type { Token } from './tokens.ts';

export const metricNameLabel = '__name__';

const matchOperators = new Set(['=', '!=', '=~', '!~']);

const listContext = { context: 'label matching', expected: '"," or "}"' };
const matcherContext = { context: 'label matching', expected: 'identifier or "}"' };
const operatorContext = { context: 'label matching', expected: 'label matching operator' };
const valueContext = { context: 'label matching', expected: 'string' };

/** An instant vector selector: a metric's name, matchers in braces, or both. */
export function parseVectorSelector(stream: TokenStream): VectorExpr {
  const nameToken = stream.is('{') ? undefined : stream.take();
  const name = nameToken?.text ?? '';
  const matchers: LabelMatcher[] = [];
  let span = spanOf(nameToken ?? stream.peek());
  if (stream.is('{')) span = joinSpans(span, parseMatchers(stream, matchers));
  if (name !== '') matchers.push({ name: metricNameLabel, op: '=', value: name });
  return { kind: 'vector', name, matchers, offsetMs: 0, span };
}

/** Reads `{...}` into `matchers`; returns the closing brace. */
function parseMatchers(stream: TokenStream, matchers: LabelMatcher[]): Token {
  stream.expect('{');
  if (stream.is('}')) return stream.take();
  for (;;) {
    parseMatcher(stream, matchers);
    if (stream.is('}')) return stream.take();
    stream.expect(',', listContext);
    if (stream.is('}')) return stream.take();
  }
}

function parseMatcher(stream: TokenStream, matchers: LabelMatcher[]): void {
  const label = stream.peek();
  if (label.kind !== 'identifier' && label.kind !== 'string') stream.unexpected(matcherContext);
  stream.take();
  const isQuoted = label.kind === 'string';
  const name = isQuoted ? unquoteToken(stream, label) : label.text;
  const operator = stream.peek();
  if (!matchOperators.has(operator.kind)) {
    if (!isQuoted) stream.unexpected(operatorContext);
    // A quoted text alone is the metric's name.
    matchers.push({ name: metricNameLabel, op: '=', value: name });
    return;
  }
  stream.take();
  const valueToken = stream.expect('string', valueContext);
  const value = unquoteToken(stream, valueToken);
  const op = operator.kind as MatchOperator;
  const fault = op === '=~' || op === '!~' ? regexFault(value) : undefined;
  if (fault !== undefined) stream.fault(joinSpans(label, valueToken), fault);
  matchers.push({ name, op, value });
}

/** The text of a string token; a malformed one is a fault and counts as empty. */
export function unquoteToken(stream: TokenStream, token: Token): string {
  const value = unquote(token.text);
  if (value !== undefined) return value;
  stream.fault(spanOf(token), `error unquoting string ${goQuote(token.text)}: invalid syntax`);
  return '';
}
