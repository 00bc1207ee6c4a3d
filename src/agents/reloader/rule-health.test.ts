import { expect, test } from 'vitest';
import { RuleHealth } from './rule-health.ts';

const paths = new Set(['rules/a/x.yaml']);
const fault = { path: 'rules/a/x.yaml', group: 'g', error: 'many-to-many' };

test('a group is reported after it failed for a while, and cleared after it was well for a while', () => {
  const health = new RuleHealth();
  health.observe(paths, [fault], 0);
  expect(health.faults).toEqual([]);
  health.observe(paths, [fault], 29_999);
  expect(health.faults).toEqual([]);
  health.observe(paths, [fault], 30_000);
  expect(health.faults).toEqual([fault]);
  health.observe(paths, [], 40_000);
  expect(health.faults).toEqual([fault]);
  health.observe(paths, [], 70_000);
  expect(health.faults).toEqual([]);
});

test('a group that flaps is never reported, and one that recovers for a moment stays reported', () => {
  const health = new RuleHealth();
  for (let nowMs = 0; nowMs < 300_000; nowMs += 15_000)
    health.observe(paths, nowMs % 30_000 === 0 ? [fault] : [], nowMs);
  expect(health.faults).toEqual([]);
  for (let nowMs = 300_000; nowMs <= 345_000; nowMs += 15_000) health.observe(paths, [fault], nowMs);
  expect(health.faults).toEqual([fault]);
  health.observe(paths, [], 360_000);
  health.observe(paths, [fault], 375_000);
  health.observe(paths, [], 390_000);
  expect(health.faults).toEqual([fault]);
});

test('an error text that changes with each evaluation is no transition', () => {
  const health = new RuleHealth();
  for (const nowMs of [0, 15_000, 30_000, 45_000])
    health.observe(paths, [{ ...fault, error: `at ${nowMs}` }], nowMs);
  expect(health.faults).toEqual([{ ...fault, error: 'at 0' }]);
});

test('a look at other files says nothing about a group, and a file that is gone is forgotten', () => {
  const health = new RuleHealth();
  for (const nowMs of [0, 30_000]) health.observe(paths, [fault], nowMs);
  health.observe(new Set(['rules/b/y.yaml']), [], 90_000);
  expect(health.faults).toEqual([fault]);
  health.keepOnly(new Map());
  expect(health.faults).toEqual([]);
});
