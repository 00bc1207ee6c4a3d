import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatFloatExponent, formatFloatPlain } from '../promql/syntax/go-format.ts';
import { type JsonRows, RowWriter } from './row-writer.ts';

const writer = new RowWriter();
const written = (rows: JsonRows) => Buffer.concat([...writer.write(rows)]).toString();

function expected(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-6 || size >= 1e21) ? formatFloatExponent(value) : formatFloatPlain(value);
}

describe('the row writer', () => {
  it.each([
    0,
    -0,
    1,
    -1,
    0.1,
    1e-6,
    9.999999e-7,
    1e21,
    999999999999999900000,
    5e-324,
    1.7976931348623157e308,
    2 ** 53,
    2 ** 53 - 1,
    2 ** 63,
    1e22,
    1e23,
    123456789.125,
    4.35,
    2.2250738585072014e-308,
    9007199254740994,
    1e16,
    0.000123,
    Infinity,
    -Infinity,
    Number.NaN,
  ])('writes %d as Prometheus does', (value) => {
    expect(writer.float(value)).toBe(expected(value));
  });

  it('writes every float as Prometheus does', () => {
    const floats = fc.oneof(
      fc.double(),
      fc.bigInt(0n, 2n ** 64n - 1n).map((bits) => new Float64Array(new BigUint64Array([bits]).buffer)[0]!),
      fc.integer({ min: -1074, max: 1023 }).map((exponent) => 2 ** exponent),
      fc
        .tuple(fc.integer(), fc.integer({ min: -30, max: 30 }))
        .map(([digits, exponent]) => Number(`${digits}e${exponent}`)),
    );
    fc.assert(
      fc.property(floats, (value) => {
        expect(writer.float(value)).toBe(expected(value));
      }),
      { numRuns: 5000 },
    );
  });

  it('writes series of a matrix, without the steps that have no value', () => {
    const row = Float64Array.of(1, 0, 0.5);
    new BigUint64Array(row.buffer)[1] = 0x7ff0000000000002n;
    const text = written({
      rows: [row, Float64Array.of(7, 8, 9)],
      labels: ['{"a":"ü"}', '{}'],
      times: ['0', '0.015', '-1'],
      isVector: false,
    });
    expect(text).toBe(
      '{"metric":{"a":"ü"},"values":[[0,"1"],[-1,"0.5"]]},{"metric":{},"values":[[0,"7"],[0.015,"8"],[-1,"9"]]}',
    );
  });

  it('writes the series of a vector, in batches as in one', () => {
    const count = 150_000;
    const text = written({
      rows: Array.from({ length: count }, (_, i) => Float64Array.of(i)),
      labels: Array.from({ length: count }, () => '{}'),
      times: ['12'],
      isVector: true,
    });
    const wanted = Array.from({ length: count }, (_, i) => `{"metric":{},"value":[12,"${i}"]}`);
    expect(text === wanted.join(',')).toBe(true);
  });
});
