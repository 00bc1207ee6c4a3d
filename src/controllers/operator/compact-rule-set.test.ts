import { expect, test } from 'vitest';
import type { AlertRuleSet } from '../../crds/alert-rule-set.ts';
import { CompactRuleSet } from './compact-rule-set.ts';

const object = {
  apiVersion: 'promfleet.dev/v1alpha1',
  kind: 'AlertRuleSet',
  metadata: {
    name: 'a',
    namespace: 'n',
    labels: { x: 'y' },
    annotations: { long: 'text' },
    managedFields: [],
  },
  spec: { groups: [{ name: 'ü', rules: [{ alert: 'A', expr: 'up == 0' }] }] },
} as AlertRuleSet;

test('a compact rule set reads as the object it was made of, without what nobody reads', () => {
  const compact = new CompactRuleSet({ ...object, status: { loaded: '2/2' } });
  expect(compact.spec).toEqual(object.spec);
  expect(compact.status).toEqual({ loaded: '2/2' });
  expect(compact.metadata).toEqual({ name: 'a', namespace: 'n', labels: { x: 'y' } });
  expect(new CompactRuleSet(object).status).toBeUndefined();
});
