import { expect, test } from 'vitest';
import { type LabelSelector, matchesSelector } from './label-selector.ts';

const labels = { team: 'checkout', tier: 'gold' };

test.each<[string, LabelSelector, boolean]>([
  ['the empty selector matches everything', {}, true],
  ['all labels must be equal', { matchLabels: { team: 'checkout', tier: 'gold' } }, true],
  ['one different label is enough to fail', { matchLabels: { team: 'checkout', tier: 'iron' } }, false],
  [
    'In needs one of the values',
    { matchExpressions: [{ key: 'tier', operator: 'In', values: ['gold'] }] },
    true,
  ],
  [
    'In fails on a missing label',
    { matchExpressions: [{ key: 'x', operator: 'In', values: ['gold'] }] },
    false,
  ],
  [
    'NotIn holds for a missing label',
    { matchExpressions: [{ key: 'x', operator: 'NotIn', values: ['a'] }] },
    true,
  ],
  [
    'NotIn fails on a listed value',
    { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['gold'] }] },
    false,
  ],
  ['Exists needs the label', { matchExpressions: [{ key: 'x', operator: 'Exists' }] }, false],
  [
    'DoesNotExist refuses the label',
    { matchExpressions: [{ key: 'team', operator: 'DoesNotExist' }] },
    false,
  ],
  ['an unknown operator matches nothing', { matchExpressions: [{ key: 'team', operator: 'Near' }] }, false],
])('%s', (_name, selector, expected) => {
  expect(matchesSelector(selector, labels)).toBe(expected);
});

test('an object without labels matches only selectors that ask for nothing', () => {
  expect(matchesSelector({}, undefined)).toBe(true);
  expect(matchesSelector({ matchLabels: { a: 'b' } }, undefined)).toBe(false);
});
