import { describe, expect, it } from 'vitest';
import { Labels } from '../promql/exec/labels.ts';
import { resolveMatchers } from '../promql/syntax/matcher.ts';
import { attachLabels } from './external-labels.ts';

const external = Labels.from([
  ['cluster', 'eu-1'],
  ['replica', 'a'],
]);

describe('external labels', () => {
  it('win over the labels of a series and keep the names sorted', () => {
    const labels = Labels.from([
      ['__name__', 'up'],
      ['cluster', 'forged'],
      ['zone', 'z'],
    ]);
    expect(attachLabels(labels, external).toString()).toBe(
      '{__name__="up", cluster="eu-1", replica="a", zone="z"}',
    );
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
