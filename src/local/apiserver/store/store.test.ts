import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { randomBelow, seededRandom } from '../../../base/random.ts';
import { memoryChangeLog, openChangeLog } from './change-log.ts';
import { Store } from './store.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'promfleet-store-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const put = (store: Store, name: string, value: string) =>
  store.put('things', 'ns', name, { apiVersion: 'v1', kind: 'Thing', metadata: { name, uid: name }, value });
const names = (store: Store) =>
  store
    .collection('things')
    .list('')
    .map((object) => object.name);

describe('the store', () => {
  test('gives each write a higher version, which the object carries', () => {
    const store = new Store(memoryChangeLog());
    const first = put(store, 'a', '1');
    const second = put(store, 'a', '2');
    expect(second.rv).toBe(first.rv + 1);
    expect(JSON.parse(second.json).metadata.resourceVersion).toBe(String(second.rv));
    expect(store.remove('things', 'ns', 'a').rv).toBe(second.rv + 1);
  });

  test('lists by key, by namespace, and as it was', () => {
    const store = new Store(memoryChangeLog());
    for (const name of ['b', 'a', 'c']) put(store, name, '1');
    const before = store.rv;
    store.remove('things', 'ns', 'b');
    put(store, 'd', '1');
    put(store, 'a', '2');
    expect(names(store)).toEqual(['a', 'c', 'd']);
    const old = store.collection('things').listAt('', before);
    expect(old.map((object) => [object.name, JSON.parse(object.json).value])).toEqual([
      ['a', '1'],
      ['b', '1'],
      ['c', '1'],
    ]);
    expect(store.collection('things').list('other')).toEqual([]);
  });

  test('comes back with objects, versions and history after it was closed', () => {
    const path = join(dir, 'db');
    const store = new Store(openChangeLog(path));
    put(store, 'a', '1');
    const since = store.rv;
    put(store, 'a', '2');
    put(store, 'b', '1');
    store.remove('things', 'ns', 'b');
    const last = store.rv;
    store.close();
    const again = new Store(openChangeLog(path));
    expect([names(again), again.rv]).toEqual([['a'], last]);
    const events: string[] = [];
    for (let rv = since; ; ) {
      const event = again.collection('things').nextEvent(rv);
      if (event === undefined) break;
      events.push(`${event.type} ${event.object.name}`);
      rv = event.rv;
    }
    expect(events).toEqual(['MODIFIED a', 'ADDED b', 'DELETED b']);
    again.close();
  });

  test('never reuses a version, even when the last write was a deletion that compaction dropped', () => {
    const path = join(dir, 'db');
    const store = new Store(openChangeLog(path));
    put(store, 'a', '1');
    store.remove('things', 'ns', 'a');
    store.compact(0);
    const last = store.rv;
    store.close();
    const again = new Store(openChangeLog(path));
    expect(put(again, 'b', '1').rv).toBe(last + 1);
    expect(again.collection('things').completeAfterRv).toBe(last);
    again.close();
  });

  test('refuses a second server on the same file', () => {
    const path = join(dir, 'db');
    const store = new Store(openChangeLog(path));
    expect(() => openChangeLog(path)).toThrow(/cannot open the object store/);
    store.close();
  });

  test('keeps every acknowledged write when its files are taken away at any moment', () => {
    const random = seededRandom(7);
    const path = join(dir, 'db');
    const store = new Store(openChangeLog(path));
    const truth = new Map<string, string>();
    for (let step = 0; step < 120; step++) {
      const name = `n${randomBelow(random, 8)}`;
      if (truth.has(name) && random.next() < 0.3) {
        store.remove('things', 'ns', name);
        truth.delete(name);
      } else {
        put(store, name, String(step));
        truth.set(name, String(step));
      }
      if (step % 10 === 5) store.compact(3);
      if (step % 8 !== 0) continue;
      // What another process would find after a kill right now.
      const copy = join(dir, `copy-${step}`);
      for (const suffix of ['', '-wal'])
        if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
      const found = new Store(openChangeLog(copy));
      const values = found
        .collection('things')
        .list('')
        .map((object) => [object.name, JSON.parse(object.json).value]);
      expect(new Map(values as [string, string][])).toEqual(truth);
      expect(found.rv).toBe(store.rv);
      found.close();
    }
    store.close();
  });
});
