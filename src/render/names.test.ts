import { expect, test } from 'vitest';
import * as names from './names.ts';

test('a rule set and its path name each other', () => {
  const path = names.ruleFilePath('team-a', 'checkout.slo');
  expect(path).toBe('rules/team-a/checkout.slo.yaml');
  expect(names.ruleSetOfPath(path)).toEqual({ namespace: 'team-a', name: 'checkout.slo' });
  expect(names.ruleSetOfPath('prometheus.yaml')).toBeUndefined();
});

test('slot names are fixed in advance', () => {
  expect(names.ruleSlotNames('main').slice(0, 2)).toEqual(['main-rules-00', 'main-rules-01']);
  expect(names.alertmanagerSlotNames('main')[63]).toBe('main-alertmanager-63');
  expect(() => names.ruleSlotName('main', 64)).toThrow('BUG: slot 64 out of range');
});

test('a pod selector is part of the labels of its children', () => {
  expect(names.childLabels('main', 'prometheus')).toMatchObject(names.podSelector('main', 'prometheus'));
});
