import { expect, test } from 'vitest';
import { allowedStacksLabel, type SelectingStack, selectObject } from './selection.ts';

const policy = { platformNamespaces: new Set(['platform']) };
const own: SelectingStack = { namespace: 'monitoring', name: 'main' };
const all: SelectingStack = { ...own, namespaces: {}, objects: {} };

test.each<[string, SelectingStack, Record<string, string>, Record<string, string>, string, string]>([
  ['a stack without a namespace selector takes its own namespace', own, {}, {}, 'monitoring', 'Selected'],
  ['a stack without a namespace selector leaves others', own, {}, {}, 'shop', 'NamespaceNotSelected'],
  ['an empty selector needs consent of the other namespace', all, {}, {}, 'shop', 'NotPermitted'],
  [
    'a namespace consents to every stack of a namespace',
    all,
    {},
    { [allowedStacksLabel]: 'monitoring' },
    'shop',
    'Selected',
  ],
  [
    'a namespace consents to one stack by name',
    all,
    {},
    { [allowedStacksLabel]: 'a.b_monitoring.main' },
    'shop',
    'Selected',
  ],
  [
    'consent to another stack does not count',
    all,
    {},
    { [allowedStacksLabel]: 'monitoring.other' },
    'shop',
    'NotPermitted',
  ],
  ['a platform namespace needs no consent', { ...all, namespace: 'platform' }, {}, {}, 'shop', 'Selected'],
  [
    'labels of the object are matched',
    { ...own, objects: { matchLabels: { a: 'b' } } },
    { a: 'c' },
    {},
    'monitoring',
    'LabelsNotSelected',
  ],
  [
    'labels of the namespace are matched',
    { ...all, namespaces: { matchLabels: { team: 'x' } } },
    {},
    { team: 'y' },
    'shop',
    'NamespaceNotSelected',
  ],
  [
    'a suspended stack takes nothing',
    { ...own, closed: 'StackSuspended' },
    {},
    {},
    'monitoring',
    'StackSuspended',
  ],
])('%s', (_name, stack, labels, namespaceLabels, namespace, reason) => {
  const verdict = selectObject(stack, { name: 'x', namespace, labels }, namespaceLabels, policy);
  expect(verdict.reason).toBe(reason);
  expect(verdict.selected).toBe(reason === 'Selected');
});
