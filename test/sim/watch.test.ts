import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { type Random, randomBelow, seededRandom } from '../../src/base/random.ts';
import { Informer } from '../../src/controllers/informer.ts';
import { KubeClient } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { FakeApi, noFaults } from '../support/fake-api.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

interface Counted extends KubeObject {
  readonly data?: { readonly step: string };
}

const kind = { apiVersion: 'v1', kind: 'ConfigMap' } as const;
const namespaces = ['a', 'b', 'c'];

function mutate(api: FakeApi, random: Random, step: number): void {
  const key = {
    namespace: namespaces[randomBelow(random, namespaces.length)]!,
    name: `o-${randomBelow(random, 40)}`,
  };
  if (random.next() < 0.3) api.remove(`${key.namespace}/${key.name}`);
  else api.put({ ...kind, metadata: key, data: { step: String(step) } } as Counted);
  const also = random.next();
  if (also < 0.05) api.compact();
  else if (also < 0.1) api.bookmark();
}

/** What a consumer knows from changes alone. */
function follow(informer: Informer<Counted>): Map<string, string> {
  const known = new Map<string, string>();
  informer.onChange((change) => {
    if (change.type === 'deleted') {
      expect(known.delete(change.key), `deletion of unknown ${change.key}`).toBe(true);
    } else {
      expect(known.has(change.key), `${change.type} of ${change.key}`).toBe(change.type === 'updated');
      known.set(change.key, change.object.metadata.resourceVersion!);
    }
  });
  return known;
}

const versions = (objects: Iterable<KubeObject>) =>
  new Map(
    [...objects].map((object) => [
      `${object.metadata.namespace}/${object.metadata.name}`,
      object.metadata.resourceVersion!,
    ]),
  );
const sorted = (map: ReadonlyMap<string, string>) => [...map].sort();

describe('an informer behind a failing network', () => {
  it.each([1, 2, 3, 4, 5])(
    'loses no change and leaks nothing over 1,000 broken watches (seed %i)',
    async (seed) => {
      const clock = new VirtualClock();
      const random = seededRandom(seed);
      const api = new FakeApi(clock, seededRandom(seed + 1000), '/api/v1/configmaps', {
        request: 0.05,
        event: 0.4,
        latencyMs: 200,
      });
      const client = new KubeClient({ transport: api, clock, random: seededRandom(seed + 2000) });
      const stop = new AbortController();
      const scope = seed % 2 === 0 ? { namespaces } : {};
      const informer = new Informer<Counted>(client, kind, {
        ...scope,
        watch: { pageObjects: 20, idleMs: 60_000 },
      });
      const known = follow(informer);
      const running = informer.run(stop.signal);
      const broken = () => Object.values(api.ends).reduce((sum, count) => sum + count, 0);

      for (let step = 0; broken() < 1000; step++) {
        expect(step, 'broken watches come too slowly').toBeLessThan(40_000);
        mutate(api, random, step);
        await clock.advance(1000 * random.next());
      }
      for (const [way, count] of Object.entries(api.ends)) expect(count, way).toBeGreaterThan(20);

      api.faults = noFaults;
      await clock.advance(10 * 60_000);
      expect(sorted(versions(informer.store.list()))).toEqual(sorted(versions(api.objects.values())));
      expect(sorted(known)).toEqual(sorted(versions(api.objects.values())));
      expect(api.openStreams).toBe('namespaces' in scope ? namespaces.length : 1);
      // Per open watch: the idle deadline. Nothing else waits.
      expect(clock.sleepers).toBe(api.openStreams);

      stop.abort();
      await running;
      await clock.advance(0);
      expect(clock.sleepers).toBe(0);
      expect(api.openStreams).toBe(0);
      expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0);
    },
  );

  it('follows again within the idle deadline when the stream stalls without a sign', async () => {
    const clock = new VirtualClock();
    const api = new FakeApi(clock, seededRandom(1), '/api/v1/configmaps');
    const client = new KubeClient({ transport: api, clock, random: seededRandom(2) });
    const stop = new AbortController();
    const informer = new Informer<Counted>(client, kind, { watch: { idleMs: 30_000 } });
    const running = informer.run(stop.signal);
    await clock.advance(1000);
    api.endAll('stalled');
    api.put({ ...kind, metadata: { namespace: 'a', name: 'late' } });
    await clock.advance(28_000);
    expect(informer.store.size).toBe(0);
    await clock.advance(3_000);
    expect(informer.store.size).toBe(1);
    expect(api.lists).toBe(1);
    stop.abort();
    await running;
  });

  it.each<[string, number, (requests: number) => void]>([
    ['at once each time is asked less and less often', 0, (requests) => expect(requests).toBeLessThan(120)],
    [
      'every minute by a balancer between is asked again soon each time',
      60_000,
      (requests) => expect(requests).toBeGreaterThan(28),
    ],
  ])('a server whose watches are severed %s', async (_name, everyMs, check) => {
    const clock = new VirtualClock();
    const api = new FakeApi(clock, seededRandom(1), '/api/v1/configmaps');
    const client = new KubeClient({ transport: api, clock, random: seededRandom(2) });
    const stop = new AbortController();
    const informer = new Informer<Counted>(client, kind);
    const running = informer.run(stop.signal);
    const endMs = clock.monotonicMs() + 30 * 60_000;
    while (clock.monotonicMs() < endMs) {
      await clock.advance(Math.max(1_000, everyMs));
      api.bookmark();
      api.endAll('severed');
      // At once: also each new watch of the next second.
      for (let i = 0; everyMs === 0 && i < 9; i++) {
        await clock.advance(100);
        api.bookmark();
        api.endAll('severed');
      }
    }
    check(api.watches);
    stop.abort();
    await running;
  });
});
