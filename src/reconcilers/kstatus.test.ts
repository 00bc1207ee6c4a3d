import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type KStatusObject, kstatusOf } from '../../test/support/kstatus.ts';
import type { Condition } from '../crds/condition.ts';
import type { MonitoringStack } from '../crds/monitoring-stack.ts';
import type { RetentionPolicy } from '../crds/retention-policy.ts';
import type { Fault } from '../crds/selection-status.ts';
import type { Silence } from '../crds/silence.ts';
import type { Report } from '../render/bundle/report.ts';
import { routeKind } from './alert-route/kind.ts';
import { type RuleSetStage, ruleSetKind } from './alert-rule-set/kind.ts';
import { decideStackStatus, type ObservedStackState } from './monitoring-stack/status.ts';
import { retentionPolicyStatusOf } from './retention-policy/status.ts';
import type { Verdict } from './selection.ts';
import { planCluster } from './silence/plan.ts';
import { type ClusterState, silenceStatus } from './silence/status.ts';
import { decideTeamStatus } from './team-object/status.ts';

/**
 * Whatever is observed, each status keeps to the conventions of Kubernetes' conditions and says to kstatus (Flux, Argo CD,
 * kubectl wait) what it says to people.
 */
interface Written {
  readonly object: KStatusObject & { readonly spec: { readonly suspend?: boolean } };
  readonly decide: (
    previous: object | undefined,
    nowMs: number,
  ) => { readonly observedGeneration?: number; readonly conditions?: readonly Condition[] };
}

const nowMs = Date.parse('2026-11-20T12:00:00Z');
const apiVersion = 'promfleet.dev/v1alpha1';

const metadata = fc.record({
  name: fc.constant('x'),
  namespace: fc.constant('n'),
  uid: fc.constant('u'),
  generation: fc.integer({ min: 1, max: 5 }),
  creationTimestamp: fc.constant('2026-11-19T00:00:00Z'),
});
const suspend = fc.oneof(
  { weight: 3, arbitrary: fc.constant<{ suspend?: boolean }>({}) },
  { weight: 1, arbitrary: fc.constant({ suspend: true }) },
);
const text = fc.oneof(fc.string({ maxLength: 20 }), fc.constant('x'.repeat(50_000)));
const fault: fc.Arbitrary<Fault> = fc.record({
  path: fc.constant('spec.groups[a]'),
  code: fc.constantFrom('InvalidExpression', 'SecretKeyMissing', 'BundleFull'),
  message: text,
});
const faults = fc.array(fault, { maxLength: 3 });
const verdict: fc.Arbitrary<Verdict> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Verdict>({ selected: true, reason: 'Selected', message: '' }) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom<Verdict['reason']>(
        'NotPermitted',
        'LabelsNotSelected',
        'NamespaceNotSelected',
        'StackSuspended',
        'StackDeleting',
      )
      .map((reason): Verdict => ({ selected: false, reason, message: 'why' })),
  },
);
const stage: fc.Arbitrary<RuleSetStage> = fc
  .record({
    verdict,
    programmed: fc.boolean(),
    replicas: fc.integer({ min: 0, max: 3 }),
    missing: fc.integer({ min: 0, max: 3 }),
    faults,
    refused: fc.boolean(),
    quarantined: fc.option(text, { nil: undefined, freq: 2 }),
    lastGood: fc.boolean(),
    failing: fc.boolean(),
    shards: fc.integer({ min: 1, max: 2 }),
  })
  .map(({ missing, failing, refused, ...rest }) => ({
    namespace: 'monitoring',
    name: 'main',
    ...rest,
    ...(refused ? { refused } : {}),
    loaded: refused ? 0 : Math.max(0, rest.replicas - missing),
    evaluationErrors: failing ? [{ group: 'a', rule: 'b', error: 'no' }] : [],
    partialRules: [],
  }));
const stages = fc.array(stage, { maxLength: 3 });

function team(
  kind: string,
  spec: object,
  description: Parameters<typeof decideTeamStatus>[0],
): fc.Arbitrary<Written> {
  return fc
    .record({ metadata, suspend, faults, stages, waited: fc.constantFrom(0, 30_000, 90_000) })
    .map(({ metadata: known, suspend: suspended, faults: found, stages: of, waited }) => {
      const object = { apiVersion, kind, metadata: known, spec: { ...spec, ...suspended } };
      return {
        object,
        decide: (status, atMs) =>
          decideTeamStatus(
            description,
            {
              object: { ...object, ...(status === undefined ? {} : { status }) } as never,
              faults: found,
              accepted: found.length === 0 ? 1 : 0,
              contentHash: 'h',
              stages: of,
              memory: { unselectedSinceMs: nowMs - waited, unloadedSinceMs: nowMs - 60_000 },
            },
            atMs,
          ).status,
      };
    });
}

const report = (indexHash: string, error: string | undefined): Report => ({
  indexHash,
  slots: {},
  quarantined: [],
  serverVersion: '',
  agentVersion: '',
  ruleHealth: [],
  ...(error === undefined ? {} : { error }),
});

const pod = fc
  .record({
    ready: fc.boolean(),
    report: fc.option(
      fc.record({ hash: fc.constantFrom('h', 'old'), error: fc.option(text, { nil: undefined, freq: 3 }) }),
      { nil: undefined },
    ),
  })
  .map((each) => ({
    name: 'p',
    ready: each.ready,
    report: each.report === undefined ? undefined : report(each.report.hash, each.report.error),
  }));

const stacks: fc.Arbitrary<Written> = fc
  .record({
    metadata,
    suspend,
    faults,
    workloads: fc.array(
      fc.record({
        server: fc.constantFrom('prometheus' as const, 'alertmanager' as const),
        shard: fc.constant(0),
        version: fc.constant('v1.0.0'),
        pods: fc.array(pod, { maxLength: 2 }),
        indexHash: fc.constantFrom('h', undefined),
        updatedReplicas: fc.integer({ min: 0, max: 2 }),
        observed: fc.boolean(),
      }),
      { maxLength: 2 },
    ),
    draining: fc.constantFrom(undefined, [{ pod: 'p', state: 'uploading' }]),
  })
  .map(({ metadata: known, suspend: suspended, ...rest }) => {
    const object = {
      apiVersion,
      kind: 'MonitoringStack',
      metadata: known,
      spec: suspended,
    } as MonitoringStack;
    return {
      object: object as Written['object'],
      decide: (status, atMs) =>
        decideStackStatus(
          {
            object: { ...object, ...(status === undefined ? {} : { status }) },
            ...rest,
            query: undefined,
            ruleSets: {},
            routes: {},
            agentImage: undefined,
          } satisfies ObservedStackState,
          atMs,
        ),
    };
  });

const silences: fc.Arbitrary<Written> = fc
  .record({
    metadata,
    suspend,
    faults,
    clusters: fc.array(
      fc.record({ verdict, silences: fc.constantFrom(undefined, []), error: fc.option(text) }),
      { maxLength: 2 },
    ),
    unselectedForMs: fc.integer({ min: 0, max: 90_000 }),
    hasWindow: fc.boolean(),
  })
  .map(({ metadata: known, suspend: suspended, clusters, hasWindow, ...rest }) => {
    const object = {
      apiVersion,
      kind: 'Silence',
      metadata: known,
      spec: { matchers: ['a="b"'], duration: '1h', comment: 'c', ...suspended },
    } as Silence;
    const window = { startsAtMs: nowMs - 1000, endsAtMs: nowMs + 3_600_000 };
    const windows = hasWindow ? [window] : [];
    const desired = { windows, matchers: [], createdBy: '', comment: '' };
    const seen = clusters.map((cluster): ClusterState => {
      const replicas = [{ name: 'am', url: 'http://am', silences: cluster.silences }];
      const view = { replicas, isOwn: () => true, knownIds: new Set<string>(), lastPostMs: 0 };
      return {
        namespace: 'monitoring',
        name: 'main',
        verdict: cluster.verdict,
        replicas,
        ...(cluster.verdict.selected ? { plan: planCluster(desired, view, nowMs) } : {}),
        ...(cluster.error === null ? {} : { error: cluster.error }),
      };
    });
    return {
      object: object as Written['object'],
      decide: (status, atMs) =>
        silenceStatus(
          {
            object: { ...object, ...(status === undefined ? {} : { status }) },
            ...rest,
            windows,
            next: windows[0],
            clusters: seen,
          },
          atMs,
        ),
    };
  });

const policies: fc.Arbitrary<Written> = fc
  .record({
    metadata,
    suspend,
    faults: fc.constantFrom(
      [],
      [{ path: ['spec'], code: 'RetentionConflict' as const, message: 'two rules' }],
    ),
    obstacle: fc.option(fc.record({ code: fc.constant('StackMissing'), message: text }), { nil: undefined }),
  })
  .map(({ metadata: known, suspend: suspended, ...rest }) => {
    const object = {
      apiVersion,
      kind: 'RetentionPolicy',
      metadata: known,
      spec: { stack: { name: 'main' }, rules: [], ...suspended },
    } as RetentionPolicy;
    return {
      object: object as Written['object'],
      decide: (status, atMs) =>
        retentionPolicyStatusOf(
          {
            object: { ...object, ...(status === undefined ? {} : { status }) },
            ...rest,
            notes: [],
            document: undefined,
            report: undefined,
          },
          atMs,
        ),
    };
  });

const ruleSets = ruleSetKind({
  async compile() {
    throw new Error('a decision compiles nothing');
  },
});
const groups = { groups: [{ name: 'a', rules: [{ alert: 'A', expr: 'up == 0' }] }] };
const receivers = { receivers: [{ name: 'a' }], route: { receiver: 'a' } };
const addresses = { allowedHosts: [], refusedHosts: [] };

describe.each<[string, fc.Arbitrary<Written>]>([
  ['AlertRuleSet', team('AlertRuleSet', groups, ruleSets as never)],
  ['AlertRoute', team('AlertRoute', receivers, routeKind(addresses) as never)],
  ['MonitoringStack', stacks],
  ['Silence', silences],
  ['RetentionPolicy', policies],
])('the status of a %s', (_kind, written) => {
  const of = (status: { readonly conditions?: readonly Condition[] }, type: string) =>
    (status.conditions ?? []).find((condition) => condition.type === type)!;

  test('keeps to the form of conditions', () => {
    fc.assert(
      fc.property(written, ({ object, decide }) => {
        const status = decide(undefined, nowMs);
        const { generation } = object.metadata;
        expect(status.observedGeneration).toBe(generation);
        const types = status.conditions!.map(({ type }) => type);
        expect(new Set(types).size).toBe(types.length);
        for (const condition of status.conditions!) {
          expect(condition.observedGeneration).toBe(generation);
          expect(['True', 'False', 'Unknown']).toContain(condition.status);
          expect(condition.reason).toMatch(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/);
          expect(condition.message.length).toBeLessThanOrEqual(32_768);
          expect(condition.lastTransitionTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        }
      }),
    );
  });

  test('says to kstatus what Ready, Reconciling and Stalled say', () => {
    fc.assert(
      fc.property(written, ({ object, decide }) => {
        const status = decide(undefined, nowMs);
        const is = (type: string) => of(status, type).status === 'True';
        const [ready, reconciling, stalled] = [is('Ready'), is('Reconciling'), is('Stalled')];
        // One of the three holds; none of them of an object that its owner has suspended.
        expect([ready, reconciling, stalled].filter(Boolean)).toHaveLength(
          object.spec.suspend === true ? 0 : 1,
        );
        const expected = ready ? 'Current' : stalled ? 'Failed' : 'InProgress';
        expect(kstatusOf({ ...object, status })).toBe(expected);
        // A status of an older generation says nothing of a newer one.
        const newer = { ...object.metadata, generation: object.metadata.generation! + 1 };
        expect(kstatusOf({ ...object, metadata: newer, status })).toBe('InProgress');
        // Whoever waits is told for what.
        const told = stalled ? 'Stalled' : reconciling ? 'Reconciling' : 'Ready';
        expect(of(status, told).reason).toBe(of(status, 'Ready').reason);
        expect(of(status, told).message).toBe(of(status, 'Ready').message);
      }),
    );
  });

  test('decided again is the same, and a time changes with its status only', () => {
    fc.assert(
      fc.property(written, written, (first, second) => {
        const before = first.decide(undefined, nowMs);
        expect(first.decide(before, nowMs + 1000).conditions).toEqual(before.conditions);
        const after = second.decide(before, nowMs + 1000);
        for (const condition of after.conditions!) {
          const old = of(before, condition.type);
          const isSame = old?.status === condition.status;
          expect(condition.lastTransitionTime === '2026-11-20T12:00:00Z').toBe(isSame);
        }
      }),
    );
  });
});
