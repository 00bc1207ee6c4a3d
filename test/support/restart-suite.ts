import { expect } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { randomBelow, seededRandom } from '../../src/base/random.ts';
import { watch } from '../../src/controllers/controller.ts';
import { Manager } from '../../src/controllers/manager.ts';
import { controllerKey, ownKey } from '../../src/controllers/mapping.ts';
import { connect } from '../../src/kube/connect.ts';
import type { ClusterConnection } from '../../src/kube/connection.ts';
import { EventRecorder } from '../../src/kube/event-recorder.ts';
import { listAll } from '../../src/kube/list.ts';
import { controllerReference, type KubeObject, splitKey } from '../../src/kube/object.ts';

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

const kind = { apiVersion: 'v1', kind: 'ConfigMap' } as const;
export interface RestartableServer {
  readonly connection: ClusterConnection;
  /** Ends the server without warning and starts it again over its stored state. */
  restart(): Promise<void>;
}

/**
 * A controller copies parents to children while its API server is restarted again and again. In the end every parent has
 * its child, children changed by hand are repaired, and at rest nothing is written.
 */
export async function surviveRestarts(
  server: RestartableServer,
  options: { readonly restarts: number; readonly seed: number },
) {
  const random = seededRandom(options.seed);
  const { connection } = server;
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
        const name = `${splitKey(key).name}-child`;
        const live = children.store.get(`default/${name}`);
        if (parent === undefined) {
          const { uid } = live?.metadata ?? {};
          if (uid !== undefined)
            await manager.client.delete({ ...kind, namespace: 'default', name }, { uid, signal });
          return undefined;
        }
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
    for (let restart = 0; restart < options.restarts; restart++) {
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
      await server.restart();
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
  }
}
