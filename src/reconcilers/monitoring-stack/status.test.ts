import { expect, test } from 'vitest';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { Report } from '../../render/bundle/report.ts';
import { decideStackStatus, type ObservedWorkload, toldIndexHash } from './status.ts';

const report = (indexHash: string): Report => ({
  indexHash,
  slots: {},
  quarantined: [],
  serverVersion: '',
  agentVersion: '',
  ruleHealth: [],
});

const suspended: MonitoringStack = {
  apiVersion: 'promfleet.dev/v1alpha1',
  kind: 'MonitoringStack',
  metadata: { name: 'main', namespace: 'monitoring', generation: 2 },
  spec: { suspend: true },
  status: {
    shards: [
      { shard: 0, indexHash: 'p0' },
      { shard: 1, indexHash: 'p1' },
    ],
    alertmanagerIndexHash: 'am',
  },
};

test('a suspended stack tells what its pods run, and keeps telling it', () => {
  const workload = (
    server: 'prometheus' | 'alertmanager',
    loaded: string,
    shard?: number,
  ): ObservedWorkload => ({
    server,
    ...(shard === undefined ? {} : { shard }),
    version: 'v1',
    pods: [{ name: `${server}-${shard}`, ready: true, report: report(loaded) }],
    indexHash: toldIndexHash(suspended, { server, ...(shard === undefined ? {} : { shard }) }),
    updatedReplicas: 1,
    observed: true,
  });
  const status = decideStackStatus(
    {
      object: suspended,
      workloads: [
        workload('prometheus', 'p0', 0),
        workload('prometheus', 'older', 1),
        workload('alertmanager', 'am'),
      ],
      query: undefined,
      faults: [],
      ruleSets: {},
      routes: {},
      agentImage: undefined,
    },
    0,
  );
  expect(status.ready?.loaded).toBe('2/3');
  expect(status.shards?.map(({ indexHash }) => indexHash)).toEqual(['p0', 'p1']);
  expect(status.alertmanagerIndexHash).toBe('am');
});
