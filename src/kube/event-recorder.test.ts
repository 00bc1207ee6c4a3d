import { describe, expect, it } from 'vitest';
import { FakeApi, noFaults } from '../../test/support/fake-api.ts';
import { settle, VirtualClock } from '../../test/support/virtual-clock.ts';
import { limits } from '../base/limits.ts';
import { createMetricsRegistry } from '../base/metrics-registry.ts';
import { seededRandom } from '../base/random.ts';
import { KubeClient } from './client.ts';
import { EventRecorder } from './event-recorder.ts';
import type { AnyObject } from './object.ts';

const stack = {
  apiVersion: 'promfleet.dev/v1alpha1',
  kind: 'MonitoringStack',
  metadata: { namespace: 'a', name: 'main', uid: 'u1' },
};
const text = { type: 'Warning', reason: 'ApiForbidden', message: 'no right to make a Role' } as const;

function start() {
  const clock = new VirtualClock();
  const api = new FakeApi(clock, seededRandom(1), '/api/v1/events');
  const metrics = createMetricsRegistry();
  const client = new KubeClient({ transport: api, clock, random: seededRandom(2), metrics });
  const recorder = new EventRecorder({ client, component: 'promfleet-operator', instance: 'pod-0' });
  const stop = new AbortController();
  const running = recorder.run(stop.signal);
  const events = () => [...api.objects.values()] as AnyObject[];
  return { clock, api, recorder, metrics, stop, running, events };
}

describe('Events', () => {
  it('say what happened to which object, and who says so', async () => {
    const t = start();
    t.recorder.emit(stack, text);
    await settle();
    expect(t.events()).toMatchObject([
      {
        ...text,
        metadata: { namespace: 'a', name: expect.stringMatching(/^main\.[0-9a-f]+$/) },
        involvedObject: { ...stack.metadata, apiVersion: stack.apiVersion, kind: stack.kind },
        reportingComponent: 'promfleet-operator',
        count: 1,
        firstTimestamp: '2026-01-01T00:00:00Z',
      },
    ]);
  });

  it('that repeat raise the count of the first', async () => {
    const t = start();
    for (let i = 0; i < 5; i++) {
      t.recorder.emit(stack, text);
      await t.clock.advance(10_000);
    }
    t.recorder.emit(stack, { ...text, message: 'another' });
    await settle();
    expect(t.events()).toMatchObject([
      { message: text.message, count: 5, lastTimestamp: '2026-01-01T00:00:40Z' },
      { message: 'another', count: 1 },
    ]);
  });

  it('about one object are damped after a burst, and others are not', async () => {
    const t = start();
    for (let i = 0; i < 100; i++) t.recorder.emit(stack, { ...text, message: `number ${i}` });
    t.recorder.emit({ ...stack, metadata: { ...stack.metadata, name: 'other', uid: 'u2' } }, text);
    await t.clock.advance(10_000);
    const names = t.events().map((event) => event.metadata.name?.split('.')[0]);
    expect(names.filter((name) => name === 'main')).toHaveLength(limits.eventBurstPerObject);
    expect(names).toContain('other');
    expect(await t.metrics.render()).toContain('promfleet_events_dropped_total{reason="damped"} 75');
  });

  it('are made anew when the server has forgotten them', async () => {
    const t = start();
    t.recorder.emit(stack, text);
    await settle();
    t.api.remove(`a/${t.events()[0]?.metadata.name}`);
    t.recorder.emit(stack, text);
    await t.clock.advance(1_000);
    expect(t.events()).toMatchObject([{ count: 2 }]);
  });

  it('survive a server that fails for a moment', async () => {
    const t = start();
    t.api.faults = { request: 1, event: 0, latencyMs: 0 };
    t.recorder.emit(stack, text);
    await settle();
    t.api.faults = noFaults;
    await t.clock.advance(60_000);
    expect(t.events()).toHaveLength(1);
  });

  it('that wait at the end are still written, and nothing is left behind', async () => {
    const t = start();
    for (let i = 0; i < 10; i++) t.recorder.emit(stack, { ...text, message: `number ${i}` });
    t.stop.abort();
    await t.clock.advance(5_000);
    await t.running;
    expect(t.events()).toHaveLength(10);
    expect(t.recorder.waiting).toBe(0);
    expect(t.clock.sleepers).toBe(0);
  });

  it('are bounded when nobody writes them', () => {
    const clock = new VirtualClock();
    const api = new FakeApi(clock, seededRandom(1), '/api/v1/events');
    const client = new KubeClient({ transport: api, clock, random: seededRandom(2) });
    const recorder = new EventRecorder({ client, component: 'c', instance: 'i' });
    for (let i = 0; i < 2 * limits.eventsWaiting; i++) {
      recorder.emit({ ...stack, metadata: { ...stack.metadata, uid: `u${i}` } }, text);
    }
    expect(recorder.waiting).toBe(limits.eventsWaiting);
  });
});
