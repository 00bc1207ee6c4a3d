import { expect, test } from 'vitest';
import type { Manifest } from '../render/workload/manifest.ts';
import { planChildren, withManifestHash } from './children.ts';
import { identityOf } from './object.ts';

const service: Manifest = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'a', namespace: 'n', labels: { x: 'y' } },
  spec: { ports: [{ name: 'web', port: 80 }], selector: {} },
};

function live(...objects: Manifest[]): Map<string, Manifest> {
  return new Map(objects.map((object) => [identityOf(object), object]));
}

const stored: Manifest = {
  ...withManifestHash(service),
  spec: { ports: [{ name: 'web', port: 80, protocol: 'TCP' }], clusterIP: '10.0.0.1' },
  status: { loadBalancer: {} },
};

test('an object that is missing is applied, with its hash', () => {
  expect(planChildren([service], live())).toEqual({ apply: [withManifestHash(service)], remove: [] });
});

test('an object that holds everything desired, with defaults beside it, is left alone', () => {
  expect(planChildren([service], live(stored))).toEqual({ apply: [], remove: [] });
});

test.each<[string, Manifest]>([
  ['a changed value', { ...stored, spec: { ports: [{ name: 'web', port: 81, protocol: 'TCP' }] } }],
  ['a further list item', { ...stored, spec: { ports: [{ name: 'web', port: 80 }, { port: 81 }] } }],
  ['a lost label', { ...stored, metadata: { ...stored.metadata, labels: {} } }],
  ['another hash: a field that is no longer desired', { ...stored, metadata: { ...service.metadata } }],
  ['an object on its way out', { ...stored, metadata: { ...stored.metadata, deletionTimestamp: 'now' } }],
])('%s is repaired', (_name, object) => {
  expect(planChildren([service], live(object)).apply).toHaveLength(1);
});

test('what a server normalises is not applied again while it stays as it was written', () => {
  const metadata = { ...stored.metadata, resourceVersion: '7' };
  const normalised = { ...stored, metadata, spec: { ports: [{ name: 'web', port: '80' }] } };
  const hash = stored.metadata.annotations!['promfleet.dev/manifest-hash']!;
  const applied = new Map([[identityOf(service), { hash, resourceVersion: '7' }]]);
  expect(planChildren([service], live(normalised), applied).apply).toEqual([]);
});

test('what nothing asks for is removed, once', () => {
  const gone = { ...stored, metadata: { ...stored.metadata, name: 'b', deletionTimestamp: 'now' } };
  const extra = { ...stored, metadata: { ...stored.metadata, name: 'c' } };
  expect(planChildren([service], live(stored, gone, extra)).remove).toEqual([extra]);
});

test('an amount in the spelling of the server is the same amount, and another amount is repaired', () => {
  const set = (cpu: string, memory: string): Manifest => ({
    ...service,
    kind: 'StatefulSet',
    spec: { template: { resources: { requests: { cpu, memory } }, emptyDir: { sizeLimit: memory } } },
  });
  const desired = set('0.5', '1024Mi');
  const storedAs = (object: Manifest): Manifest => ({
    ...object,
    metadata: withManifestHash(desired).metadata,
  });
  expect(planChildren([desired], live(storedAs(set('500m', '1Gi')))).apply).toEqual([]);
  expect(planChildren([desired], live(storedAs(set('500m', '2Gi')))).apply).toHaveLength(1);
});

test('a zero that the server leaves out is no drift, but one with a meaning of its own is', () => {
  const pod = (spec: object): Manifest => ({ ...service, kind: 'StatefulSet', spec: { template: { spec } } });
  const check = (desired: Manifest, stored: Manifest) =>
    planChildren([desired], live({ ...stored, metadata: withManifestHash(desired).metadata })).apply.length;
  expect(check(pod({ hostNetwork: false }), pod({}))).toBe(0);
  expect(check(pod({ hostNetwork: false }), pod({ hostNetwork: true }))).toBe(1);
  expect(check(pod({ automountServiceAccountToken: false }), pod({}))).toBe(1);
});
