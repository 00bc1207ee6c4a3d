import { expect, test } from 'vitest';
import type { AlertRuleSet, AlertRuleSetStatus } from '../../crds/alert-rule-set.ts';
import { type RuleSetStage, ruleSetKind } from '../alert-rule-set/kind.ts';
import { conditionOf } from '../conditions.ts';
import { decideTeamStatus, type ObservedObject, type TeamMemory } from './status.ts';

const kind = ruleSetKind({
  async compile() {
    throw new Error('a decision compiles nothing');
  },
});

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
    shards: 1,
    partialRules: [],
    ...more,
  };
}

type Observed = ObservedObject<AlertRuleSet, RuleSetStage>;

function decide(more: Partial<Observed> = {}, atMs = nowMs) {
  const observed = { object, faults: [], accepted: 1, contentHash: 'h', stages: [stage()], memory: {} };
  const { status, ...rest } = decideTeamStatus(kind, { ...observed, ...more }, atMs);
  return { status: status as AlertRuleSetStatus, ...rest };
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
    stages: [stage({ evaluationErrors: [{ group: 'a', rule: 'Down', error: 'many-to-many' }] })],
  };
  const { status } = decide(sick);
  expect(conditionOf(status.conditions, 'Healthy')).toMatchObject({
    status: 'False',
    reason: 'EvaluationFails',
    message: 'stack monitoring/main: group a, rule Down: many-to-many',
  });
  expect(status.stacks?.[0]?.evaluationErrors).toEqual([{ group: 'a', rule: 'Down', error: 'many-to-many' }]);
  expect(conditionOf(status.conditions, 'Ready')?.status).toBe('True');
});

test.each<[string, Partial<Observed>]>([
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
  const waiting: TeamMemory = first.memory;
  const later = decide({ stages: [], memory: waiting }, nowMs + 60_000);
  expect(conditionOf(later.status.conditions, 'Stalled')).toMatchObject({
    status: 'True',
    reason: 'NotSelected',
  });
  const restarted = decide({ object: { ...object, status: later.status }, stages: [] }, nowMs + 70_000);
  expect(restarted.status).toEqual(later.status);
});

const partialRules = [{ group: 'a', rule: 'Down', why: 'sum combines the series of several targets' }];

test('rules that combine targets are named where a stack has several shards, which never makes the set unready', () => {
  const { status } = decide({ stages: [stage({ shards: 3, partialRules })] });
  expect(conditionOf(status.conditions, 'SeesAllTargets')).toMatchObject({
    status: 'False',
    reason: 'Sharded',
    message:
      'stack monitoring/main has 3 shards, and each evaluates the rules over its own targets only; group a, rule Down: sum combines the series of several targets',
  });
  expect(conditionOf(status.conditions, 'Ready')?.status).toBe('True');
  expect(status).toMatchObject({ partialRules, stacks: [{ shards: 3 }] });
});

test('rules that look at one target at a time see all of them in any number of shards; one shard needs no word', () => {
  const { status } = decide({ stages: [stage({ shards: 3 })] });
  expect(conditionOf(status.conditions, 'SeesAllTargets')).toMatchObject({ status: 'True' });
  expect(status.partialRules).toBeUndefined();
  expect(conditionOf(decide().status.conditions, 'SeesAllTargets')).toBeUndefined();
});

test('a suspended object says so for its newest version, and what went live of the one before', () => {
  const suspended = {
    ...ready,
    metadata: { ...object.metadata, generation: 4 },
    spec: { ...object.spec, suspend: true },
  };
  const { status, recheckAfterMs } = decide({ object: suspended }, nowMs + 5000);
  expect(recheckAfterMs).toBeUndefined();
  expect(status).toMatchObject({ observedGeneration: 4, loaded: '2/2', contentHash: 'h' });
  expect(conditionOf(status.conditions, 'Accepted')).toEqual(
    conditionOf(ready.status.conditions, 'Accepted'),
  );
  expect(conditionOf(status.conditions, 'Loaded')?.status).toBe('True');
  expect(conditionOf(status.conditions, 'Ready')).toMatchObject({
    status: 'False',
    reason: 'Suspended',
    observedGeneration: 4,
    message: 'spec.suspend is true: changes of it do not go live; 2/2 replicas run what did before',
  });
  expect(decide({ object: { ...suspended, status } }, nowMs + 9000).status).toEqual(status);
});
