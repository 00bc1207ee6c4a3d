import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attachLabels, compareLabels, compareText, resolveMatchers } from './external-labels.ts';

describe('external labels', () => {
  const external = new Map([
    ['cluster', 'eu-1'],
    ['replica', 'a'],
  ]);

  it('win over the labels of a series and keep the names sorted', () => {
    expect(
      attachLabels(
        [
          ['__name__', 'up'],
          ['cluster', 'forged'],
          ['zone', 'z'],
        ],
        external,
      ),
    ).toEqual([
      ['__name__', 'up'],
      ['cluster', 'eu-1'],
      ['replica', 'a'],
      ['zone', 'z'],
    ]);
  });

  it.each([
    ['cluster', '=', 'eu-1', []],
    ['cluster', '=', 'us-1', undefined],
    ['cluster', '!~', 'eu-.*', undefined],
    ['cluster', '=~', 'eu-.*|us-.*', []],
    ['cluster', '=', '', undefined],
    ['job', '=', 'x', [{ name: 'job', op: '=', value: 'x' }]],
  ] as const)('decide the matcher %s%s%j before the source is asked', (name, op, value, expected) => {
    expect(resolveMatchers([{ name, op, value }], external)).toEqual(expected);
  });
});

describe('compareText', () => {
  it('orders texts as their UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        expect(Math.sign(compareText(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
      }),
    );
    expect(compareText('\uffff', '\u{10000}')).toBeLessThan(0);
  });

  it('orders label sets name by name, value by value, shorter first', () => {
    const sets = [
      [],
      [['a', '1']],
      [
        ['a', '1'],
        ['b', '0'],
      ],
      [['a', '2']],
      [['b', '0']],
    ] as [string, string][][];
    expect([...sets].reverse().sort(compareLabels)).toEqual(sets);
  });
});
