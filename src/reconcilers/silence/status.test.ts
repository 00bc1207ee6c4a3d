import { expect, test } from 'vitest';
import type { Fault } from '../../crds/selection-status.ts';
import type { Silence } from '../../crds/silence.ts';
import type { LiveSilence } from './alertmanager.ts';
import { type Desired, planCluster, type ReplicaView } from './plan.ts';
import { silenceStatus } from './status.ts';

const startMs = Date.parse('2026-11-21T05:00:00Z');
const hourMs = 3_600_000;
const nowMs = startMs + 60_000;
const object: Silence = {
  apiVersion: 'promfleet.dev/v1alpha1',
  kind: 'Silence',
  metadata: { name: 'night', namespace: 'shop', generation: 2 },
  spec: { matchers: ['alertname=~"(("'], duration: '1h', comment: 'c' },
};
const fault: Fault = { path: 'spec.matchers[0]', code: 'InvalidMatcher', message: 'wrong' };
const window = { startsAtMs: startMs, endsAtMs: startMs + hourMs };
const desired: Desired = { windows: [window], matchers: [], createdBy: '', comment: '' };

const before: LiveSilence = {
  id: 'a',
  matchers: [{ name: 'alertname', operator: '=', value: 'A' }],
  startsAtMs: startMs,
  endsAtMs: startMs + 2 * hourMs,
  updatedAtMs: startMs,
  createdBy: '',
  comment: '',
  state: 'active',
};

function status(known: readonly (readonly LiveSilence[])[]) {
  const replicas = known.map(
    (silences, index): ReplicaView => ({ name: `am-${index}`, url: `http://am-${index}`, silences }),
  );
  const view = { replicas, isOwn: () => true, knownIds: new Set<string>(), lastPostMs: 0 };
  const plan = planCluster(desired, view, nowMs);
  const verdict = { selected: true, reason: 'Selected', message: 'selected' } as const;
  return silenceStatus(
    {
      object,
      faults: [fault],
      windows: [window],
      next: window,
      clusters: [{ namespace: 'monitoring', name: 'main', verdict, replicas, plan }],
      unselectedForMs: 0,
    },
    nowMs,
  );
}

test('a Silence that was never valid does not look as if it muted', () => {
  const { state, startsAt, endsAt, confirmed, stacks } = status([[], []]);
  expect({ state, startsAt, endsAt, confirmed }).toEqual({
    state: undefined,
    startsAt: undefined,
    endsAt: undefined,
    confirmed: '0/2',
  });
  expect(stacks?.[0]).not.toHaveProperty('silences');
});

test('a Silence with a faulty change shows what is still in force from before', () => {
  const { state, endsAt, confirmed, stacks, conditions } = status([[before], []]);
  expect({ state, endsAt, confirmed }).toEqual({
    state: 'Active',
    endsAt: '2026-11-21T07:00:00Z',
    confirmed: '1/2',
  });
  expect(stacks?.[0]?.silences?.[0]).toMatchObject({
    id: 'a',
    state: 'Active',
    replicas: [{ state: 'Active' }, { state: 'Missing' }],
  });
  expect(conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
    status: 'False',
    reason: 'InvalidMatcher',
  });
});
