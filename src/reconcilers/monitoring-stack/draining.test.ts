import { expect, test } from 'vitest';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { ShipperReport } from '../../render/bundle/shipper-report.ts';
import type { KubeObject } from '../object.ts';
import { decideDraining, drainFault } from './draining.ts';

const stack = (shards: number, replicas: number, enabled = true): MonitoringStack => ({
  apiVersion: 'promfleet.dev/v1alpha1',
  kind: 'MonitoringStack',
  metadata: { name: 'main', namespace: 'monitoring' },
  spec: {
    prometheus: { shards, replicas },
    objectStore: { secretRef: { name: 'bucket' }, shipper: { enabled } },
  },
});

/** StatefulSets of the shards: replicas that are wanted and that run. */
const live = (...sets: readonly (readonly [number, number])[]): ReadonlyMap<string, KubeObject> =>
  new Map(
    sets.map(([wanted, running], shard) => [
      `main-prometheus-${shard}`,
      {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        metadata: { name: `main-prometheus-${shard}`, namespace: 'monitoring' },
        spec: { replicas: wanted },
        status: { replicas: running },
      } as unknown as KubeObject,
    ]),
  );

const one = 'main-prometheus-0-1';
const other = 'main-prometheus-1-0';

interface Case {
  readonly title: string;
  readonly declared: MonitoringStack;
  readonly sets: ReadonlyMap<string, KubeObject>;
  readonly states?: Readonly<Record<string, string>>;
  readonly token?: string;
  readonly told?: readonly string[];
  readonly waited?: readonly string[];
  readonly runs: readonly [number, number];
}

const cases: readonly Case[] = [
  { title: 'nothing runs yet', declared: stack(1, 2), sets: live(), runs: [1, 2] },
  { title: 'all run as declared', declared: stack(2, 1), sets: live([1, 1], [1, 1]), runs: [2, 1] },
  { title: 'more are declared than run', declared: stack(1, 3), sets: live([2, 2]), runs: [1, 3] },
  {
    title: 'a replica is to go',
    declared: stack(1, 1),
    sets: live([2, 2]),
    told: [one],
    waited: [one],
    runs: [1, 2],
  },
  {
    title: 'a replica empties itself',
    declared: stack(1, 1),
    sets: live([2, 2]),
    states: { [one]: 'Shipping' },
    told: [one],
    waited: [one],
    runs: [1, 2],
  },
  {
    title: 'a replica is empty',
    declared: stack(1, 1),
    sets: live([2, 2]),
    states: { [one]: 'Drained' },
    told: [one],
    runs: [1, 1],
  },
  {
    title: 'a replica answers an older wish',
    declared: stack(1, 1),
    sets: live([2, 2]),
    states: { [one]: 'Drained' },
    token: '1x0',
    told: [one],
    waited: [one],
    runs: [1, 2],
  },
  {
    title: 'a drained replica still ends',
    declared: stack(1, 1),
    sets: live([1, 2]),
    states: { [one]: 'Drained' },
    told: [one],
    runs: [1, 1],
  },
  {
    title: 'a shard is to go',
    declared: stack(1, 1),
    sets: live([1, 1], [1, 1]),
    told: [other],
    waited: [other],
    runs: [2, 1],
  },
  {
    title: 'one of two is empty',
    declared: stack(1, 1),
    sets: live([2, 2], [1, 1]),
    states: { [other]: 'Drained' },
    told: [one, other],
    waited: [one],
    runs: [2, 2],
  },
  { title: 'nothing is shipped', declared: stack(1, 1, false), sets: live([2, 2]), runs: [1, 1] },
];

function reports({ states = {}, token = '1x1' }: Case) {
  return (pod: string): ShipperReport | undefined => {
    const state = states[pod];
    if (state === undefined) return undefined;
    return { waitingBlocks: 0, heldBlocks: 0, troubles: [], drain: { token, state, detail: '' } };
  };
}

test.each(cases)('$title', (each) => {
  const { effective, drain, waiting } = decideDraining(each.declared, each.sets, reports(each));
  expect(drain?.pods).toEqual(each.told);
  expect(waiting.map(({ pod }) => pod)).toEqual(each.waited ?? []);
  const [shards, replicas] = each.runs;
  expect(effective.spec.prometheus).toMatchObject({ shards, replicas });
});

test('a drain that takes too long is a fault that names the pod and why', () => {
  const draining = decideDraining(stack(1, 1), live([2, 2]), () => undefined);
  expect(drainFault(draining, 0, 60_000)).toBeUndefined();
  expect(drainFault(draining, 0, 3_600_000)).toMatchObject({
    code: 'DrainTimeout',
    message: expect.stringContaining(one),
  });
  expect(drainFault({ ...draining, waiting: [] }, 0, 3_600_000)).toBeUndefined();
});
