import { load } from 'js-yaml';
import { expect, test } from 'vitest';
import type { AlertRuleSet, RuleGroup } from '../../crds/alert-rule-set.ts';
import type { BundleFile } from '../../render/bundle/slot.ts';
import { compileRuleSet, defaultDialect } from './compile.ts';
import { assembleRuleFile } from './rule-file.ts';

function set(groups: Record<string, string>): AlertRuleSet {
  return {
    apiVersion: 'promfleet.dev/v1alpha1',
    kind: 'AlertRuleSet',
    metadata: { name: 'checkout', namespace: 'shop', uid: 'u1' },
    spec: {
      groups: Object.entries(groups).map(([name, expr]) => ({ name, rules: [{ alert: 'A', expr }] })),
    },
  };
}

function assemble(
  groups: Record<string, string>,
  previous?: BundleFile,
  options: { uid?: string; isStillGood?: (group: RuleGroup) => boolean } = {},
) {
  const owner = { namespace: 'shop', name: 'checkout', uid: options.uid ?? 'u1' };
  const compiled = compileRuleSet(set(groups), defaultDialect);
  return assembleRuleFile(owner, compiled, previous, options.isStillGood ?? (() => true));
}

function expressions(file: BundleFile | undefined): Record<string, string> {
  if (file === undefined) return {};
  const { groups } = load(file.content) as { groups: { name: string; rules: { expr: string }[] }[] };
  return Object.fromEntries(groups.map((group) => [group.name, group.rules[0]!.expr]));
}

test('the path depends on namespace and name only', () => {
  expect(assemble({ a: 'up' }).file?.path).toBe('rules/shop/checkout.yaml');
});

test('a bad group is left out, the others are there', () => {
  const { file, lastGoodGroups } = assemble({ a: 'up', b: 'sum(' });
  expect(expressions(file)).toEqual({ a: 'up' });
  expect(lastGoodGroups).toEqual([]);
});

test('a group that turns bad runs on in its last good version while the others change', () => {
  const before = assemble({ a: 'up', b: 'down' }).file;
  const after = assemble({ a: 'up > 1', b: 'sum(' }, before);
  expect(expressions(after.file)).toEqual({ a: 'up > 1', b: 'down' });
  expect(after.lastGoodGroups).toEqual(['b']);
  const again = assemble({ a: 'up > 1', b: 'sum(' }, after.file);
  expect(again).toEqual(after);
});

test('the last good version is gone with the group, with the object, and when it is good no more', () => {
  const before = assemble({ a: 'up', b: 'down' }).file;
  expect(expressions(assemble({ a: 'sum(' }, before).file)).toEqual({ a: 'up' });
  expect(expressions(assemble({ c: 'sum(' }, before).file)).toEqual({});
  expect(expressions(assemble({ a: 'sum(' }, before, { uid: 'u2' }).file)).toEqual({});
  expect(expressions(assemble({ a: 'sum(' }, before, { isStillGood: () => false }).file)).toEqual({});
});

test('checking a last good group again does not trip over the labels that promfleet stamps', () => {
  const seen: RuleGroup[] = [];
  const before = assemble({ a: 'up' }).file;
  assemble({ a: 'sum(' }, before, { isStillGood: (group) => seen.push(group) > 0 });
  expect(seen).toEqual([{ name: 'a', rules: [{ alert: 'A', expr: 'up' }] }]);
});

test('equal groups give equal bytes', () => {
  expect(assemble({ a: 'up', b: 'x' })).toEqual(assemble({ a: 'up', b: 'x' }));
});
