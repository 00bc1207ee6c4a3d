import { expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import type { AlertRuleSet } from '../../crds/alert-rule-set.ts';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { type CompiledRuleSet, compileRuleSet, dialectOf } from '../alert-rule-set/compile.ts';
import { StackState } from '../fleet/stack-state.ts';
import { keyOf } from '../object.ts';
import { type RuleSetCompilation, updateRules } from './rules.ts';

const stackObject: MonitoringStack = {
  apiVersion: 'promfleet.dev/v1alpha1',
  kind: 'MonitoringStack',
  metadata: { namespace: 'monitoring', name: 'main' },
  spec: {},
};
const dialect = dialectOf(stackObject);
const impatient = { ...systemClock, sleep: async () => {} };

const ruleSet = (name: string): AlertRuleSet => ({
  apiVersion: 'promfleet.dev/v1alpha1',
  kind: 'AlertRuleSet',
  metadata: { namespace: 'shop', name, uid: name, generation: 1 },
  spec: { groups: [{ name: 'g', rules: [{ record: 'a:b', expr: 'up' }] }] },
});

function bench(sets: readonly AlertRuleSet[], compilation: RuleSetCompilation) {
  const stack = new StackState(stackObject, { get: async () => undefined });
  const byKey = new Map(sets.map((set) => [keyOf(set), set]));
  for (const key of byKey.keys()) stack.ruleSets.mark(key);
  const source = { get: (key: string) => byKey.get(key), list: () => [...byKey.values()] };
  const fleet = { verdict: () => ({ selected: true }) } as unknown as Parameters<typeof updateRules>[2];
  const update = () =>
    updateRules(stack, dialect, fleet, source, compilation, { breathe: async () => {} }, impatient);
  return { stack, update };
}

test('a rule set that takes long does not hold back the others of its stack, and follows when it is done', async () => {
  let finish: (compiled: CompiledRuleSet) => void = () => {};
  const slow = new Promise<CompiledRuleSet>((resolve) => {
    finish = resolve;
  });
  let isDone = false;
  const { stack, update } = bench([ruleSet('slow'), ruleSet('fast')], {
    compile: (object) =>
      object.metadata.name === 'slow' && !isDone ? slow : compileRuleSet(object, dialect),
  });
  expect((await update()).touched).toEqual(['shop/fast']);
  expect([...stack.ruleBundle.paths()]).toEqual(['rules/shop/fast.yaml']);
  expect(stack.ruleSets.dirtyCount).toBe(1);
  expect((await update()).touched).toEqual([]);
  isDone = true;
  finish(compileRuleSet(ruleSet('slow'), dialect));
  expect((await update()).touched).toEqual(['shop/slow']);
  expect(stack.ruleSets.dirtyCount).toBe(0);
  expect([...stack.ruleBundle.paths()].sort()).toEqual(['rules/shop/fast.yaml', 'rules/shop/slow.yaml']);
});
