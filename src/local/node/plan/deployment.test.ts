import { describe, expect, it } from 'vitest';
import type { Deployment, ReplicaSet } from '../types.ts';
import { planDeployment, templateHashLabel } from './deployment.ts';

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'v2' }] } };

function deployment(spec: Partial<Deployment['spec']> = {}): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'n', uid: 'd', generation: 2 },
    spec: { replicas: 4, selector: { matchLabels: { app: 'web' } }, template, ...spec },
  };
}

/** A ReplicaSet of image `v2` (current) or another one, with `size` declared and `available` of them available. */
function replicaSet(image: string, size: number, available = size, existing = size): ReplicaSet {
  const labels = { app: 'web', [templateHashLabel]: image };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `web-${image}`,
      uid: image,
      annotations: { 'deployment.kubernetes.io/revision': image.slice(1) },
    },
    spec: {
      replicas: size,
      selector: {},
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image }] } },
    },
    status: {
      replicas: existing,
      readyReplicas: available,
      availableReplicas: available,
      fullyLabeledReplicas: existing,
    },
  };
}

function words(of: Deployment, owned: readonly ReplicaSet[]): string[] {
  return planDeployment(of, owned).actions.map((action) => {
    if (action.do === 'createReplicaSet') return `create ${action.replicaSet.spec.replicas}`;
    return action.do === 'scaleReplicaSet'
      ? `scale ${action.name} ${action.replicas}`
      : `delete ${action.name}`;
  });
}

const recreate = { strategy: { type: 'Recreate' as const } };

describe('planDeployment', () => {
  it.each<[string, Deployment, ReplicaSet[], string[]]>([
    ['creates the first ReplicaSet whole', deployment(), [], ['create 4']],
    ['does nothing when all is well', deployment(), [replicaSet('v2', 4)], []],
    ['scales up and down', deployment({ replicas: 2 }), [replicaSet('v2', 4)], ['scale web-v2 2']],
    [
      'begins an update within maxSurge and maxUnavailable (25 % of 4)',
      deployment(),
      [replicaSet('v1', 4)],
      ['create 1', 'scale web-v1 3'],
    ],
    [
      'goes on as new pods become available',
      deployment(),
      [replicaSet('v1', 3), replicaSet('v2', 2, 2)],
      ['scale web-v1 1'],
    ],
    [
      'waits while new pods are not available',
      deployment(),
      [replicaSet('v1', 3), replicaSet('v2', 2, 0)],
      [],
    ],
    [
      'takes broken old pods away first',
      deployment(),
      [replicaSet('v1', 4, 3), replicaSet('v2', 1, 0)],
      ['scale web-v1 3'],
    ],
    [
      'ends old pods first with Recreate',
      deployment(recreate),
      [replicaSet('v1', 4)],
      ['create 0', 'scale web-v1 0'],
    ],
    [
      'waits for their end with Recreate',
      deployment(recreate),
      [replicaSet('v1', 0, 0, 2), replicaSet('v2', 0)],
      [],
    ],
    [
      'then starts all new ones with Recreate',
      deployment(recreate),
      [replicaSet('v1', 0), replicaSet('v2', 0)],
      ['scale web-v2 4'],
    ],
    [
      'forgets revisions beyond the history limit',
      deployment({ revisionHistoryLimit: 1 }),
      [replicaSet('v2', 4), replicaSet('v1', 0), replicaSet('v0', 0)],
      ['delete web-v0'],
    ],
  ])('%s', (_title, of, owned, expected) => {
    expect(words(of, owned)).toEqual(expected);
  });

  it('reaches the new template from any start, never below the availability that is promised', () => {
    let sets = [replicaSet('v1', 4)];
    for (let step = 0; step < 30; step++) {
      const { actions } = planDeployment(deployment(), sets);
      for (const action of actions) {
        if (action.do === 'createReplicaSet')
          sets = [...sets, replicaSet('v2', action.replicaSet.spec.replicas ?? 0, 0)];
        if (action.do === 'scaleReplicaSet') {
          const image = action.name.slice(4);
          const before = sets.find((set) => set.metadata.uid === image)?.status?.availableReplicas ?? 0;
          sets = sets.map((set) =>
            set.metadata.uid === image
              ? replicaSet(image, action.replicas, Math.min(before, action.replicas))
              : set,
          );
        }
      }
      expect(sets.reduce((sum, set) => sum + (set.status?.availableReplicas ?? 0), 0)).toBeGreaterThanOrEqual(
        3,
      );
      expect(sets.reduce((sum, set) => sum + (set.spec.replicas ?? 0), 0)).toBeLessThanOrEqual(5);
      sets = sets.map((set) => replicaSet(set.metadata.uid ?? '', set.spec.replicas ?? 0));
    }
    expect(sets.map((set) => set.spec.replicas)).toEqual([0, 4]);
  });
});
