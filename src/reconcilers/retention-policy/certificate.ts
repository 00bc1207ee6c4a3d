import type { RetentionPolicy } from '../../crds/retention-policy.ts';
import type { Erasure, StoredMatcher } from '../../storage-engine/format/retention-document.ts';
import { timeText } from '../conditions.ts';
import type { KubeObject } from '../object.ts';

/** What no erasure of ours reaches; whoever issues a certificate must know it. */
export const beyondReach: readonly string[] = [
  'earlier versions of objects, replicas and backups of the bucket, where its store keeps such',
  'snapshots and copies of the volumes of Prometheus, and volumes of replicas that were removed and kept',
  'what readers that do not know these predicates (Thanos Query, Store, Ruler and Compactor) showed or copied while old blocks existed',
  'other systems that samples were sent to by remote write or federation',
  'answers, exports, screenshots and notifications that were handed out before',
  'this request itself: the matchers stay in the bucket, as they keep the series from coming back',
];

const maxNameLength = 253;

export function certificateName(policy: string, { id }: Erasure): string {
  const ending = `-erased-${id.slice(0, 16).toLowerCase()}`;
  return `${policy.slice(0, maxNameLength - ending.length)}${ending}`;
}

/**
 * The certificate of one erasure: a ConfigMap that nobody owns, so that it outlives the policy. It says what was erased, when
 * each place let go of it, and what is beyond reach.
 */
export function certificateOf(policy: RetentionPolicy, erasure: Erasure, purgedAtMs: number): KubeObject {
  const { name, namespace = '' } = policy.metadata;
  const matchers = erasure.matchers.map(matcherText);
  const content = {
    id: erasure.id,
    policy: `${namespace}/${name}`,
    stack: `${namespace}/${policy.spec.stack.name}`,
    reason: erasure.reason,
    series: `{${matchers.join(', ')}}`,
    samplesBefore: timeText(erasure.untilMs),
    requestedAt: timeText(erasure.requestedAtMs),
    purgedAt: timeText(purgedAtMs),
    established: [
      'every query server answers without it, or not at all',
      'no block of the bucket holds it: each was rewritten without it, deleted, or looked into and found without it',
      'the blocks that were rewritten are deleted, their deletion delay being over',
      "the retention of the stack's Prometheus replicas is over for it, blocks, head and write-ahead log included",
      'running query servers have let go of cached parts of the blocks that are gone',
    ],
    beyondReach,
  };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: certificateName(name, erasure),
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'promfleet', 'promfleet.dev/certificate': 'erasure' },
    },
    data: { 'certificate.json': `${JSON.stringify(content, undefined, 2)}\n` },
  } as KubeObject;
}

function matcherText({ name, op, value }: StoredMatcher): string {
  return `${name}${op}${JSON.stringify(value)}`;
}
