import { type Expr, typeOf } from '../../../src/storage-engine/promql/syntax/ast.ts';
import type { PromqlOptions } from '../../../src/storage-engine/promql/syntax/dialect.ts';
import { parseExpr } from '../../../src/storage-engine/promql/syntax/parse.ts';
import { printExpr } from '../../../src/storage-engine/promql/syntax/print.ts';

/** Most answers that one shrinking asks for. */
const maxTries = 300;

/** A smaller text that still fails, by putting a part of an expression in the place of the whole, again and again. */
export async function shrink(
  query: string,
  dialect: PromqlOptions,
  fails: (query: string) => Promise<boolean>,
): Promise<string> {
  let best = query;
  for (let tries = 0; tries < maxTries; ) {
    const { expr } = parseExpr(best, dialect);
    let smaller: string | undefined;
    for (const candidate of candidates(expr)) {
      if (tries++ >= maxTries) break;
      const text = printed(candidate, dialect);
      if (text === undefined || text.length >= best.length || !(await fails(text))) continue;
      smaller = text;
      break;
    }
    if (smaller === undefined) return best;
    best = smaller;
  }
  return best;
}

function printed(expr: Expr, dialect: PromqlOptions): string | undefined {
  try {
    const text = printExpr(expr);
    parseExpr(text, dialect);
    return text;
  } catch {
    return undefined;
  }
}

/** Expressions with one part replaced by a part of it of the same type, the whole first. */
function* candidates(expr: Expr): Iterable<Expr> {
  for (const inner of descendants(expr)) if (typeOf(inner) === typeOf(expr)) yield inner;
  for (const [key, value] of Object.entries(expr)) {
    if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) {
        if (!isExpr(item)) {
          yield { ...expr, [key]: value.toSpliced(i, 1) } as Expr;
          continue;
        }
        for (const smaller of candidates(item)) yield { ...expr, [key]: value.with(i, smaller) } as Expr;
      }
    } else if (isExpr(value)) {
      for (const smaller of candidates(value)) yield { ...expr, [key]: smaller } as Expr;
    } else if (['offsetMs', 'timestampMs', 'atPreprocessor', 'matching'].includes(key) && value) {
      const { [key as 'span']: _, ...rest } = expr;
      yield { ...rest, ...(key === 'offsetMs' && { offsetMs: 0 }) } as Expr;
    }
  }
}

function* descendants(expr: Expr): Iterable<Expr> {
  for (const value of Object.values(expr).flat()) {
    if (!isExpr(value)) continue;
    yield value;
    yield* descendants(value);
  }
}

function isExpr(value: unknown): value is Expr {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind !== 'duration';
}
