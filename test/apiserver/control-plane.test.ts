import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { Informer } from '../../src/controllers/informer.ts';
import { LeaderElector } from '../../src/controllers/leader.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import type { ClusterConnection } from '../../src/kube/connection.ts';
import { conflictingManagers, KubeError } from '../../src/kube/errors.ts';
import { EventRecorder } from '../../src/kube/event-recorder.ts';
import { connectionFromText } from '../../src/kube/kubeconfig.ts';
import { listAll, listPages } from '../../src/kube/list.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { watchEvents } from '../../src/kube/watch.ts';
import { startTarget, type Target, targetNames } from './target.ts';

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

const kind = { apiVersion: 'v1', kind: 'ConfigMap' } as const;

async function refusal(work: Promise<unknown>): Promise<KubeError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(KubeError);
  return error as KubeError;
}

describe.each(targetNames)('the control plane library on the %s API server', (name) => {
  let target: Target;
  let connection: ClusterConnection;
  let client: KubeClient;
  let namespace: string;
  let number = 0;

  beforeAll(async () => {
    target = await startTarget(name);
    connection = connectionFromText(JSON.stringify(target.kubeconfig()), 'kubeconfig');
    client = connect(connection, { clock: systemClock, random: systemRandom });
  });
  afterAll(async () => {
    await client?.close();
    await target?.stop();
  });
  beforeEach(async () => {
    namespace = `control-plane-${++number}`;
    await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  });

  const configMap = (objectName: string, data: Record<string, string>): ConfigMap => ({
    ...kind,
    metadata: { namespace, name: objectName },
    data,
  });
  const ref = (objectName: string) => ({ ...kind, namespace, name: objectName });

  it('applies an object, knows whether it is new, and changes nothing by applying it again', async () => {
    const first = await client.apply(configMap('a', { k: '1' }), { fieldManager: 'one' });
    const again = await client.apply(configMap('a', { k: '1' }), { fieldManager: 'one' });
    expect([first.created, again.created]).toEqual([true, false]);
    expect(again.object.metadata.resourceVersion).toBe(first.object.metadata.resourceVersion);
  });

  it('names who owns a field that it may not take, and takes it by force', async () => {
    await client.apply(configMap('a', { k: '1' }), { fieldManager: 'one' });
    const error = await refusal(client.apply(configMap('a', { k: '2' }), { fieldManager: 'two' }));
    expect(error.code).toBe('ApiConflict');
    expect(conflictingManagers(error)).toEqual([{ manager: 'one', field: '.data.k' }]);
    const { object } = await client.apply(configMap('a', { k: '2' }), { fieldManager: 'two', force: true });
    expect(object.data).toEqual({ k: '2' });
  });

  it('takes back a field that it no longer applies', async () => {
    await client.apply(configMap('a', { k: '1', gone: 'x' }), { fieldManager: 'one' });
    const { object } = await client.apply(configMap('a', { k: '1' }), { fieldManager: 'one' });
    expect(object.data).toEqual({ k: '1' });
  });

  it('raises typed errors', async () => {
    const made = await client.create(configMap('a', {}));
    expect(await client.find(ref('none'))).toBeUndefined();
    expect(await client.delete(ref('none'))).toBe(false);
    expect((await refusal(client.create(configMap('a', {})))).code).toBe('ApiAlreadyExists');
    const invalid = await refusal(client.create(configMap('NOT VALID', {})));
    expect(invalid.code).toBe('ApiInvalid');
    expect(invalid.causes[0]?.field).toBe('metadata.name');
    const stale = { ...made, metadata: { ...made.metadata, resourceVersion: '1' } };
    expect((await refusal(client.update(stale))).code).toBe('ApiConflict');
    expect((await refusal(client.delete(ref('a'), { uid: 'another' }))).code).toBe('ApiConflict');
    expect(await client.delete(ref('a'), { uid: made.metadata.uid! })).toBe(true);
    expect((await refusal(client.get({ apiVersion: 'example.org/v1', kind: 'None', name: 'x' }))).code).toBe(
      'ApiNotFound',
    );
  });

  it('reads a list in pages that are one snapshot', async () => {
    for (let i = 0; i < 7; i++)
      await client.create({
        ...configMap(`p-${i}`, {}),
        metadata: { namespace, name: `p-${i}`, labels: { page: 'yes' } },
      });
    const names: string[] = [];
    const versions = new Set<string>();
    const selection = { ...kind, namespace, labelSelector: 'page=yes' };
    for await (const page of listPages(client, selection, { pageObjects: 3 })) {
      if (page.first) await client.delete(ref('p-6'));
      names.push(...page.items.map(({ metadata }) => metadata.name!));
      versions.add(page.resourceVersion);
    }
    expect(names).toEqual(Array.from({ length: 7 }, (_, i) => `p-${i}`));
    expect(versions.size).toBe(1);
  });

  it('follows changes over watches that the server ends, from where it was', async () => {
    const stop = new AbortController();
    const selection = { ...kind, fieldSelector: `metadata.namespace=${namespace},metadata.name=a` };
    const backoff = { firstDelayMs: 10, maxDelayMs: 10 };
    const informer = new Informer<ConfigMap>(client, selection, { watch: { watchSeconds: 1, backoff } });
    const seen: string[] = [];
    informer.onChange(({ type, object }) => seen.push(`${type} ${object.data?.step}`));
    const running = informer.run(stop.signal);
    await informer.whenSynced();
    const expected: string[] = [];
    for (let step = 0; step < 30; step++) {
      await client.apply(configMap('a', { step: String(step) }), { fieldManager: 'one' });
      expected.push(`${step === 0 ? 'added' : 'updated'} ${step}`);
      await systemClock.sleep(100);
    }
    await client.delete(ref('a'));
    expected.push('deleted 29');
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual(expected);
    stop.abort();
    await running;
  });

  it('invents no change when a watch would begin in the future', async () => {
    const stop = new AbortController();
    const types = new Set<string>();
    const options = {
      resourceVersion: '999999999999',
      signal: stop.signal,
      timeoutSeconds: 1,
      idleMs: 5_000,
    };
    const watching = async () => {
      for await (const { type } of watchEvents(client, { ...kind, namespace }, options)) types.add(type);
    };
    // Servers differ in whether they wait or refuse.
    await watching().catch((error: unknown) => expect(error).toBeInstanceOf(KubeError));
    types.delete('BOOKMARK');
    expect([...types]).toEqual([]);
  });

  it('gives a Lease to one candidate, and to the next when it is given back', async () => {
    const times = { leaseDurationMs: 5_000, renewDeadlineMs: 3_000, retryPeriodMs: 200 };
    const candidate = (identity: string) => {
      const stop = new AbortController();
      const elector = new LeaderElector(client, { namespace, name: 'leader', identity, ...times });
      const ended = () =>
        new Promise<void>((resolve) =>
          stop.signal.addEventListener('abort', () => resolve(), { once: true }),
        );
      return { elector, stop, running: elector.run(stop.signal, ended) };
    };
    const one = candidate('one');
    await expect.poll(() => one.elector.leading, { timeout: 10_000 }).toBe(true);
    const two = candidate('two');
    await expect.poll(() => two.elector.holder, { timeout: 10_000 }).toBe('one');
    expect(two.elector.leading).toBe(false);
    one.stop.abort();
    await one.running;
    await expect.poll(() => two.elector.leading, { timeout: 10_000 }).toBe(true);
    const lease = await client.get<KubeObject & { spec: object }>({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      namespace,
      name: 'leader',
    });
    expect(lease.spec).toMatchObject({ holderIdentity: 'two', leaseDurationSeconds: 5, leaseTransitions: 1 });
    two.stop.abort();
    await two.running;
  });

  it('writes Events and counts repeated ones', async () => {
    const about = await client.create(configMap('a', {}));
    const stop = new AbortController();
    const recorder = new EventRecorder({ client, component: 'test', instance: 'one' });
    const running = recorder.run(stop.signal);
    const events = async () => {
      const selection = {
        apiVersion: 'v1',
        kind: 'Event',
        namespace,
        fieldSelector: 'involvedObject.name=a',
      };
      const { items } = await listAll<KubeObject & { reason: string; count: number }>(client, selection);
      return items.map(({ reason, count }) => `${reason} ${count}`);
    };
    for (let i = 1; i <= 3; i++) {
      recorder.emit(about, { type: 'Warning', reason: 'Tested', message: 'repeated' });
      await expect.poll(events, { timeout: 10_000 }).toEqual([`Tested ${i}`]);
    }
    stop.abort();
    await running;
  });
});
