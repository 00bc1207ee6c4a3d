import { limits } from '../../../base/limits.ts';
import type { AggregateExpr, AggregateOperator, BinaryExpr, BinaryOperator, CallExpr, Expr } from './ast.ts';
import { typeOf } from './ast.ts';
import { syntaxSince } from './dialect.ts';
import { type FunctionSignature, findFunction, isFunctionEnabled } from './functions.ts';
import { goQuote } from './go-format.ts';
import { isNumeric, isSign, joinSpans, parseNumberLiteral, spanOf } from './parse-duration.ts';
import {
  type BinaryModifiers,
  parseBinaryModifiers,
  parseGroupingLabels,
  startsExpression,
} from './parse-matching.ts';
import { parseModifiers } from './parse-modifiers.ts';
import { parseVectorSelector, unquoteToken } from './parse-selector.ts';
import type { TokenStream } from './token-stream.ts';
import {
  aggregators,
  aggregatorsWithParam,
  experimentalAggregators,
  isMetricName,
  type Token,
} from './tokens.ts';

const precedence: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  '==': 3,
  '!=': 3,
  '<=': 3,
  '<': 3,
  '>=': 3,
  '>': 3,
  '</': 3,
  '>/': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  atan2: 5,
  '^': 6,
};

/** A sign binds like `*`: `-a ^ b` is `-(a ^ b)`, `-a * b` is `(-a) * b`. */
const unaryOperandPrecedence = 6;

const setOperators: ReadonlySet<string> = new Set(['and', 'or', 'unless']);

/** An expression whose operators bind at least as tightly as `minPrecedence`. */
export function parseExpression(stream: TokenStream, minPrecedence = 0): Expr {
  return stream.nested(limits.promqlNestingLevels, () => {
    let left = parseOperand(stream);
    for (;;) {
      const operator = stream.peek();
      const power = precedence[operator.kind];
      if (power === undefined || power < minPrecedence) return left;
      stream.take();
      const modifiers = parseBinaryModifiers(stream);
      // Only ^ leans to the right.
      const right = parseExpression(stream, operator.kind === '^' ? power : power + 1);
      left = binaryOf(stream, left, operator, modifiers, right);
    }
  });
}

function binaryOf(
  stream: TokenStream,
  left: Expr,
  operator: Token,
  modifiers: BinaryModifiers,
  right: Expr,
): BinaryExpr {
  const span = joinSpans(left.span, right.span);
  const { fillLeft, fillRight, cardinality } = modifiers.matching;
  const hasFill = fillLeft !== undefined || fillRight !== undefined;
  if (hasFill && !stream.dialect.fillModifiers) {
    stream.fault(span, 'binop fill modifiers are experimental and not enabled');
  }
  const op = operator.kind as BinaryOperator;
  const toMany = setOperators.has(op) && cardinality === 'one-to-one';
  const matching = toMany
    ? { ...modifiers.matching, cardinality: 'many-to-many' as const }
    : modifiers.matching;
  const types = [typeOf(left), typeOf(right)];
  // Beside scalars there is nothing to match; labels and fills are kept for the checker to refuse.
  const hasMatching = types.every((type) => type === 'vector') || matching.labels.length > 0 || hasFill;
  return {
    kind: 'binary',
    op,
    left,
    right,
    returnBool: modifiers.returnBool,
    type: types.every((type) => type === 'scalar') ? 'scalar' : 'vector',
    ...(hasMatching && { matching }),
    span,
  };
}

function parseOperand(stream: TokenStream): Expr {
  if (!isSign(stream)) return parseModifiers(stream, parsePrimary(stream));
  const sign = stream.take();
  const expr = parseExpression(stream, unaryOperandPrecedence);
  const span = joinSpans(sign, expr.span);
  if (expr.kind === 'number') {
    return { ...expr, value: sign.kind === '-' ? -expr.value : expr.value, span };
  }
  return { kind: 'unary', op: sign.kind as '+' | '-', expr, span };
}

function parsePrimary(stream: TokenStream): Expr {
  if (isNumeric(stream)) return parseNumberLiteral(stream);
  const token = stream.peek();
  if (token.kind === 'string') {
    stream.take();
    return { kind: 'string', value: unquoteToken(stream, token), span: spanOf(token) };
  }
  if (token.kind === '(') {
    stream.take();
    const expr = parseExpression(stream);
    const close = stream.expect(')');
    return { kind: 'paren', expr, span: joinSpans(token, close) };
  }
  if (token.kind === '{') return parseVectorSelector(stream);
  if (isMetricName(token.kind)) return parseNamed(stream, token);
  return stream.unexpected();
}

const callableWords: ReadonlySet<string> = new Set(['start', 'end', 'step', 'range', 'min_of', 'max_of']);

function isCallable(stream: TokenStream, kind: string): boolean {
  if (kind === 'identifier') return true;
  return callableWords.has(kind) && stream.dialect.release >= syntaxSince.queryFunctions;
}

/** What begins with a name: an aggregation, a call, or a selector. */
function parseNamed(stream: TokenStream, token: Token): Expr {
  const following = stream.peekSecond();
  if (aggregators.has(token.kind)) {
    if (following === '(' || following === 'by' || following === 'without') return parseAggregate(stream);
  } else if (following === '(' && isCallable(stream, token.kind)) {
    return parseCall(stream);
  }
  return parseVectorSelector(stream);
}

function parseCall(stream: TokenStream): CallExpr {
  const name = stream.take();
  const args = parseArguments(stream);
  const func = findFunction(name.text, stream.dialect.release);
  if (func === undefined) stream.fault(spanOf(name), `unknown function with name ${goQuote(name.text)}`);
  else if (!isFunctionEnabled(func, stream.dialect)) {
    stream.fault(spanOf(name), `function ${goQuote(name.text)} is not enabled`);
  }
  return {
    kind: 'call',
    func: func ?? unknownFunction(name.text),
    args,
    span: { start: name.start, end: stream.lastEnd },
  };
}

function unknownFunction(name: string): FunctionSignature {
  return { name, args: [], variadic: -1, returns: 'vector', since: 0, experimental: false };
}

function parseArguments(stream: TokenStream): Expr[] {
  stream.expect('(');
  const args: Expr[] = [];
  if (stream.takeIf(')') !== undefined) return args;
  args.push(parseExpression(stream));
  while (!stream.is(')')) {
    const comma = stream.expect(',');
    if (!startsExpression(stream)) {
      stream.fault(spanOf(comma), 'trailing commas not allowed in function call args');
    } else {
      args.push(parseExpression(stream));
    }
  }
  stream.take();
  return args;
}

function parseAggregate(stream: TokenStream): AggregateExpr {
  const operator = stream.take();
  return stream.within({ context: 'aggregation' }, () => {
    let grouping = parseGrouping(stream);
    if (grouping !== undefined && !stream.is('(')) stream.unexpected();
    const args = parseArguments(stream);
    grouping ??= parseGrouping(stream);
    const span = { start: operator.start, end: stream.lastEnd };
    return aggregateOf(
      stream,
      operator.kind as AggregateOperator,
      args,
      { labels: [], without: false, ...grouping },
      span,
    );
  });
}

function parseGrouping(stream: TokenStream): { labels: readonly string[]; without: boolean } | undefined {
  const word = stream.takeIf('by') ?? stream.takeIf('without');
  if (word === undefined) return undefined;
  return { labels: parseGroupingLabels(stream), without: word.kind === 'without' };
}

function aggregateOf(
  stream: TokenStream,
  op: AggregateOperator,
  args: readonly Expr[],
  grouping: { readonly labels: readonly string[]; readonly without: boolean },
  span: AggregateExpr['span'],
): AggregateExpr {
  const takesParam = aggregatorsWithParam.has(op);
  const wanted = takesParam ? 2 : 1;
  if (args.length === 0) {
    stream.fault(span, 'no arguments for aggregate expression provided');
  } else if (experimentalAggregators.has(op) && !stream.dialect.experimentalFunctions) {
    stream.fault(
      span,
      `${op}() is experimental and must be enabled with --enable-feature=promql-experimental-functions`,
    );
  } else if (args.length !== wanted) {
    stream.fault(
      span,
      `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
    );
  }
  const expr = args[wanted - 1] ?? { kind: 'string', value: '', span };
  const param = takesParam ? args[0] : undefined;
  return {
    kind: 'aggregate',
    op,
    expr,
    ...(param !== undefined && { param }),
    grouping: grouping.labels,
    without: grouping.without,
    span,
  };
}
