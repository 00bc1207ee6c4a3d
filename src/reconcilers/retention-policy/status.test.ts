import { describe, expect, it } from 'vitest';
import type { RetentionPolicy, RetentionPolicySpec } from '../../crds/retention-policy.ts';
import type { Erasure, RetentionDocument } from '../../storage-engine/format/retention-document.ts';
import type {
  ErasureReport,
  PolicyReport,
  RetentionReport,
} from '../../storage-engine/format/retention-report.ts';
import { conditionOf } from '../conditions.ts';
import { beyondReach } from './certificate.ts';
import { compilePolicy } from './compile.ts';
import { newCertificates, type PolicyFacts, retentionPolicyStatusOf } from './status.ts';

const nowMs = Date.UTC(2026, 10, 20);

function policy(spec: Partial<RetentionPolicySpec> = {}): RetentionPolicy {
  return {
    apiVersion: 'promfleet.dev/v1alpha1',
    kind: 'RetentionPolicy',
    metadata: { name: 'p', namespace: 'monitoring', generation: 3 },
    spec: {
      stack: { name: 'main' },
      mode: 'Enforce',
      rules: [{ matchers: ['a="b"'], keep: [{ resolution: 'raw', duration: '1d' }] }],
      ...spec,
    },
  };
}

const erasure: Erasure = {
  id: 'e',
  matchers: [],
  untilMs: nowMs,
  requestedAtMs: nowMs,
  reason: 'GDPR-1',
  policy: 'monitoring/p',
};

const document = (parts: Partial<RetentionDocument> = {}): RetentionDocument => ({
  version: 1,
  generation: 5,
  writtenAtMs: nowMs,
  stack: 'monitoring/main',
  scope: {},
  policies: [],
  erasures: [],
  ...parts,
});

const report = (parts: Partial<RetentionReport> = {}): RetentionReport => ({
  formatVersion: 1,
  ordered: 5,
  erasures: [],
  policies: [],
  ...parts,
});

const policyReport = (parts: Partial<PolicyReport> = {}): PolicyReport => ({
  name: 'monitoring/p',
  atMs: nowMs,
  exact: false,
  series: 7,
  samples: 70,
  sizeBytes: 700,
  blocks: 2,
  rules: [],
  waitingBytes: 0,
  conflicts: [],
  ...parts,
});

function facts(parts: Partial<PolicyFacts> = {}): PolicyFacts {
  const object = parts.object ?? policy();
  const { faults, notes } = compilePolicy(object);
  return {
    object,
    faults,
    notes,
    obstacle: undefined,
    document: document(),
    report: report(),
    ...parts,
  };
}

describe('a policy', () => {
  const missing = { code: 'StackMissing', message: 'there is no MonitoringStack main in this namespace' };
  const faulty = policy({ rules: [{ matchers: ['a'], keep: [{ resolution: 'raw', duration: '1d' }] }] });
  it.each<[string, Partial<PolicyFacts>, string, string, string, string]>([
    ['is in force once the bucket has its generation', {}, 'Enforced', 'True', 'False', 'Ready'],
    [
      'waits for the compactor',
      { report: report({ ordered: 4 }) },
      'Pending',
      'False',
      'False',
      'Programming',
    ],
    ['waits for a first report', { report: undefined }, 'Pending', 'False', 'False', 'Programming'],
    [
      'is stalled without its stack',
      { obstacle: missing, document: undefined, report: undefined },
      'Pending',
      'False',
      'True',
      'StackMissing',
    ],
    ['with a fault is stalled', { object: faulty }, 'Enforced', 'False', 'True', 'InvalidMatcher'],
    [
      'in preview is ready once it was reckoned',
      { object: policy({ mode: 'Preview' }), report: report({ policies: [policyReport()] }) },
      'Preview',
      'True',
      'False',
      'Ready',
    ],
    [
      'in preview waits for its figures',
      { object: policy({ mode: 'Preview' }) },
      'Preview',
      'False',
      'False',
      'Programming',
    ],
    [
      'that is suspended is as its owner wants it',
      { object: policy({ suspend: true }) },
      'Enforced',
      'False',
      'False',
      'Suspended',
    ],
  ])('%s', (_name, parts, state, ready, stalled, reason) => {
    const status = retentionPolicyStatusOf(facts(parts), nowMs);
    const of = (type: string) => conditionOf(status.conditions, type);
    expect([status.state, of('Ready')?.status, of('Stalled')?.status, of('Ready')?.reason]).toEqual([
      state,
      ready,
      stalled,
      reason,
    ]);
    expect(status.observedGeneration).toBe(3);
  });

  it('shows what goes by it, what waits for a coarser resolution, and who else takes its series', () => {
    const seen = policyReport({ waitingBytes: 12, conflicts: ['monitoring/q'] });
    const status = retentionPolicyStatusOf(facts({ report: report({ policies: [seen] }) }), nowMs);
    expect(status.preview).toMatchObject({ series: 7, samples: 70, sizeBytes: 700, blocks: 2, exact: false });
    expect(conditionOf(status.conditions, 'WaitingForDownsample')?.status).toBe('True');
    expect(conditionOf(status.conditions, 'Conflicting')?.message).toContain('monitoring/q');
  });

  it('with equal facts has an equal status', () => {
    const first = retentionPolicyStatusOf(facts(), nowMs);
    const object = { ...policy(), status: first };
    expect(retentionPolicyStatusOf(facts({ object }), nowMs + 60_000)).toEqual(first);
  });
});

describe('an erasure of a policy', () => {
  const seen = (parts: Partial<ErasureReport>): ErasureReport => ({
    id: 'e',
    hidden: true,
    blocksLeft: 0,
    markedLeft: 0,
    ...parts,
  });
  const purgedAtMs = nowMs - 1000;
  it.each<[string, ErasureReport | undefined, string]>([
    ['is pending until the compactor has seen it', undefined, 'Pending'],
    ['is pending until every reader hides it', seen({ hidden: false }), 'Pending'],
    ['is hidden while blocks hold it', seen({ blocksLeft: 2, markedLeft: 1 }), 'Hidden'],
    ['is hidden while a server holds it', seen({ serversLeft: 1 }), 'Hidden'],
    ['is rewritten while old blocks wait for their deletion', seen({ markedLeft: 1 }), 'Rewritten'],
    ['is rewritten while readers may have parts of old blocks', seen({}), 'Rewritten'],
    ['is purged when nothing holds it', seen({ purgedAtMs }), 'Purged'],
  ])('%s', (_name, erased, state) => {
    const status = retentionPolicyStatusOf(factsOf(erased), nowMs);
    expect(status.erasures).toMatchObject([{ id: 'e', state, reason: 'GDPR-1' }]);
  });

  const factsOf = (erased: ErasureReport | undefined, object = policy()) =>
    facts({
      object,
      document: document({ erasures: [erasure, { ...erasure, id: 'other', policy: 'monitoring/q' }] }),
      report: report({ erasures: erased === undefined ? [] : [erased] }),
    });

  it('gets one certificate, which says what is beyond reach and outlives later blocks and restarts', () => {
    const first = factsOf(seen({ purgedAtMs }));
    const status = retentionPolicyStatusOf(first, nowMs);
    const [certificate, ...others] = newCertificates(first, status, nowMs);
    expect(others).toEqual([]);
    expect(certificate?.metadata).toMatchObject({ name: 'p-erased-e', namespace: 'monitoring' });
    expect(certificate?.metadata.ownerReferences).toBeUndefined();
    const { data } = certificate as unknown as { data: Record<string, string> };
    expect(JSON.parse(data['certificate.json']!)).toMatchObject({
      id: 'e',
      reason: 'GDPR-1',
      policy: 'monitoring/p',
      stack: 'monitoring/main',
      purgedAt: '2026-11-19T23:59:59Z',
      beyondReach,
    });
    const object = { ...policy(), status };
    for (const [later, state] of [
      [seen({}), 'Purged'],
      [seen({ blocksLeft: 1 }), 'Hidden'],
    ] as const) {
      const again = factsOf(later, object);
      const after = retentionPolicyStatusOf(again, nowMs);
      expect(after.erasures).toMatchObject([{ state, certificate: 'p-erased-e' }]);
      expect(newCertificates(again, after, nowMs)).toEqual([]);
    }
  });
});
