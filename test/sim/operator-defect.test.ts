import { expect, it } from 'vitest';
import { silentLogger } from '../../src/base/log.ts';
import { createMetricsRegistry } from '../../src/base/metrics-registry.ts';
import { seededRandom } from '../../src/base/random.ts';
import { createOperator } from '../../src/controllers/operator/operator.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { ModelApi, ownResources, type Stored } from '../support/model-api.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const apiVersion = 'promfleet.dev/v1alpha1';
const namespace = 'shop';

it('a defect of the operator is told at the stack and what it selects, without its text, and passes by itself', async () => {
  const clock = new VirtualClock();
  const api = new ModelApi(clock, seededRandom(1));
  let isBroken = true;
  const addresses = {
    refusedHosts: [],
    get allowedHosts(): readonly string[] {
      if (isBroken) throw new TypeError("cannot read 's3cret'");
      return [];
    },
  };
  const manager = createOperator({
    client: new KubeClient({
      transport: { send: (request) => api.send(request), close: async () => {} },
      clock,
      random: seededRandom(2),
      resources: ownResources,
    }),
    clock,
    random: seededRandom(3),
    log: silentLogger,
    metrics: createMetricsRegistry(),
    consent: { platformNamespaces: new Set() },
    addresses,
    agentImage: 'promfleet/promfleet:v1',
    instance: 'op',
    alertmanagers: { list: async () => [], post: async () => '', expire: async () => {} },
  });
  const stop = new AbortController();
  const running = manager.run(stop.signal);
  api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  api.put({ apiVersion, kind: 'MonitoringStack', metadata: { namespace, name: 'main' }, spec: {} });
  api.put({
    apiVersion,
    kind: 'AlertRuleSet',
    metadata: { namespace, name: 'team' },
    spec: { groups: [{ name: 'a', rules: [{ alert: 'A', expr: 'up == 0' }] }] },
  });
  await clock.advance(30_000);
  const condition = (kind: string, name: string, type: string) =>
    api.get(kind, namespace, name)?.status?.conditions?.find((each: Stored) => each.type === type);
  for (const [kind, name] of [
    ['MonitoringStack', 'main'],
    ['AlertRuleSet', 'team'],
  ] as const)
    expect(condition(kind, name, 'Stalled'), kind).toMatchObject({ status: 'True', reason: 'InternalError' });
  expect(JSON.stringify([api.list('MonitoringStack'), api.list('AlertRuleSet')])).not.toContain('s3cret');
  isBroken = false;
  await clock.advance(300_000);
  expect(condition('MonitoringStack', 'main', 'Stalled')).toMatchObject({ status: 'False' });
  expect(condition('AlertRuleSet', 'team', 'Programmed')).toMatchObject({ status: 'True' });
  stop.abort();
  await clock.advance(10_000);
  await running;
});
