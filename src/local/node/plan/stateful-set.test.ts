import { describe, expect, it } from 'vitest';
import type { PersistentVolumeClaim, Pod, StatefulSet } from '../types.ts';
import { planStatefulSet, revisionLabel, type StatefulSetAction } from './stateful-set.ts';

function set(
  spec: Partial<StatefulSet['spec']> = {},
  status?: Partial<NonNullable<StatefulSet['status']>>,
): StatefulSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'web', namespace: 'n', uid: 'set', generation: 3 },
    spec: {
      replicas: 3,
      serviceName: 'web-pods',
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c' }] } },
      ...spec,
    },
    ...(status === undefined
      ? {}
      : {
          status: {
            replicas: 0,
            readyReplicas: 0,
            availableReplicas: 0,
            currentReplicas: 0,
            updatedReplicas: 0,
            ...status,
          },
        }),
  };
}

type PodState = 'ready' | 'starting' | 'ending' | 'failed';

function pod(ordinal: number, state: PodState, revision = 'new'): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `web-${ordinal}`,
      namespace: 'n',
      uid: `u${ordinal}`,
      labels: { [revisionLabel]: revision },
      ...(state === 'ending' ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: { containers: [] },
    status: {
      phase: state === 'failed' ? 'Failed' : 'Running',
      conditions: [
        {
          type: 'Ready',
          status: state === 'ready' ? 'True' : 'False',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    },
  };
}

function plan(of: StatefulSet, pods: readonly Pod[], claims: readonly PersistentVolumeClaim[] = []) {
  return planStatefulSet({
    set: of,
    pods,
    claims,
    updateRevision: 'new',
    nowMs: Date.parse('2026-01-01T00:01:00Z'),
  });
}

function words(actions: readonly StatefulSetAction[]): string[] {
  return actions.map((action) => {
    if (action.do === 'createPod') return `create ${action.pod.metadata.name}`;
    if (action.do === 'deletePod') return `delete ${action.name}`;
    if (action.do === 'createClaim') return `claim ${action.claim.metadata.name}`;
    return action.do;
  });
}

const parallel = { podManagementPolicy: 'Parallel' } as const;

describe('planStatefulSet', () => {
  it.each<[string, StatefulSet, Pod[], string[]]>([
    ['creates the first pod alone when ordered', set(), [], ['create web-0']],
    ['waits for an unready pod when ordered', set(), [pod(0, 'starting')], []],
    ['goes on once the pod before is ready', set(), [pod(0, 'ready')], ['create web-1']],
    ['creates all at once in parallel', set(parallel), [], ['create web-0', 'create web-1', 'create web-2']],
    ['fills a gap', set(), [pod(0, 'ready'), pod(2, 'ready')], ['create web-1']],
    ['waits for a terminating pod before it takes its place', set(), [pod(0, 'ending')], []],
    ['replaces a failed pod', set(), [pod(0, 'failed'), pod(1, 'ready'), pod(2, 'ready')], ['delete web-0']],
    [
      'scales down from the highest ordinal, one at a time',
      set({ replicas: 1 }),
      [pod(0, 'ready'), pod(1, 'ready'), pod(2, 'ready')],
      ['delete web-2'],
    ],
    [
      'scales down at once in parallel',
      set({ replicas: 1, ...parallel }),
      [pod(0, 'ready'), pod(1, 'ready'), pod(2, 'ready')],
      ['delete web-2', 'delete web-1'],
    ],
    [
      'starts at the first ordinal asked for',
      set({ replicas: 2, ordinals: { start: 5 }, ...parallel }),
      [],
      ['create web-5', 'create web-6'],
    ],
    ['does nothing when all is well', set(), [pod(0, 'ready'), pod(1, 'ready'), pod(2, 'ready')], []],
    [
      'ignores pods whose name is not an ordinal of its own',
      set({ replicas: 0 }),
      [{ ...pod(0, 'ready'), metadata: { name: 'web-x-1', uid: 'x' } }],
      [],
    ],
  ])('%s', (_title, of, pods, expected) => {
    expect(words(plan(of, pods).actions)).toEqual(expected);
  });

  describe('rolling update', () => {
    const old = [0, 1, 2].map((ordinal) => pod(ordinal, 'ready', 'old'));
    it.each<[string, StatefulSet, Pod[], string[]]>([
      ['replaces the highest ordinal first', set(), old, ['delete web-2']],
      ['waits until the replaced pod is ready', set(), [old[0]!, old[1]!, pod(2, 'starting')], []],
      ['goes on with the next lower ordinal', set(), [old[0]!, old[1]!, pod(2, 'ready')], ['delete web-1']],
      [
        'takes maxUnavailable at a time',
        set({ ...parallel, updateStrategy: { rollingUpdate: { maxUnavailable: 2 } } }),
        old,
        ['delete web-2', 'delete web-1'],
      ],
      [
        'leaves ordinals below the partition',
        set({ updateStrategy: { rollingUpdate: { partition: 2 } } }),
        old,
        ['delete web-2'],
      ],
      ['does nothing by itself with OnDelete', set({ updateStrategy: { type: 'OnDelete' } }), old, []],
      [
        'replaces a broken pod of the old revision that blocks the order',
        set(),
        [pod(0, 'starting', 'old'), old[1]!, old[2]!],
        ['delete web-0'],
      ],
    ])('%s', (_title, of, pods, expected) => {
      expect(words(plan(of, pods).actions)).toEqual(expected);
    });

    it('makes a missing pod below the partition from the old template', () => {
      const of = set(
        { updateStrategy: { rollingUpdate: { partition: 3 } } },
        { currentRevision: 'old', updateRevision: 'new' },
      );
      const currentTemplate = { spec: { containers: [{ name: 'before' }] } };
      const { actions } = planStatefulSet({
        set: of,
        pods: [],
        claims: [],
        updateRevision: 'new',
        currentTemplate,
        nowMs: 0,
      });
      const [create] = actions;
      expect(create?.do === 'createPod' && create.pod.metadata.labels?.[revisionLabel]).toBe('old');
      expect(create?.do === 'createPod' && create.pod.spec.containers[0]?.name).toBe('before');
    });

    it('calls the new revision current once every replica is ready on it', () => {
      const before = set({}, { currentRevision: 'old' });
      expect(
        plan(before, [pod(0, 'ready'), pod(1, 'ready'), pod(2, 'starting')]).status.currentRevision,
      ).toBe('old');
      expect(plan(before, [pod(0, 'ready'), pod(1, 'ready'), pod(2, 'ready')]).status).toMatchObject({
        currentRevision: 'new',
        readyReplicas: 3,
        updatedReplicas: 3,
        observedGeneration: 3,
      });
    });
  });

  describe('volume claims', () => {
    const templates = {
      volumeClaimTemplates: [
        { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data' }, spec: {} },
      ],
    };
    const claim = (ordinal: number, owners: string[] = []): PersistentVolumeClaim => ({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        name: `data-web-${ordinal}`,
        ownerReferences: owners.map((uid) => ({
          apiVersion: 'apps/v1',
          kind: 'StatefulSet',
          name: 'web',
          uid,
        })),
      },
    });

    it('come before their pod and are mounted by it', () => {
      const { actions } = plan(set({ replicas: 1, ...templates }), []);
      expect(words(actions)).toEqual(['claim data-web-0', 'create web-0']);
      const create = actions[1];
      expect(create?.do === 'createPod' && create.pod.spec.volumes).toEqual([
        { name: 'data', persistentVolumeClaim: { claimName: 'data-web-0' } },
      ]);
    });

    it('are used again when they exist', () => {
      expect(words(plan(set({ replicas: 1, ...templates }), [], [claim(0)]).actions)).toEqual([
        'create web-0',
      ]);
    });

    it('belong to the set when it deletes them, and are released when it no longer does', () => {
      const deletes = {
        ...templates,
        replicas: 1,
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' as const },
      };
      expect(words(plan(set(deletes), [pod(0, 'ready')], [claim(0)]).actions)).toEqual(['ownClaim']);
      expect(words(plan(set(deletes), [pod(0, 'ready')], [claim(0, ['set'])]).actions)).toEqual([]);
      expect(
        words(plan(set({ ...templates, replicas: 1 }), [pod(0, 'ready')], [claim(0, ['set'])]).actions),
      ).toEqual(['ownClaim']);
    });

    it('go with their pod on scaling down when asked', () => {
      const scaled = {
        ...templates,
        replicas: 0,
        persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete' as const },
      };
      expect(words(plan(set(scaled), [pod(0, 'ready')], [claim(0)]).actions)).toEqual([
        'ownClaim',
        'delete web-0',
      ]);
    });
  });
});
