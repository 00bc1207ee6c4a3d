import { promqlFeatureFlags } from '../../storage-engine/promql/syntax/dialect.ts';
import { parseExpr } from '../../storage-engine/promql/syntax/parse.ts';
import { printExpr } from '../../storage-engine/promql/syntax/print.ts';

/** The expression in the one way of printing it, so that two texts of the same one are equal; as it is where it does not parse. */
export function canonicalExpression(text: string): string {
  try {
    return printExpr(parseExpr(text, { features: promqlFeatureFlags }).expr);
  } catch {
    return text;
  }
}
