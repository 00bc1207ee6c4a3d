import { limits } from '../../../base/limits.ts';
import { type Expr, type LabelMatcher, treeLevels } from './ast.ts';
import { checkTypes } from './check.ts';
import { type PromqlOptions, resolveDialect } from './dialect.ts';
import { parseExpression } from './parse-expression.ts';
import { parseVectorSelector } from './parse-selector.ts';
import { PromqlSyntaxError, type SyntaxFault } from './syntax-error.ts';
import { ParseStop, TokenStream } from './token-stream.ts';
import { isMetricName } from './tokens.ts';

/** A checked expression. */
export interface ParsedExpr {
  readonly expr: Expr;
}

/**
 * Parses and type-checks a PromQL expression as the given Prometheus version with its feature flags would.
 * Throws PromqlSyntaxError. Bounded: text up to `limits.promqlTextBytes`, nesting and chains of operators likewise.
 */
export function parseExpr(text: string, options: PromqlOptions = {}): ParsedExpr {
  const expr = parseWith(text, options, (stream) => {
    if (stream.is('eof')) {
      stream.fault({ start: 0, end: 0 }, 'no expression found in input');
      throw new ParseStop();
    }
    const root = parseExpression(stream);
    if (treeLevels(root) > limits.promqlTreeLevels) {
      stream.fault(root.span, `expression has more than ${limits.promqlTreeLevels} levels`);
    }
    return root;
  });
  const [first, ...more] = checkTypes(text, expr);
  if (first !== undefined) throw new PromqlSyntaxError(text, [first, ...more]);
  return { expr };
}

/** The faults of an expression, the reported one first; none when it is accepted. */
export function checkExpr(text: string, options: PromqlOptions = {}): readonly SyntaxFault[] {
  try {
    parseExpr(text, options);
    return [];
  } catch (error) {
    if (error instanceof PromqlSyntaxError) return error.faults;
    throw error;
  }
}

/** Parses a series selector (`up{job="x"}`) to its matchers; the name outside the braces comes last. */
export function parseMetricSelector(text: string, options: PromqlOptions = {}): readonly LabelMatcher[] {
  return parseWith(text, options, (stream) => {
    if (!stream.is('{') && !isMetricName(stream.peek().kind)) stream.unexpected();
    return parseVectorSelector(stream).matchers;
  });
}

function parseWith<T>(text: string, options: PromqlOptions, parse: (stream: TokenStream) => T): T {
  const stream = new TokenStream(text, resolveDialect(options));
  if (text.length > limits.promqlTextBytes) {
    stream.fault({ start: 0, end: 0 }, `expression longer than ${limits.promqlTextBytes} bytes`);
  }
  let result: T | undefined;
  try {
    if (stream.faults.length === 0) {
      result = parse(stream);
      if (!stream.is('eof')) stream.unexpected({ context: '' });
    }
  } catch (error) {
    if (!(error instanceof ParseStop)) throw error;
  }
  const [first, ...more] = stream.faults;
  if (first !== undefined) throw new PromqlSyntaxError(text, [first, ...more]);
  return result as T;
}
