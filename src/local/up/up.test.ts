import { describe, expect, it } from 'vitest';
import type { Pod, Service } from '../node/types.ts';
import { inOrder, parseManifests } from './manifests.ts';
import { stateOf } from './readiness.ts';
import { addressesOf, summaryText } from './summary.ts';

describe('manifests', () => {
  it('are applied so that each finds what it needs', () => {
    const text = [
      'Silence',
      'Deployment',
      'Service',
      'MonitoringStack',
      'Namespace',
      'CustomResourceDefinition',
      'Secret',
    ]
      .map((kind) => `apiVersion: v1\nkind: ${kind}\nmetadata: {name: a}`)
      .join('\n---\n');
    expect(inOrder(parseManifests(text, 'f')).map(({ kind }) => kind)).toEqual([
      'Namespace',
      'CustomResourceDefinition',
      'Secret',
      'Service',
      'Deployment',
      'MonitoringStack',
      'Silence',
    ]);
  });

  it('may be lists, and empty documents are passed over', () => {
    const text =
      '---\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: a}}\n';
    expect(parseManifests(text, 'f').map(({ kind }) => kind)).toEqual(['Secret']);
  });

  it.each([
    ['a: [', /^f\.yaml: /],
    ['kind: Secret', /^f\.yaml, document 1: needs apiVersion and kind/],
    ['apiVersion: v1\nkind: Secret', /^f\.yaml, document 1: Secret needs metadata\.name/],
    ['just text', /needs apiVersion and kind/],
  ])('name the place of a fault: %j', (text, message) => {
    expect(() => parseManifests(text, 'f.yaml')).toThrow(message);
  });
});

describe('stateOf', () => {
  const stack = (conditions: unknown[], observedGeneration?: number) => ({
    apiVersion: 'promfleet.dev/v1alpha1',
    kind: 'MonitoringStack',
    metadata: { name: 'a', generation: 2 },
    status: { conditions, observedGeneration },
  });
  it.each([
    ['an absent object', undefined, { ready: false, text: 'not there' }],
    ['a stack without status', stack([]), { ready: false, text: 'waiting to be seen' }],
    [
      'a ready stack',
      stack([{ type: 'Ready', status: 'True', message: '5/5' }], 2),
      { ready: true, text: '5/5' },
    ],
    [
      'a status of an older generation',
      stack([{ type: 'Ready', status: 'True', message: '5/5' }], 1),
      { ready: false, text: '5/5' },
    ],
    [
      'a stack that is not ready',
      stack([{ type: 'Ready', status: 'False', reason: 'Waiting' }], 2),
      { ready: false, text: 'Waiting' },
    ],
    [
      'a Deployment on its way',
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'a', generation: 1 },
        spec: { replicas: 2 },
        status: { observedGeneration: 1, readyReplicas: 1, updatedReplicas: 2, availableReplicas: 1 },
      },
      { ready: false, text: '1/2 ready' },
    ],
    [
      'a ConfigMap',
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } },
      { ready: true, text: 'applied' },
    ],
  ])('of %s', (_title, object, state) => {
    expect(stateOf(object)).toEqual(state);
  });
});

describe('the summary', () => {
  const service = (name: string, labels: Record<string, string>, clusterIP: string): Service => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'n', labels },
    spec: { clusterIP, ports: [{ port: 9090 }], selector: { app: name } },
  });
  const pod = (name: string, app: string, podIP: string): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'n', labels: { app } },
    spec: {
      initContainers: [{ name: 'r', ports: [{ name: 'loopback', containerPort: 9190 }] }],
      containers: [{ name: 'p', ports: [{ name: 'web', containerPort: 9090 }] }],
    },
    status: { podIP } as Pod['status'] & object,
  });
  it('names Services that people open', () => {
    const services = [
      service('a', { 'app.kubernetes.io/name': 'prometheus' }, '127.128.0.1'),
      service('a-pods', { 'app.kubernetes.io/name': 'prometheus' }, 'None'),
      service('b', {}, '127.128.0.2'),
      service('c', { 'app.kubernetes.io/name': 'alertmanager' }, '127.128.0.3'),
    ];
    const pods = [
      pod('c-1', 'c', '127.64.0.2'),
      pod('c-0', 'c', '127.64.0.1'),
      pod('a-0', 'other', '127.64.0.3'),
    ];
    const addresses = addressesOf(services, pods, (_service, port) => port);
    expect(addresses).toEqual([
      { title: 'Alertmanager (n/c)', url: 'http://127.64.0.1:9190' },
      { title: 'Prometheus (n/a)', url: 'http://127.128.0.1:9090' },
    ]);
    expect(summaryText(addresses, { kubeconfig: '/k', seconds: '3.1', shared: false })).toMatch(
      /^ready after 3\.1s/m,
    );
  });
});
