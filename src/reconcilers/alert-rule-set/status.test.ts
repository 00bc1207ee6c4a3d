import { expect, test } from 'vitest';
import type { AlertRuleSet } from '../../crds/alert-rule-set.ts';
import { conditionOf } from '../conditions.ts';
import {
  decideRuleSetStatus,
  type ObservedRuleSet,
  type RuleSetMemory,
  type RuleSetStage,
} from './status.ts';

const nowMs = Date.parse('2026-11-20T12:00:00Z');

const object: AlertRuleSet = {
  apiVersion: 'promfleet.dev/v1alpha1',
  kind: 'AlertRuleSet',
  metadata: { name: 'checkout', namespace: 'shop', generation: 3 },
  spec: { groups: [{ name: 'a', rules: [{ alert: 'Down', expr: 'up == 0' }] }] },
};

function stage(more: Partial<RuleSetStage> = {}): RuleSetStage {
  return {
    namespace: 'monitoring',
    name: 'main',
    verdict: { selected: true, reason: 'Selected', message: '' },
    programmed: true,
    loaded: 2,
    replicas: 2,
    faults: [],
    lastGood: false,
    evaluationErrors: [],
    ...more,
  };
}

function decide(more: Partial<ObservedRuleSet> = {}, atMs = nowMs) {
  const observed = { object, faults: [], acceptedGroups: 1, contentHash: 'h', stages: [stage()], memory: {} };
  return decideRuleSetStatus({ ...observed, ...more }, atMs);
}

const ready = { ...object, status: decide().status };

test('the status says what is loaded where', () => {
  const { status, recheckAfterMs } = decide();
  expect(status).toMatchObject({
    observedGeneration: 3,
    loaded: '2/2',
    contentHash: 'h',
    rules: { groups: 1, acceptedGroups: 1, alerting: 1, recording: 0 },
    stacks: [
      { namespace: 'monitoring', name: 'main', selected: true, programmed: true, loaded: 2, replicas: 2 },
    ],
  });
  expect(conditionOf(status.conditions, 'Ready')).toMatchObject({ status: 'True', observedGeneration: 3 });
  expect(recheckAfterMs).toBeUndefined();
});

test('deciding again over the same facts gives the same status, transition times included', () => {
  expect(decide({ object: ready }, nowMs + 5000).status).toEqual(ready.status);
});

test('stacks that do not select it are named after those that do', () => {
  const other = stage({
    name: 'a',
    verdict: { selected: false, reason: 'NotPermitted', message: 'no consent' },
  });
  expect(decide({ stages: [other, stage()] }).status.stacks).toEqual([
    expect.objectContaining({ name: 'main', selected: true }),
    { namespace: 'monitoring', name: 'a', selected: false, reason: 'NotPermitted', message: 'no consent' },
  ]);
});

test('a replica that is lost for less than 30 s does not change the status, then it does', () => {
  const lost = { object: ready, stages: [stage({ loaded: 1 })] };
  const first = decide(lost);
  expect(first.status).toBe(ready.status);
  expect(first.recheckAfterMs).toBe(30_000);
  const later = decide({ ...lost, memory: first.memory }, nowMs + 30_000);
  expect(conditionOf(later.status.conditions, 'Loaded')).toMatchObject({
    status: 'False',
    reason: 'Loading',
  });
});

test('an evaluation error that a replica reports is told at once, as replicas damp it, and never makes the set unready', () => {
  const sick = {
    object: ready,
    stages: [stage({ evaluationErrors: [{ group: 'a', error: 'many-to-many' }] })],
  };
  const { status } = decide(sick);
  expect(conditionOf(status.conditions, 'Healthy')).toMatchObject({
    status: 'False',
    reason: 'EvaluationFails',
  });
  expect(conditionOf(status.conditions, 'Ready')?.status).toBe('True');
});

test.each<[string, Partial<ObservedRuleSet>]>([
  [
    'a new generation',
    { object: { ...ready, metadata: { ...object.metadata, generation: 4 } }, contentHash: 'i' },
  ],
  ['quarantine', { object: ready, stages: [stage({ loaded: 0, quarantined: 'bad' })] }],
])('%s is reported at once', (_name, more) => {
  const { status } = decide({ stages: [stage({ loaded: 0 })], ...more });
  expect(conditionOf(status.conditions, 'Loaded')?.status).toBe('False');
});

test('an object that nothing selects stalls after a minute, and stays stalled over a restart', () => {
  const first = decide({ stages: [] });
  expect(conditionOf(first.status.conditions, 'Stalled')?.status).toBe('False');
  expect(first.recheckAfterMs).toBe(60_000);
  const waiting: RuleSetMemory = first.memory;
  const later = decide({ stages: [], memory: waiting }, nowMs + 60_000);
  expect(conditionOf(later.status.conditions, 'Stalled')).toMatchObject({
    status: 'True',
    reason: 'NotSelected',
  });
  const restarted = decide({ object: { ...object, status: later.status }, stages: [] }, nowMs + 70_000);
  expect(restarted.status).toEqual(later.status);
});
