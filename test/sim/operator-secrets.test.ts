import { expect, it } from 'vitest';
import { silentLogger } from '../../src/base/log.ts';
import { createMetricsRegistry } from '../../src/base/metrics-registry.ts';
import { seededRandom } from '../../src/base/random.ts';
import { createOperator } from '../../src/controllers/operator/operator.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { decodeSlot } from '../../src/render/bundle/slot.ts';
import { slotBytes } from '../../src/render/workload/transport.ts';
import { ModelApi, ownResources } from '../support/model-api.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const apiVersion = 'promfleet.dev/v1alpha1';
const namespace = 'shop';

function start() {
  const clock = new VirtualClock();
  const api = new ModelApi(clock, seededRandom(1));
  const reads: string[] = [];
  const client = new KubeClient({
    transport: {
      send: async (request) => {
        if (request.method === 'GET' && request.path.includes('secrets')) reads.push(request.path);
        return await api.send(request);
      },
      close: async () => {},
    },
    clock,
    random: seededRandom(2),
    resources: ownResources,
  });
  const manager = createOperator({
    client,
    clock,
    random: seededRandom(3),
    log: silentLogger,
    metrics: createMetricsRegistry(),
    consent: { platformNamespaces: new Set() },
    addresses: { allowedHosts: [], refusedHosts: [] },
    agentImage: 'promfleet/promfleet:v1',
    instance: 'op',
    alertmanagers: { list: async () => [], post: async () => '', expire: async () => {} },
  });
  const stop = new AbortController();
  const running = manager.run(stop.signal);
  return { clock, api, reads, stop, running };
}

const secret = (value: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace, name: 'hook' },
  data: { url: Buffer.from(value).toString('base64') },
});

function config(api: ModelApi): string {
  const slots = api.list('Secret').filter(({ metadata }) => metadata.name.startsWith('main-alertmanager-'));
  const files = slots.flatMap((slot) => decodeSlot(slotBytes(slot)!).files);
  return files.find(({ path }) => path === 'alertmanager.yaml')?.content ?? '';
}

it('rotated values are live within 90 s, a missing one faults its receiver alone, and no value shows anywhere', async () => {
  const { clock, api, reads, stop, running } = start();
  api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  api.put({
    apiVersion,
    kind: 'MonitoringStack',
    metadata: { namespace, name: 'main' },
    spec: { alertmanager: { replicas: 1 } },
  });
  api.put(secret('http://one.example.com/token-1'));
  api.put({
    apiVersion,
    kind: 'AlertRoute',
    metadata: { namespace, name: 'team' },
    spec: {
      receivers: [
        { name: 'hook', webhook: { urlFrom: { secretKeyRef: { name: 'hook', key: 'url' } } } },
        { name: 'plain', webhook: { url: 'http://plain.example.com/' } },
      ],
      route: { receiver: 'plain', routes: [{ receiver: 'hook' }] },
    },
  });
  await clock.advance(5_000);
  expect(config(api)).toContain('token-1');
  const before = api.get('AlertRoute', namespace, 'team').status;
  expect(before.faults).toBeUndefined();
  api.put(secret('http://two.example.com/token-2'));
  await clock.advance(90_000);
  expect(config(api)).toContain('token-2');
  expect(config(api)).not.toContain('token-1');
  const rotated = api.get('AlertRoute', namespace, 'team').status;
  expect(rotated.contentHash).toBe(before.contentHash);
  api.remove('Secret', namespace, 'hook');
  await clock.advance(90_000);
  const faulty = api.get('AlertRoute', namespace, 'team').status;
  expect(faulty.faults.map(({ code, path }: { code: string; path: string }) => `${code} ${path}`)).toContain(
    'SecretKeyMissing spec.receivers[hook].webhook.urlFrom',
  );
  expect(config(api)).toContain('plain.example.com');
  const shown = JSON.stringify([
    ...api.list('AlertRoute'),
    ...api.list('MonitoringStack'),
    ...api.list('Event'),
    ...api.list('ConfigMap'),
  ]);
  expect(shown).not.toMatch(/token-[12]/);
  expect(reads.filter((path) => !/\/namespaces\/[^/]+\/secrets\/[^/?]+$/.test(path))).toEqual([]);
  stop.abort();
  for (let n = 0; n < 50; n++) await clock.advance(1000);
  await running;
});
