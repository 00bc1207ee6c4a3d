import { kinds } from '../../crds/kinds.ts';
import { apiVersion } from '../../crds/metadata.ts';
import type { Selection } from '../../kube/list.ts';
import { labelKeys, managedBy } from '../../render/names.ts';

/** What is removed together, in one step. */
export interface Group {
  /** Plural, as in "removing 3 …". */
  readonly title: string;
  readonly selections: readonly Selection[];
  /** A volume cannot go while a pod uses it. */
  readonly before?: 'pods are gone';
}

const made = { labelSelector: `${labelKeys.managedBy}=${managedBy}` } as const;
const part = { labelSelector: 'app.kubernetes.io/part-of=promfleet' } as const;
const ofKinds = (version: string, names: readonly string[], labels: { readonly labelSelector: string }) =>
  names.map((kind): Selection => ({ apiVersion: version, kind, ...labels }));

const rbac = 'rbac.authorization.k8s.io/v1';

/** In this order: what makes others anew goes first. */
export function purgeGroups(options: {
  readonly keepVolumes?: boolean;
  readonly keepDefinitions?: boolean;
}): readonly Group[] {
  const objects: Group = {
    title: 'stacks, rule sets, routes and other declarations',
    selections: kinds.map(({ kind }) => ({ apiVersion, kind })),
  };
  const definitions: Group = {
    title: 'CustomResourceDefinitions',
    selections: kinds.map(({ plural }) => ({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      fieldSelector: `metadata.name=${plural}.${apiVersion.split('/')[0]}`,
    })),
  };
  return [
    ...(options.keepDefinitions === true ? [] : [objects]),
    {
      title: 'workloads and what belongs to them',
      selections: [
        ...ofKinds('apps/v1', ['StatefulSet', 'Deployment'], made),
        ...ofKinds('policy/v1', ['PodDisruptionBudget'], made),
        ...ofKinds('networking.k8s.io/v1', ['NetworkPolicy'], made),
        ...ofKinds(rbac, ['RoleBinding', 'Role'], made),
        ...ofKinds('v1', ['Service', 'ServiceAccount', 'ConfigMap', 'Secret'], made),
      ],
    },
    ...(options.keepVolumes === true
      ? []
      : [
          {
            title: 'volumes',
            selections: ofKinds('v1', ['PersistentVolumeClaim'], made),
            before: 'pods are gone' as const,
          },
        ]),
    { title: 'cluster roles', selections: ofKinds(rbac, ['ClusterRoleBinding', 'ClusterRole'], part) },
    ...(options.keepDefinitions === true ? [] : [definitions]),
  ];
}

/** Pods of servers; they end some time after their workload is deleted. */
export const workloadPods: readonly Selection[] = ofKinds('v1', ['Pod'], made);

/** An operator would make anew what is removed. */
export const operatorPods: readonly Selection[] = [
  { apiVersion: 'v1', kind: 'Pod', labelSelector: 'app.kubernetes.io/name=promfleet-operator' },
  { apiVersion: 'apps/v1', kind: 'Deployment', labelSelector: 'app.kubernetes.io/name=promfleet-operator' },
];
