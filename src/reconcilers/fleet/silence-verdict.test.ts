import { expect, it } from 'vitest';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { Silence } from '../../crds/silence.ts';
import type { ObjectGetter } from '../ports.ts';
import { Fleet } from './fleet.ts';

const apiVersion = 'promfleet.dev/v1alpha1';
const none = { get: () => undefined, list: () => [] };

function verdictOf(labels: Record<string, string>, stacks: Silence['spec']['stacks'], replicas = 3): string {
  const sources = { ruleSets: none, routes: none, namespaces: none };
  const fleet = new Fleet(sources, { platformNamespaces: new Set() }, {} as ObjectGetter);
  const stack: MonitoringStack = {
    apiVersion,
    kind: 'MonitoringStack',
    metadata: { name: 'main', namespace: 'shop', uid: 'u', labels },
    spec: { alertmanager: { replicas } },
  };
  fleet.upsertStack(stack);
  const silence: Silence = {
    apiVersion,
    kind: 'Silence',
    metadata: { name: 's', namespace: 'shop' },
    spec: { matchers: ['a=b'], comment: 'c', duration: '1h', ...(stacks === undefined ? {} : { stacks }) },
  };
  return fleet.silenceVerdict(fleet.stack('shop/main')!, silence).reason;
}

it.each<[string, Parameters<typeof verdictOf>, string]>([
  ['takes every stack that takes it when it names none', [{}, undefined], 'Selected'],
  [
    'takes stacks with the labels that it names',
    [{ tier: 'prod' }, { matchLabels: { tier: 'prod' } }],
    'Selected',
  ],
  ['leaves other stacks alone', [{ tier: 'dev' }, { matchLabels: { tier: 'prod' } }], 'StackNotSelected'],
  ['needs an Alertmanager there', [{}, undefined, 0], 'NoAlertmanager'],
])('a Silence %s', (_name, args, reason) => {
  expect(verdictOf(...args)).toBe(reason);
});
