import { limits } from '../../../base/limits.ts';
import type { PromqlOptions } from './dialect.ts';
import { type ParsedExpr, parseExpr } from './parse.ts';

const byDialect = new WeakMap<PromqlOptions, Map<string, ParsedExpr>>();

/** As `parseExpr`; short expressions that were parsed last in the same dialect object are kept, as dashboards ask again and again. */
export function parseExprAgain(text: string, options: PromqlOptions | undefined): ParsedExpr {
  if (options === undefined || text.length > limits.parsedExpressionChars) return parseExpr(text, options);
  let known = byDialect.get(options);
  if (known === undefined) {
    known = new Map();
    byDialect.set(options, known);
  }
  const found = known.get(text);
  if (found !== undefined) {
    // The longest unused one stands first.
    known.delete(text);
    known.set(text, found);
    return found;
  }
  const parsed = parseExpr(text, options);
  known.set(text, parsed);
  if (known.size > limits.parsedExpressions) known.delete(known.keys().next().value!);
  return parsed;
}
