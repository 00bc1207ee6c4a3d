import { describe, expect, test } from 'vitest';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { identityOf, type KubeObject } from '../object.ts';
import { observeQuery, queryServers } from './query-servers.ts';
import { decideStackStatus } from './status.ts';

function stack(spec: MonitoringStack['spec'] = {}): MonitoringStack {
  return {
    apiVersion: 'promfleet.dev/v1alpha1',
    kind: 'MonitoringStack',
    metadata: { name: 'main', namespace: 'monitoring', generation: 1 },
    spec,
  };
}

const imageOf = (object: MonitoringStack, children: ReadonlyMap<string, KubeObject>, newImage: string) => {
  const deployment = queryServers(object, children, newImage, false).workloads.find(
    ({ kind }) => kind === 'Deployment',
  ) as { spec?: { template: { spec: { containers: readonly { image: string }[] } } } } | undefined;
  return deployment?.spec?.template.spec.containers[0]?.image;
};

function live(object: MonitoringStack, newImage: string): ReadonlyMap<string, KubeObject> {
  return new Map(
    queryServers(object, new Map(), newImage, false).workloads.map((each) => [identityOf(each), each]),
  );
}

describe('the image of the query servers', () => {
  const named = { query: { image: 'mine:7' } };
  test.each<[string, MonitoringStack['spec'], ReadonlyMap<string, KubeObject>, string]>([
    ['is the newest for a new stack', {}, new Map(), 'agent:2'],
    ['stays as it is when a newer operator comes', {}, live(stack(), 'agent:1'), 'agent:1'],
    [
      'is the newest once the pods restart anyway',
      { query: { resources: { limits: { cpu: '1' } } } },
      live(stack(), 'agent:1'),
      'agent:2',
    ],
    ['is the one that the stack names', named, live(stack(), 'agent:1'), 'mine:7'],
    ['is the newest once the stack names none any more', {}, live(stack(named), 'agent:1'), 'agent:2'],
  ])('%s', (_title, spec, children, expected) => {
    expect(imageOf(stack(spec), children, 'agent:2')).toBe(expected);
  });
});

describe('the status of a stack', () => {
  const statusOf = (object: MonitoringStack, deployment: object | undefined) => {
    const children = new Map(
      deployment === undefined
        ? []
        : [['apps/v1 Deployment monitoring/main-query', deployment as KubeObject]],
    );
    return decideStackStatus(
      {
        object,
        workloads: [],
        query: observeQuery(object, children),
        faults: [],
        ruleSets: {},
        routes: {},
        agentImage: undefined,
      },
      0,
    );
  };
  const deployment = (status: object) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'main-query', namespace: 'monitoring', generation: 2 },
    status,
  });
  const counts = (updatedReplicas: number, readyReplicas: number, observedGeneration = 2) =>
    deployment({ observedGeneration, updatedReplicas, readyReplicas });

  test.each<[string, object | undefined, string, string]>([
    ['not applied yet', undefined, 'Applying', '0/2'],
    ['not seen by its controller', counts(2, 2, 1), 'Applying', '2/2'],
    ['rolling', counts(1, 3), 'RollingOut', '2/2'],
    ['not ready', counts(2, 1), 'PodsNotReady', '1/2'],
    ['ready', counts(2, 2), 'Ready', '2/2'],
  ])('tells when the query servers are %s', (_title, object, reason, ready) => {
    const status = statusOf(stack({ query: { replicas: 2 } }), object);
    expect(status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      status: reason === 'Ready' ? 'True' : 'False',
      reason,
    });
    expect(status.ready?.query).toBe(ready);
  });

  test('names every fault of the stack, the first also in the condition', () => {
    const faults = [
      { path: 'spec.prometheus.extraArgs[x]', code: 'FlagRefused', message: 'is set by the operator' },
      { code: 'ApiForbidden', message: 'no right' },
    ];
    const { conditions, ...status } = decideStackStatus(
      {
        object: stack({}),
        workloads: [],
        query: undefined,
        faults,
        ruleSets: {},
        routes: {},
        agentImage: undefined,
      },
      0,
    );
    expect(status.faults).toEqual([faults[0], { path: 'spec', ...faults[1] }]);
    expect(conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'False',
      reason: 'FlagRefused',
      message: 'spec.prometheus.extraArgs[x]: is set by the operator (and 1 more)',
    });
  });

  test('says nothing of query servers where none are declared', () => {
    const status = statusOf(stack({ query: { replicas: 0 } }), undefined);
    expect(status).not.toHaveProperty('query');
    expect(status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'True' });
  });
});
