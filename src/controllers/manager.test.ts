import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { FakeApi } from '../../test/support/fake-api.ts';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { CodedError, StalledError, WaitingError } from '../base/errors.ts';
import { createMetricsRegistry } from '../base/metrics-registry.ts';
import { seededRandom } from '../base/random.ts';
import { KubeClient } from '../kube/client.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Transport } from '../kube/transport.ts';
import { type ControllerOptions, type Reconciler, watch } from './controller.ts';
import { Manager, type ManagerOptions } from './manager.ts';
import { ownKey } from './mapping.ts';

const kind = { apiVersion: 'v1', kind: 'ConfigMap' } as const;
const object = (name: string, data = {}): KubeObject & { data: object } => ({
  ...kind,
  metadata: { namespace: 'a', name },
  data,
});

type Reconcile = Reconciler['reconcile'];

function start(reconcile: Reconcile, options: Partial<ManagerOptions> & Partial<ControllerOptions> = {}) {
  const clock = new VirtualClock();
  const api = new FakeApi(clock, seededRandom(1), '/api/v1/configmaps');
  const leases = new FakeApi(clock, seededRandom(4), '/apis/coordination.k8s.io/v1/leases');
  const transport: Transport = {
    send: (request) => (request.path.includes('/leases') ? leases : api).send(request),
    close: async () => {},
  };
  const client = new KubeClient({ transport, clock, random: seededRandom(2) });
  const metrics = createMetricsRegistry();
  const manager = new Manager({
    client,
    clock,
    random: seededRandom(3),
    metrics,
    shutdownMs: 5_000,
    ...options,
  });
  const informer = manager.informer(kind);
  manager.controller({
    name: 'test',
    reconciler: { reconcile },
    watches: [watch(informer, ownKey)],
    ...options,
  });
  const stop = new AbortController();
  const run = () => manager.run(stop.signal);
  return { clock, api, leases, manager, informer, stop, run, metrics };
}

describe('a controller', () => {
  it('reconciles what exists, and again what changes, at its newest state', async () => {
    const seen: unknown[] = [];
    const t = start(async (key) => {
      seen.push([key, (t.informer.store.get(key) as { data?: object } | undefined)?.data]);
      return undefined;
    });
    t.api.put(object('x', { n: 1 }));
    const running = t.run();
    await t.clock.advance(100);
    t.api.put(object('x', { n: 2 }));
    await t.clock.advance(100);
    t.api.remove('a/x');
    await t.clock.advance(100);
    expect(seen).toEqual([
      ['a/x', { n: 1 }],
      ['a/x', { n: 2 }],
      ['a/x', undefined],
    ]);
    t.stop.abort();
    await running;
    expect(t.clock.sleepers).toBe(0);
    expect(t.api.openStreams).toBe(0);
    expect(getEventListeners(t.stop.signal, 'abort')).toHaveLength(0);
  });

  it.each<[string, Reconcile, number[]]>([
    ['a wish to look again', async () => ({ requeueAfterMs: 1_000 }), [0, 1_000, 2_000, 3_000]],
    [
      'waiting',
      async () => {
        throw new WaitingError('ApiNotFound', 'not yet', { retryAfterMs: 2_000 });
      },
      [0, 2_000],
    ],
    [
      'being stalled',
      async () => {
        throw new StalledError('ApiInvalid', 'cannot');
      },
      [0],
    ],
    ['success', async () => undefined, [0]],
  ])('after %s comes back at the right time', async (_name, reconcile, expected) => {
    const atMs: number[] = [];
    let startMs = 0;
    const t = start(async (key, signal) => {
      startMs ||= t.clock.monotonicMs();
      atMs.push(t.clock.monotonicMs() - startMs);
      return await reconcile(key, signal);
    });
    t.api.put(object('x'));
    const running = t.run();
    await t.clock.advance(3_500);
    t.stop.abort();
    await running;
    expect(atMs).toEqual(expected);
  });

  it('repeats a failed key with growing delay, and others go on meanwhile', async () => {
    const counts: Record<string, number> = {};
    const t = start(
      async (key) => {
        counts[key] = (counts[key] ?? 0) + 1;
        if (key === 'a/bad') throw new Error('defect');
        return undefined;
      },
      { backoff: { firstDelayMs: 100, maxDelayMs: 60_000 } },
    );
    t.api.put(object('bad'));
    t.api.put(object('good'));
    const running = t.run();
    await t.clock.advance(10_000);
    expect(counts['a/good']).toBe(1);
    expect(counts['a/bad']).toBeGreaterThan(5);
    expect(counts['a/bad']).toBeLessThan(10);
    t.stop.abort();
    await running;
    const text = await t.metrics.render();
    expect(text).toContain('promfleet_reconciles_total{controller="test",outcome="success"} 1');
    expect(text).toMatch(/promfleet_queue_retries_total\{controller="test"\} [6-9]/);
  });

  it('ends a reconcile that hangs, and tries it again', async () => {
    let runs = 0;
    const t = start(
      async (_key, signal) => {
        runs++;
        await t.clock.sleep(3_600_000, signal);
        return undefined;
      },
      { reconcileTimeoutMs: 10_000 },
    );
    t.api.put(object('x'));
    const running = t.run();
    await t.clock.advance(25_000);
    expect(runs).toBe(3);
    t.stop.abort();
    await t.clock.advance(10_000);
    await running;
    expect(t.clock.sleepers).toBe(0);
  });
});

describe('a reconcile that ignores its signal', () => {
  it('frees its worker after a while, and its key is never worked on twice at a time', async () => {
    const seen: string[] = [];
    let release: () => void = () => {};
    const t = start(
      async (key) => {
        seen.push(key);
        if (key === 'a/deaf') await new Promise<void>((resolve) => (release = resolve));
        return undefined;
      },
      { reconcileTimeoutMs: 10_000 },
    );
    t.api.put(object('deaf'));
    const running = t.run();
    await t.clock.advance(1_000);
    t.api.put(object('other'));
    await t.clock.advance(12_000);
    expect(seen).toEqual(['a/deaf']);
    await t.clock.advance(3_000);
    expect(seen).toEqual(['a/deaf', 'a/other']);
    t.api.put(object('deaf', { n: 2 }));
    await t.clock.advance(60_000);
    expect(seen).toHaveLength(2);
    release();
    await t.clock.advance(1_000);
    expect(seen).toEqual(['a/deaf', 'a/other', 'a/deaf']);
    t.stop.abort();
    await t.clock.advance(30_000);
    await running;
    expect(t.clock.sleepers).toBe(0);
  });
});

describe('a manager', () => {
  it('begins no work before its caches are filled, and says what it waits for', async () => {
    let reconciles = 0;
    const t = start(async () => {
      reconciles++;
      return undefined;
    });
    t.api.put(object('x'));
    t.api.faults = { request: 1, event: 0, latencyMs: 0 };
    const running = t.run();
    await t.clock.advance(120_000);
    expect(reconciles).toBe(0);
    expect(t.manager.status()).toMatchObject({
      ready: false,
      leading: false,
      unsynced: [{ kind: 'ConfigMap' }],
    });
    t.api.faults = { request: 0, event: 0, latencyMs: 0 };
    await t.clock.advance(120_000);
    expect(reconciles).toBe(1);
    expect(t.manager.status()).toMatchObject({
      ready: true,
      leading: true,
      unsynced: [],
      queued: { test: 0 },
    });
    t.stop.abort();
    await running;
  });

  it('lets running work end before it stops, and begins no more', async () => {
    const done: string[] = [];
    const t = start(async (key, signal) => {
      await t.clock.sleep(2_000, signal);
      done.push(key);
      return undefined;
    });
    t.api.put(object('x'));
    t.api.put(object('y'));
    const running = t.run();
    await t.clock.advance(1_000);
    t.stop.abort();
    await t.clock.advance(1_500);
    await running;
    expect(done).toEqual(['a/x']);
  });

  it('ends work that does not end by itself within the shutdown time', async () => {
    let reason: unknown;
    const t = start(async (_key, signal) => {
      await t.clock.sleep(3_600_000, signal).catch((error: unknown) => {
        reason = error;
      });
      return undefined;
    });
    t.api.put(object('x'));
    const running = t.run();
    await t.clock.advance(1_000);
    t.stop.abort();
    await t.clock.advance(5_000);
    await running;
    expect(reason).toMatchObject({ message: 'the program stops' });
    expect(t.clock.sleepers).toBe(0);
  });

  it('ends running work at once when the Lease is lost, and works again when it is won back', async () => {
    const reasons: unknown[] = [];
    let runs = 0;
    const lease = { namespace: 'ops', name: 'leader', identity: 'one' };
    const t = start(
      async (_key, signal) => {
        runs++;
        await t.clock.sleep(3_600_000, signal).catch((error: unknown) => reasons.push(error));
        return undefined;
      },
      { lease },
    );
    t.api.put(object('x'));
    const running = t.run();
    await t.clock.advance(1_000);
    expect([runs, t.manager.status().leading]).toEqual([1, true]);
    t.leases.faults = { request: 1, event: 0, latencyMs: 0 };
    await t.clock.advance(11_000);
    expect(reasons).toMatchObject([{ code: 'NotLeading' }]);
    expect(t.manager.status().leading).toBe(false);
    await expect(t.manager.client.create(object('y'))).rejects.toMatchObject({ code: 'NotLeading' });
    t.leases.faults = { request: 0, event: 0, latencyMs: 0 };
    await t.clock.advance(30_000);
    expect([runs, t.manager.status().leading]).toEqual([2, true]);
    t.stop.abort();
    await t.clock.advance(10_000);
    await running;
    expect(t.clock.sleepers).toBe(0);
  });

  it('raises the failure of a task after it has stopped everything else', async () => {
    const t = start(async () => undefined);
    t.manager.task({
      name: 'breaks',
      whileLeading: true,
      run: async (signal) => {
        await t.clock.sleep(1_000, signal);
        throw new CodedError('LimitExceeded', 'too much');
      },
    });
    const running = t.run();
    const failed = expect(running).rejects.toThrow('too much');
    await t.clock.advance(2_000);
    await failed;
    expect(t.clock.sleepers).toBe(0);
    expect(t.api.openStreams).toBe(0);
  });
});
