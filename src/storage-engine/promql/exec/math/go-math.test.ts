import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { floatOf, fma, frexp, ldexp } from './bits.ts';
import { goMath } from './go-math.ts';

type Name = keyof typeof goMath;

/** Function, bits of its arguments (the second is used by functions of two), bits of what Go 1.26 on amd64 answers. */
const results: readonly (readonly [Name, string, string, string])[] = JSON.parse(
  readFileSync(join(import.meta.dirname, 'testdata', 'go-results.json'), 'utf8'),
);
const fromHex = (text: string) => floatOf(BigInt(`0x${text}`));

describe.each(Object.keys(goMath) as Name[])('%s', (name) => {
  test('gives the same bits as Go', () => {
    const rows = results.filter(([row]) => row === name);
    expect(rows.length).toBeGreaterThan(30);
    for (const [, a, b, expected] of rows) {
      const x = fromHex(a);
      expect([x, goMath[name](x, fromHex(b))]).toEqual([x, fromHex(expected)]);
    }
  });
});

test('numbers taken apart and put together again are the same, subnormal ones too', () => {
  for (const value of [1, -3.75, 5e-324, 2.2e-308, 1.7976931348623157e308, 0.1]) {
    const { fraction, exponent } = frexp(value);
    expect(Math.abs(fraction)).toBeGreaterThanOrEqual(0.5);
    expect(Math.abs(fraction)).toBeLessThan(1);
    expect(ldexp(fraction, exponent)).toBe(value);
  }
});

test('a fused multiply-add rounds once', () => {
  expect(fma(0.1, 10, -1)).toBe(5.551115123125783e-17);
  expect(fma(2 ** 27 + 1, 2 ** 27 + 1, -(2 ** 54))).toBe(2 ** 28 + 1);
});
