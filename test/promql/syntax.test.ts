import { beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { promqlFeatureFlags } from '../../src/storage-engine/promql/syntax/dialect.ts';
import { parseExpr } from '../../src/storage-engine/promql/syntax/parse.ts';
import { printExpr } from '../../src/storage-engine/promql/syntax/print.ts';
import { PromqlSyntaxError } from '../../src/storage-engine/promql/syntax/syntax-error.ts';
import { corpus } from './corpus.ts';
import { generateExpression, mutateText } from './expression-generator.ts';
import { promtoolVerdicts } from './promtool-oracle.ts';
import { newPromtool, oldPromtool } from './promtools.ts';

/** Texts per run; the seed may be given to look elsewhere: `PROMQL_SEED=7`. */
const generated = 6000;
const seed = Number(process.env.PROMQL_SEED ?? 1);

function texts(): string[] {
  const random = seededRandom(seed);
  const all = new Set(corpus);
  const wellFormed = Array.from({ length: generated / 2 }, () => generateExpression(random));
  for (const text of wellFormed) all.add(text);
  const donors = [...corpus, ...wellFormed];
  for (const text of donors) all.add(mutateText(random, text, donors));
  // An empty expression never reaches promtool's parser.
  all.delete('');
  return [...all];
}

function verdictOf(text: string, version: string, features: readonly string[]): string | undefined {
  try {
    parseExpr(text, { version, features });
    return undefined;
  } catch (error) {
    if (error instanceof PromqlSyntaxError) return error.message;
    throw error;
  }
}

/** Messages that differ on purpose: Go prints internals or crashes there. */
const internals = /<Item \d+>|unexpected error$/;

const suites = [
  { version: '3.5.3', promtool: oldPromtool, features: [] },
  { version: '3.5.3', promtool: oldPromtool, features: ['promql-experimental-functions'] },
  { version: '3.14.0', promtool: newPromtool, features: [] },
  { version: '3.14.0', promtool: newPromtool, features: promqlFeatureFlags },
];

describe.each(suites)('promtool $version with features $features', ({ version, promtool, features }) => {
  const all = texts();
  let theirs: (string | undefined)[] = [];
  beforeAll(async () => {
    theirs = promtoolVerdicts(await promtool(), all, features);
  });

  test('accepts and refuses the same expressions, for the same reason at the same place', () => {
    const differences = all.flatMap((text, index) => {
      const their = theirs[index];
      const our = verdictOf(text, version, features);
      const agree = our === their || (our !== undefined && their !== undefined && internals.test(their));
      return agree ? [] : [{ text, our, their }];
    });
    expect(differences.slice(0, 10)).toEqual([]);
    expect(theirs.filter((verdict) => verdict === undefined).length).toBeGreaterThan(1000);
  });
});

test('every accepted expression, printed and parsed again, prints the same', () => {
  const options = { features: promqlFeatureFlags };
  for (const text of texts()) {
    // A duration below a millisecond prints as none, in Prometheus too.
    if (text.includes('1e-10') || verdictOf(text, '3.14.0', promqlFeatureFlags) !== undefined) continue;
    const printed = printExpr(parseExpr(text, options).expr);
    // Infinity prints with a sign, which then reads as an operator; in Prometheus too.
    if (printed.includes('+Inf')) continue;
    expect(printExpr(parseExpr(printed, options).expr)).toBe(printed);
  }
});
