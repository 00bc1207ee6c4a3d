import { describe, expect, it } from 'vitest';
import type { Container, Pod } from '../types.ts';
import { containerEnvironment, type DataSource, fieldOf } from './environment.ts';
import type { PodWorld } from './translate.ts';

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p-0', namespace: 'n', uid: 'u', labels: { app: 'web', tier: 'a b' } },
  spec: { containers: [], serviceAccountName: 'robot' },
};
const facts = { podIP: '127.64.0.1', hostIP: '127.0.0.1', nodeName: 'local' };
const world: PodWorld = {
  address: '127.64.0.1',
  ports: new Map(),
  mounts: [{ mountPath: '/data', hostPath: '/v' }],
  resolve: () => null,
};
const data: DataSource = {
  configMap: (name) => (name === 'settings' ? new Map([['mode', Buffer.from('fast')]]) : undefined),
  secret: (name) => (name === 'token' ? new Map([['value', Buffer.from('s3cret')]]) : undefined),
};

function environment(container: Partial<Container>) {
  const base = new Map([['HOME', '/h']]);
  return Object.fromEntries(containerEnvironment(pod, { name: 'c', ...container }, base, data, facts, world));
}

describe('containerEnvironment', () => {
  it('takes values, references and fields in order', () => {
    const env = [
      { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'FULL', value: '$(NAME).example $(LATER)' },
      { name: 'LATER', value: 'x' },
      { name: 'MODE', valueFrom: { configMapKeyRef: { name: 'settings', key: 'mode' } } },
      { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'token', key: 'value' } } },
      { name: 'URL', value: 'http://localhost:80/data' },
      { name: 'DIR', value: '/data/x' },
    ];
    expect(environment({ env })).toEqual({
      HOME: '/h',
      NAME: 'p-0',
      FULL: 'p-0.example $(LATER)',
      LATER: 'x',
      MODE: 'fast',
      TOKEN: 's3cret',
      URL: 'http://127.64.0.1:80/data',
      DIR: '/v/x',
    });
  });

  it('imports whole objects with a prefix, and env wins over them', () => {
    const envFrom = [
      { prefix: 'S_', configMapRef: { name: 'settings' } },
      { secretRef: { name: 'none', optional: true } },
    ];
    expect(environment({ envFrom, env: [{ name: 'S_mode', value: 'slow' }] })).toMatchObject({
      S_mode: 'slow',
    });
  });

  it.each([
    [
      { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'none', key: 'k' } } }] },
      'secret "none" not found',
    ],
    [
      { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'token', key: 'k' } } }] },
      'couldn\'t find key k in secret "token"',
    ],
    [{ envFrom: [{ configMapRef: { name: 'none' } }] }, 'configmap "none" not found'],
  ])('waits for what is missing: %#', (container, message) => {
    expect(() => environment(container)).toThrow(message);
  });

  it('leaves out what is missing and optional', () => {
    const env = [{ name: 'A', valueFrom: { secretKeyRef: { name: 'none', key: 'k', optional: true } } }];
    expect(environment({ env })).toEqual({ HOME: '/h' });
  });
});

describe('fieldOf', () => {
  it.each([
    ['metadata.namespace', 'n'],
    ["metadata.labels['app']", 'web'],
    ["metadata.annotations['none']", ''],
    ['metadata.labels', 'app="web"\ntier="a b"'],
    ['spec.serviceAccountName', 'robot'],
    ['status.podIP', '127.64.0.1'],
  ])('%s is %j', (path, value) => {
    expect(fieldOf(pod, path, facts)).toBe(value);
  });
});
