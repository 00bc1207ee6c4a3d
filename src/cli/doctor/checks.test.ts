import { describe, expect, it } from 'vitest';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { ObservedPod } from '../status/picture.ts';
import { judge } from './checks.ts';
import type { Facts } from './facts.ts';

const nowMs = Date.parse('2026-01-02T03:04:05Z');
const lease = {
  namespace: 'promfleet-system',
  name: 'promfleet-operator',
  holder: 'one',
  renewedMs: nowMs - 2000,
  durationMs: 15_000,
};
const pod = (status: object) =>
  ({ metadata: { namespace: 'monitoring', name: 'main-prometheus-0-0' }, status }) as unknown as ObservedPod;
const stackWith = (replica: object) =>
  ({
    metadata: { namespace: 'monitoring', name: 'main' },
    status: { replicas: [{ pod: 'main-prometheus-0-0', component: 'prometheus', ready: true, ...replica }] },
  }) as unknown as MonitoringStack;
const healthy: Facts = {
  server: { version: 'v1.36.1', dateMs: nowMs - 400 },
  nowMs,
  missingKinds: [],
  leases: { known: [lease] },
  operatorPods: { known: [] },
  missingRights: { known: [] },
  stacks: { known: [stackWith({ loaded: true, shipping: { waitingBlocks: 0 } })] },
  pods: { known: [pod({ phase: 'Running' })] },
  claims: { known: [{ namespace: 'monitoring', name: 'data-main-prometheus-0-0', phase: 'Bound' }] },
};

describe('what doctor says', () => {
  it('finds nothing in a healthy cluster, and says of each check that it was made', () => {
    const findings = judge(healthy);
    expect(findings.map(({ verdict }) => verdict)).toEqual(findings.map(() => 'ok'));
    expect(findings.map(({ check }) => check)).toEqual([
      'API server',
      'clock',
      'kinds',
      'operator',
      'rights',
      'pods',
      'volumes',
      'replicas',
      'shipping',
    ]);
  });

  const cases: readonly (readonly [string, Partial<Facts>, string, string, RegExp])[] = [
    [
      'an old Kubernetes',
      { server: { version: 'v1.29.9', dateMs: nowMs } },
      'API server',
      'fault',
      /1\.29\.9 is older than 1\.30/,
    ],
    [
      'clocks apart',
      { server: { version: 'v1.30.0', dateMs: nowMs - 61_000 } },
      'clock',
      'warning',
      /61 s apart/,
    ],
    ['a kind that is not served', { missingKinds: ['Silence'] }, 'kinds', 'fault', /not served: Silence/],
    [
      'a Lease that nobody renews',
      { leases: { known: [{ ...lease, renewedMs: nowMs - 31_000 }] } },
      'operator',
      'fault',
      /none leads/,
    ],
    [
      'no Lease at all, and a stack that nobody judges',
      { leases: { known: [] } },
      'operator',
      'fault',
      /none leads/,
    ],
    [
      'no Lease at all, and nothing declared',
      { leases: { known: [] }, stacks: { known: [] } },
      'operator',
      'unknown',
      /no stack to judge/,
    ],
    [
      'an operator whose image cannot be pulled',
      {
        operatorPods: {
          known: [{ namespace: 'p', name: 'o-1', serviceAccount: 'o', trouble: 'ImagePullBackOff' }],
        },
      },
      'operator',
      'fault',
      /pod p\/o-1: ImagePullBackOff/,
    ],
    [
      'a right that is missing',
      {
        missingRights: {
          known: [
            {
              account: 'p/o',
              rule: { apiGroups: ['apps'], resources: ['statefulsets'], verbs: ['patch'] },
              verb: 'patch',
              resource: 'statefulsets',
            },
          ],
        },
      },
      'rights',
      'fault',
      /p\/o may not patch statefulsets\.apps/,
    ],
    [
      'rights that cannot be asked',
      { missingRights: { unknown: 'forbidden' } },
      'rights',
      'unknown',
      /forbidden/,
    ],
    [
      'a container that crashes',
      {
        pods: {
          known: [
            pod({
              containerStatuses: [{ name: 'prometheus', state: { waiting: { reason: 'CrashLoopBackOff' } } }],
            }),
          ],
        },
      },
      'pods',
      'fault',
      /monitoring\/main-prometheus-0-0: prometheus: CrashLoopBackOff/,
    ],
    [
      'a pod that no node takes',
      {
        pods: { known: [pod({ phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False' }] })] },
      },
      'pods',
      'fault',
      /no node takes it/,
    ],
    [
      'a claim without a volume',
      { claims: { known: [{ namespace: 'monitoring', name: 'bucket', phase: 'Pending' }] } },
      'volumes',
      'fault',
      /monitoring\/bucket is Pending/,
    ],
    [
      'a replica that cannot resolve a name',
      { stacks: { known: [stackWith({ error: 'getaddrinfo ENOTFOUND kubernetes.default.svc' })] } },
      'replicas',
      'fault',
      /ENOTFOUND/,
    ],
    [
      'files that a server refuses',
      { stacks: { known: [stackWith({ quarantined: 2 })] } },
      'replicas',
      'fault',
      /2 files refused/,
    ],
    [
      'a shipper that is denied',
      { stacks: { known: [stackWith({ shipping: { error: 'BucketDenied: 403' } })] } },
      'shipping',
      'fault',
      /BucketDenied/,
    ],
  ];
  it.each(cases)('names %s', (_, change, check, verdict, message) => {
    const found = judge({ ...healthy, ...change }).filter((finding) => finding.verdict !== 'ok');
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ check, verdict, message: expect.stringMatching(message) });
    if (verdict !== 'unknown') expect(found[0]?.action).toBeDefined();
  });

  it('takes an operator without election for one that works while it judges', () => {
    const stack = {
      metadata: { namespace: 'm', name: 's', generation: 3 },
      status: { observedGeneration: 3 },
    };
    const found = judge({
      ...healthy,
      leases: { known: [] },
      stacks: { known: [stack as unknown as MonitoringStack] },
    });
    expect(found.find(({ check }) => check === 'operator')).toMatchObject({
      verdict: 'ok',
      message: expect.stringMatching(/without an election/),
    });
  });

  it('advises to look at DNS where a name has no address', () => {
    const error = 'dial tcp: lookup bucket.example: no such host';
    const [, advice] = judge({ ...healthy, stacks: { known: [stackWith({ error, shipping: { error } })] } })
      .filter((finding) => finding.verdict === 'fault')
      .map((finding) => finding.action);
    expect(advice).toMatch(/DNS of the cluster/);
  });

  it('counts what is too much to name', () => {
    const claims = Array.from({ length: 500 }, (_, at) => ({
      namespace: 'm',
      name: `c${at}`,
      phase: 'Pending',
    }));
    const found = judge({ ...healthy, claims: { known: claims } }).filter(({ check }) => check === 'volumes');
    expect(found).toHaveLength(21);
    expect(found.at(-1)?.message).toBe('and 480 more');
  });
});
