import type { Cardinality, VectorMatching } from './ast.ts';
import { goQuote } from './go-format.ts';
import { isNumeric, isSign, parseNumberLiteral, spanOf } from './parse-duration.ts';
import { unquoteToken } from './parse-selector.ts';
import { isValidUtf8 } from './strings.ts';
import type { TokenStream } from './token-stream.ts';
import { isGroupingLabel, isMetricName } from './tokens.ts';

const openContext = { context: 'grouping opts', expected: '"("' };
const labelContext = { context: 'grouping opts', expected: 'label' };
const listContext = { context: 'grouping opts', expected: '"," or ")"' };

/** The labels of `by (...)`, `on (...)` and the like. */
export function parseGroupingLabels(stream: TokenStream): readonly string[] {
  stream.expect('(', openContext);
  const labels: string[] = [];
  if (stream.takeIf(')') !== undefined) return labels;
  for (;;) {
    labels.push(parseGroupingLabel(stream));
    if (stream.takeIf(')') !== undefined) return labels;
    stream.expect(',', listContext);
    if (stream.takeIf(')') !== undefined) return labels;
  }
}

function parseGroupingLabel(stream: TokenStream): string {
  const token = stream.peek();
  if (!isGroupingLabel(token.kind) && token.kind !== 'string') stream.unexpected(labelContext);
  stream.take();
  const label = token.kind === 'string' ? unquoteToken(stream, token) : token.text;
  if (label === '' || !isValidUtf8(label)) {
    stream.fault(spanOf(token), `invalid label name for grouping: ${goQuote(label)}`);
  }
  return label;
}

/** What stands between a binary operator and its right side. */
export interface BinaryModifiers {
  readonly returnBool: boolean;
  readonly matching: VectorMatching;
}

/** `bool`, `on`/`ignoring`, `group_left`/`group_right` and the fill modifiers, each optional, in this order. */
export function parseBinaryModifiers(stream: TokenStream): BinaryModifiers {
  const returnBool = stream.takeIf('bool') !== undefined;
  let cardinality: Cardinality = 'one-to-one';
  let labels: readonly string[] = [];
  let include: readonly string[] = [];
  const on = stream.is('on');
  if (on || stream.is('ignoring')) {
    stream.take();
    labels = parseGroupingLabels(stream);
    if (stream.is('group_left') || stream.is('group_right')) {
      cardinality = stream.take().kind === 'group_left' ? 'many-to-one' : 'one-to-many';
      if (stream.is('(')) include = parseGroupingLabels(stream);
      else if (!startsExpression(stream)) stream.unexpected(openContext);
    }
  }
  return { returnBool, matching: { cardinality, labels, on, include, ...parseFill(stream) } };
}

/** Whether the next token can begin an expression. */
export function startsExpression(stream: TokenStream): boolean {
  const { kind } = stream.peek();
  if (isNumeric(stream) || isSign(stream) || kind === 'string') return true;
  return kind === '(' || kind === '{' || isMetricName(kind);
}

function parseFill(stream: TokenStream): Pick<VectorMatching, 'fillLeft' | 'fillRight'> {
  if (stream.takeIf('fill') !== undefined) {
    const value = parseFillValue(stream);
    return { fillLeft: value, fillRight: value };
  }
  if (stream.takeIf('fill_left') !== undefined) {
    const fillLeft = parseFillValue(stream);
    return stream.takeIf('fill_right') === undefined
      ? { fillLeft }
      : { fillLeft, fillRight: parseFillValue(stream) };
  }
  if (stream.takeIf('fill_right') !== undefined) {
    const fillRight = parseFillValue(stream);
    return stream.takeIf('fill_left') === undefined
      ? { fillRight }
      : { fillLeft: parseFillValue(stream), fillRight };
  }
  return {};
}

function parseFillValue(stream: TokenStream): number {
  stream.expect('(');
  const negative = isSign(stream) && stream.take().kind === '-';
  if (!isNumeric(stream)) stream.unexpected();
  const { value } = parseNumberLiteral(stream);
  stream.expect(')');
  return negative ? -value : value;
}
