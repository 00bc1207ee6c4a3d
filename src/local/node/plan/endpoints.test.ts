import { describe, expect, it } from 'vitest';
import type { Pod, Service } from '../types.ts';
import { endpointSlicesFor, endpointsFor } from './endpoints.ts';
import { portMapAnnotation } from './port-map.ts';

function service(spec: Partial<Service['spec']> = {}): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'n', uid: 's' },
    spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'web' }], ...spec },
  };
}

function pod(
  name: string,
  options: { ready?: boolean; ending?: boolean; port?: number; map?: Record<number, number> } = {},
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'n',
      uid: name,
      labels: { app: 'web' },
      ...(options.map === undefined
        ? {}
        : { annotations: { [portMapAnnotation]: JSON.stringify(options.map) } }),
      ...(options.ending === true ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: {
      containers: [{ name: 'c', ports: [{ name: 'web', containerPort: options.port ?? 8080 }] }],
      hostname: name,
      subdomain: 'web',
    },
    status: {
      phase: 'Running',
      podIP: `127.64.0.${name.slice(-1)}`,
      conditions: [{ type: 'Ready', status: options.ready === false ? 'False' : 'True' }],
    },
  };
}

describe('endpointSlicesFor', () => {
  it('lists pods with the number behind a named port', () => {
    const [slice, ...more] = endpointSlicesFor(service(), [pod('web-1'), pod('web-0')]);
    expect(more).toEqual([]);
    expect(slice?.ports).toEqual([{ name: 'http', port: 8080, protocol: 'TCP' }]);
    expect(slice?.endpoints.map(({ addresses, hostname }) => [addresses[0], hostname])).toEqual([
      ['127.64.0.0', 'web-0'],
      ['127.64.0.1', 'web-1'],
    ]);
  });

  it.each([
    ['ready', {}, {}, { ready: true, serving: true, terminating: false }],
    ['not ready', { ready: false }, {}, { ready: false, serving: false, terminating: false }],
    ['terminating', { ending: true }, {}, { ready: false, serving: true, terminating: true }],
    [
      'not ready but published',
      { ready: false },
      { publishNotReadyAddresses: true },
      { ready: true, serving: true, terminating: false },
    ],
  ])('says of a pod that is %s', (_title, state, spec, conditions) => {
    expect(endpointSlicesFor(service(spec), [pod('web-0', state)])[0]?.endpoints[0]?.conditions).toEqual(
      conditions,
    );
  });

  it('gives pods with different numbers slices of their own', () => {
    const slices = endpointSlicesFor(service({ ports: [{ port: 80, targetPort: 8080 }] }), [
      pod('web-0', { map: { 8080: 40001 } }),
      pod('web-1', { map: { 8080: 40002 } }),
    ]);
    expect(slices.map((slice) => slice.ports[0]?.port)).toEqual([40001, 40002]);
    expect(new Set(slices.map((slice) => slice.metadata.name)).size).toBe(2);
  });

  it('makes one empty slice when no pod is chosen, and none without a selector', () => {
    expect(endpointSlicesFor(service(), []).map((slice) => slice.endpoints)).toEqual([[]]);
    expect(endpointSlicesFor(service({ selector: {} }), [pod('web-0')])).toEqual([]);
  });

  it('says the same in an Endpoints object', () => {
    const of = service();
    const slices = endpointSlicesFor(of, [pod('web-0'), pod('web-1', { ready: false })]);
    const [subset] = endpointsFor(of, slices).subsets as {
      addresses: { ip: string }[];
      notReadyAddresses: { ip: string }[];
    }[];
    expect(subset?.addresses.map(({ ip }) => ip)).toEqual(['127.64.0.0']);
    expect(subset?.notReadyAddresses.map(({ ip }) => ip)).toEqual(['127.64.0.1']);
  });
});
