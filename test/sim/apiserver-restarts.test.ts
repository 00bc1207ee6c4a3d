import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { randomBelow, seededRandom } from '../../src/base/random.ts';
import { watch } from '../../src/controllers/controller.ts';
import { Manager } from '../../src/controllers/manager.ts';
import { controllerKey, ownKey } from '../../src/controllers/mapping.ts';
import { connect } from '../../src/kube/connect.ts';
import { EventRecorder } from '../../src/kube/event-recorder.ts';
import { connectionFromText } from '../../src/kube/kubeconfig.ts';
import { listAll } from '../../src/kube/list.ts';
import { controllerReference, type KubeObject } from '../../src/kube/object.ts';
import { startApiServer } from '../../src/local/apiserver/server.ts';

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

const kind = { apiVersion: 'v1', kind: 'ConfigMap' } as const;
const restarts = 25;

it('a controller survives restarts of the API server: children follow, drift is repaired, rest writes nothing', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'promfleet-restarts-'));
  const random = seededRandom(11);
  const storePath = join(dir, 'state.db');
  let server = await startApiServer({ storePath });
  const connection = connectionFromText(JSON.stringify(server.kubeconfig()), join(dir, 'config'));
  const open = () =>
    connect(connection, { clock: systemClock, random, limits: { requestsPerSecond: 10_000, burst: 10_000 } });
  const [user, own] = [open(), open()];
  const lease = {
    namespace: 'default',
    name: 'leader',
    identity: 'one',
    leaseDurationMs: 3_000,
    renewDeadlineMs: 2_000,
    retryPeriodMs: 200,
  };
  const manager = new Manager({ client: own, clock: systemClock, random, lease });
  const backoff = { firstDelayMs: 5, maxDelayMs: 50 };
  const parents = manager.informer<ConfigMap>(
    { ...kind, labelSelector: 'role=parent' },
    { watch: { backoff } },
  );
  const children = manager.informer<ConfigMap>(
    { ...kind, labelSelector: 'role=child' },
    { watch: { backoff } },
  );
  const events = new EventRecorder({ client: manager.client, component: 'test', instance: 'one' });
  manager.task({ name: 'events', whileLeading: true, run: (signal) => events.run(signal) });
  let writes = 0;
  manager.controller({
    name: 'copy',
    concurrency: 4,
    backoff,
    watches: [watch(parents, ownKey), watch(children, controllerKey({ group: '', kind: 'ConfigMap' }))],
    reconciler: {
      async reconcile(key, signal) {
        const parent = parents.store.get(key);
        if (parent === undefined) return undefined;
        const name = `${parent.metadata.name}-child`;
        const live = children.store.get(`default/${name}`);
        if (live?.data?.text === parent.data?.text) return undefined;
        writes++;
        const metadata = {
          name,
          namespace: 'default',
          labels: { role: 'child' },
          ownerReferences: [controllerReference(parent)],
        };
        const child: ConfigMap = { ...kind, metadata, data: { text: parent.data?.text ?? '' } };
        await manager.client.with({ signal }).apply(child, { fieldManager: 'test', force: true });
        events.emit(parent, { type: 'Normal', reason: 'Copied', message: 'copied' });
        return undefined;
      },
    },
  });
  const stop = new AbortController();
  const running = manager.run(stop.signal);
  const insistently = async (work: () => Promise<unknown>) => {
    for (;;) {
      try {
        return await work();
      } catch {
        await systemClock.sleep(20);
      }
    }
  };
  try {
    let step = 0;
    for (let restart = 0; restart < restarts; restart++) {
      for (let i = 0; i < 8; i++) {
        step++;
        const name = `p-${randomBelow(random, 12)}`;
        const metadata = { name, namespace: 'default', labels: { role: 'parent' } };
        const parent = { ...kind, metadata, data: { text: String(step) } };
        await insistently(() => user.apply(parent, { fieldManager: 'user', force: true }));
        const child = { ...kind, namespace: 'default', name: `${name}-child` };
        if (random.next() < 0.3) await user.mergePatch(child, { data: { text: 'by hand' } }).catch(() => {});
        if (random.next() < 0.1)
          await insistently(() => user.delete({ ...kind, namespace: 'default', name }));
      }
      await systemClock.sleep(randomBelow(random, 30));
      const { port } = server;
      await server.close();
      await systemClock.sleep(randomBelow(random, 60));
      server = await startApiServer({ storePath, listen: { port } });
    }
    const texts = async (role: string) => {
      const { items } = await listAll<ConfigMap>(user, {
        ...kind,
        namespace: 'default',
        labelSelector: `role=${role}`,
      });
      return items
        .map(({ metadata, data }) => `${metadata.name?.replace('-child', '')} ${data?.text}`)
        .sort();
    };
    await expect.poll(async () => await texts('child'), { timeout: 20_000 }).toEqual(await texts('parent'));
    const writesBefore = writes;
    const before = await listAll(user, { ...kind, namespace: 'default' });
    await systemClock.sleep(500);
    expect(writes).toBe(writesBefore);
    const after = await listAll(user, { ...kind, namespace: 'default' });
    expect(after.items.map(({ metadata }) => metadata.resourceVersion)).toEqual(
      before.items.map(({ metadata }) => metadata.resourceVersion),
    );
    const { items } = await listAll<KubeObject>(user, {
      apiVersion: 'v1',
      kind: 'Event',
      namespace: 'default',
    });
    expect(items.length).toBeGreaterThan(0);
  } finally {
    stop.abort();
    await running;
    await Promise.all([user.close(), own.close()]);
    await server.close();
    await rm(dir, { recursive: true, force: true });
  }
});
