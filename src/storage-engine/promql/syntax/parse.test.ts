import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { promqlFeatureFlags } from './dialect.ts';
import { checkExpr, parseExpr, parseMetricSelector } from './parse.ts';
import { prettyExpr } from './pretty.ts';
import { printExpr } from './print.ts';
import { PromqlSyntaxError } from './syntax-error.ts';

const all = { features: promqlFeatureFlags };
const print = (text: string) => printExpr(parseExpr(text, all).expr);

function messageOf(text: string, options = {}): string {
  try {
    parseExpr(text, options);
    return 'accepted';
  } catch (error) {
    if (error instanceof PromqlSyntaxError) return error.message;
    throw error;
  }
}

describe('the printed form', () => {
  test.each([
    [
      'sum(rate( http_requests_total{job="a" , code=~"5.."}[5m] )) BY (job)',
      'sum by (job) (rate(http_requests_total{code=~"5..",job="a"}[5m]))',
    ],
    ['a+on(x)group_left b', 'a + on (x) group_left () b'],
    ['-a^b', '-a ^ b'],
    ['foo offset -2^2', 'foo offset -2s ^ 2'],
    ['up[90s:] @ 1.5 offset 1w', 'up[1m30s:] @ 1.500 offset 1w'],
    ["{'quoted name'='x', \"up\"}", '{"quoted name"="x",__name__="up"}'],
    ['up[2*(5m+step()):range()]', 'up[2 * (5m + step()):range()]'],
    ['a + fill_left(1) fill_right(1) b', 'a + fill (1) b'],
    ['rate(up[5m] smoothed @ end())', 'rate(up[5m] smoothed @ end())'],
    ['0x1F + 010 + 1e3 + 5m', '31 + 8 + 1000 + 5m'],
  ])('of %s', (text, printed) => {
    expect(print(text)).toBe(printed);
  });

  test('of a long expression is split over lines', () => {
    const { expr } = parseExpr(
      `sum by (job) (rate(${'very_'.repeat(12)}long_name[5m])) / on (job) up{a="b"}`,
    );
    expect(prettyExpr(expr)).toBe(
      `  sum by (job) (rate(${'very_'.repeat(12)}long_name[5m]))\n/ on (job)\n  up{a="b"}`,
    );
  });
});

describe('a refusal', () => {
  test.each([
    ['sum(foo bar)', '1:9: parse error: unexpected identifier "bar" in aggregation'],
    ['up[5m', '1:6: parse error: unclosed left bracket'],
    ['1 +\n  nofunction(up)', '2:3: parse error: unknown function with name "nofunction"'],
    ['"é" + foo', '1:1: parse error: binary expression must contain only scalar and instant vector types'],
    ['up{é="x"}', "1:4: parse error: unexpected character inside braces: 'é'"],
    ['"é" bar', '1:6: parse error: unexpected identifier "bar"'],
    ['', 'unknown position: parse error: no expression found in input'],
    ['{job=~"("}', '1:2: parse error: error parsing regexp: missing closing ): `(`'],
  ])('of %j names the place in bytes and the reason', (text, message) => {
    expect(messageOf(text)).toBe(message);
  });

  test('lists all faults of a well-formed text', () => {
    expect(checkExpr('rate(up) + abs(1)').map(({ reason }) => reason)).toEqual([
      'expected type range vector in call to function "rate", got instant vector',
      'expected type instant vector in call to function "abs", got scalar',
    ]);
  });
});

describe('what a version accepts', () => {
  const flag = ['promql-experimental-functions'];
  test.each([
    ['first_over_time(up[5m])', 'v3.5.3', [], false],
    ['first_over_time(up[5m])', '3.7.0', [], false],
    ['first_over_time(up[5m])', '3.7.0', flag, true],
    ['first_over_time(up[5m])', '3.14.0', [], true],
    ['up[5m + 1m]', '3.5.3', [], false],
    ['up[5m + 1m]', '3.5.3', ['promql-duration-expr'], true],
    ['up[5m + 1m]', '3.14.0', [], true],
    ['a </ b', '3.10.0', [], false],
    ['a </ b', '3.11.0', [], true],
    ['step', '3.5.3', [], true],
    ['limitk(1, up)', '3.14.0', [], false],
    ['limitk(1, up)', '3.14.0', flag, true],
    ['a + fill(0) b', '3.14.0', ['promql-binop-fill-modifiers'], true],
    ['a + fill(0) b', '3.14.0', [], false],
  ] as const)('%s in %s with %j: %s', (text, version, features, accepted) => {
    expect(checkExpr(text, { version, features }).length === 0).toBe(accepted);
  });
});

test('a series selector gives its matchers, and nothing else is one', () => {
  expect(parseMetricSelector('up{job!="x"}')).toEqual([
    { name: 'job', op: '!=', value: 'x' },
    { name: '__name__', op: '=', value: 'up' },
  ]);
  for (const text of ['up[5m]', 'up offset 5m', '1', 'sum(up)']) {
    expect(() => parseMetricSelector(text)).toThrow(PromqlSyntaxError);
  }
});

describe('hostile input', () => {
  test.each([
    ['deep parentheses', `${'('.repeat(400_000)}1`],
    ['deep calls', `${'abs('.repeat(100_000)}up`],
    ['a long chain of operators', `1${'+1'.repeat(400_000)}`],
    ['a long chain of powers', `1${'^1'.repeat(400_000)}`],
    ['a long chain of signs', `${'-'.repeat(900_000)}1`],
    ['a deep duration', `up[${'('.repeat(400_000)}5m`],
    ['many digits', `${'9'.repeat(500_000)}y`],
    ['a regex bomb', '{a=~"((((a{100}){100}){100}){100})"}'],
    ['more text than the limit', ' '.repeat(2 * 1024 * 1024)],
  ])('ends in a refusal: %s', (_name, text) => {
    expect(messageOf(text, all)).toMatch(/parse error/);
  });

  test('of any pieces is accepted or refused, never a crash', () => {
    const piece = fc.constantFrom(
      'up',
      'sum',
      'by',
      '(',
      ')',
      '[',
      ']',
      '{',
      '}',
      '5m',
      '1',
      ':',
      ',',
      '"',
      '`',
      '\\',
      '=~',
      '-',
      '^',
      '@',
      ' ',
      'é',
      '\ud800',
      'offset',
      'step',
      'min_of',
      '#',
      '\n',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
        messageOf(pieces.join(''), all);
      }),
      { numRuns: 1000 },
    );
  });
});
