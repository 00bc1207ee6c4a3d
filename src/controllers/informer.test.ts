import { describe, expect, it } from 'vitest';
import { FakeApi } from '../../test/support/fake-api.ts';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { LimitExceededError } from '../base/errors.ts';
import { seededRandom } from '../base/random.ts';
import { KubeClient } from '../kube/client.ts';
import type { KubeObject } from '../kube/object.ts';
import { type Change, Informer, type InformerOptions } from './informer.ts';
import { controllerKey, labelKey } from './mapping.ts';

const kind = { apiVersion: 'v1', kind: 'ConfigMap' } as const;
const object = (namespace: string, name: string, metadata = {}): KubeObject => ({
  ...kind,
  metadata: { namespace, name, ...metadata },
});
const names = (objects: readonly KubeObject[]) => objects.map(({ metadata }) => metadata.name).sort();

function start(options: InformerOptions<KubeObject> = {}) {
  const clock = new VirtualClock();
  const api = new FakeApi(clock, seededRandom(1), '/api/v1/configmaps');
  const client = new KubeClient({ transport: api, clock, random: seededRandom(2) });
  const informer = new Informer(client, kind, options);
  const stop = new AbortController();
  const changes: string[] = [];
  informer.onChange(({ type, key }) => changes.push(`${type} ${key}`));
  return { clock, api, informer, stop, changes, run: () => informer.run(stop.signal) };
}

describe('an informer', () => {
  it('finds objects by key, namespace and index, and keeps the indexes current', async () => {
    const t = start({ indexers: { team: ({ metadata }) => Object.keys(metadata.labels ?? {}) } });
    t.api.put(object('a', 'x', { labels: { red: '', blue: '' } }));
    t.api.put(object('b', 'y', { labels: { red: '' } }));
    const running = t.run();
    await t.clock.advance(0);
    const { store } = t.informer;
    expect(store.get('a/x')?.metadata.name).toBe('x');
    expect(names(store.list('b'))).toEqual(['y']);
    expect(names(store.byIndex('team', 'red'))).toEqual(['x', 'y']);
    t.api.put(object('a', 'x', { labels: { blue: '' } }));
    t.api.remove('b/y');
    await t.clock.advance(0);
    expect(names(store.byIndex('team', 'red'))).toEqual([]);
    expect(names(store.byIndex('team', 'blue'))).toEqual(['x']);
    expect(store.list('b')).toEqual([]);
    expect(() => store.byIndex('none', 'x')).toThrow(/^BUG:/);
    t.stop.abort();
    await running;
  });

  it('drops managed fields, and tells a late handler what it knows', async () => {
    const t = start();
    t.api.put(object('a', 'x', { managedFields: [{ manager: 'm' }] }));
    const running = t.run();
    await t.informer.whenSynced();
    expect(t.informer.store.get('a/x')?.metadata).not.toHaveProperty('managedFields');
    const late: Change<KubeObject>[] = [];
    t.informer.onChange((change) => late.push(change));
    expect(late).toMatchObject([{ type: 'added', key: 'a/x' }]);
    t.stop.abort();
    await running;
  });

  it('tells of a deletion that happened while it could not watch', async () => {
    const t = start();
    t.api.put(object('a', 'x'));
    t.api.put(object('a', 'y'));
    const running = t.run();
    await t.clock.advance(0);
    t.api.endAll('expired');
    t.api.remove('a/x');
    t.api.compact();
    await t.clock.advance(60_000);
    expect(t.changes).toEqual(['added a/x', 'added a/y', 'deleted a/x']);
    t.stop.abort();
    await running;
  });

  it('keeps no object from a list that broke off in the middle', async () => {
    const t = start({ watch: { pageObjects: 1 } });
    t.api.put(object('a', 'x'));
    t.api.put(object('a', 'y'));
    t.api.faults = { request: 0, event: 0, latencyMs: 100 };
    const running = t.run();
    while (t.informer.store.size === 0) await t.clock.advance(1);
    t.api.compact();
    t.api.remove('a/x');
    await t.clock.advance(10_000);
    expect(t.changes).toEqual(['added a/x', 'added a/y', 'deleted a/x']);
    expect(names(t.informer.store.list())).toEqual(['y']);
    t.stop.abort();
    await running;
  });

  it('goes on when an object breaks an index or a handler', async () => {
    const t = start({
      indexers: {
        fragile({ metadata }) {
          if (metadata.name === 'bad') throw new Error('index');
          return ['all'];
        },
      },
    });
    t.informer.onChange(({ key }) => {
      if (key === 'a/odd') throw new Error('handler');
    });
    const late: string[] = [];
    t.informer.onChange(({ key }) => late.push(key));
    for (const name of ['bad', 'good', 'odd']) t.api.put(object('a', name));
    const running = t.run();
    await t.clock.advance(0);
    expect(late).toEqual(['a/good', 'a/odd']);
    expect(names(t.informer.store.byIndex('fragile', 'all'))).toEqual(['good', 'odd']);
    t.stop.abort();
    await running;
  });

  it('watches only its namespaces', async () => {
    const t = start({ namespaces: ['a', 'b'] });
    for (const namespace of ['a', 'b', 'c']) t.api.put(object(namespace, 'x'));
    const running = t.run();
    await t.informer.whenSynced();
    expect(t.changes.sort()).toEqual(['added a/x', 'added b/x']);
    await t.clock.advance(0);
    expect(t.api.openStreams).toBe(2);
    t.stop.abort();
    await running;
  });

  it('fails for good when there are more objects than its limit', async () => {
    const t = start({ maxObjects: 1 });
    t.api.put(object('a', 'x'));
    t.api.put(object('a', 'y'));
    await expect(t.run()).rejects.toThrow(LimitExceededError);
  });

  it('replaces an object that was deleted and made again under its name', async () => {
    const t = start();
    t.api.put(object('a', 'x'));
    const running = t.run();
    await t.clock.advance(0);
    const before = t.informer.store.get('a/x')?.metadata.uid;
    t.api.endAll('severed');
    t.api.remove('a/x');
    t.api.put(object('a', 'x'));
    await t.clock.advance(60_000);
    expect(t.informer.store.get('a/x')?.metadata.uid).not.toBe(before);
    expect(t.changes).toEqual(['added a/x', 'deleted a/x', 'added a/x']);
    t.stop.abort();
    await running;
  });
});

describe('a changed object is mapped', () => {
  const owner = (name: string, kindOf = 'MonitoringStack', controller = true) => ({
    ownerReferences: [{ apiVersion: 'promfleet.dev/v1alpha1', kind: kindOf, name, uid: 'u', controller }],
  });
  const toOwner = controllerKey({ group: 'promfleet.dev', kind: 'MonitoringStack' });
  const change = (next: KubeObject, old?: KubeObject): Change<KubeObject> => ({
    type: old === undefined ? 'added' : 'updated',
    key: 'a/x',
    object: next,
    ...(old === undefined ? {} : { old }),
  });

  it.each<[string, Change<KubeObject>, string[]]>([
    ['to its controlling owner', change(object('a', 'x', owner('main'))), ['a/main']],
    [
      'to the old owner too',
      change(object('a', 'x', owner('new')), object('a', 'x', owner('old'))),
      ['a/new', 'a/old'],
    ],
    ['to no owner of another kind', change(object('a', 'x', owner('main', 'StatefulSet'))), []],
    [
      'to no owner that does not control it',
      change(object('a', 'x', owner('main', 'MonitoringStack', false))),
      [],
    ],
  ])('%s', (_name, given, expected) => {
    expect([...toOwner(given)]).toEqual(expected);
  });

  it('to what its label names, before and after', () => {
    const labelled = (value: string) => object('a', 'x', { labels: { 'promfleet.dev/stack': value } });
    const toStack = labelKey('promfleet.dev/stack');
    expect([...toStack(change(labelled('one'), labelled('two')))]).toEqual(['a/one', 'a/two']);
    expect([...toStack(change(object('a', 'x')))]).toEqual([]);
  });
});
