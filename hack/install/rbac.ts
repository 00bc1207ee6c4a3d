import {
  bindRule,
  discoveryRules,
  leaseRules,
  namespaceRules,
  operatorRules,
  type Rule,
  teamEditRules,
  teamViewRules,
} from '../../src/controllers/operator/rights.ts';
import { all, isHelm, isSet, item, type Node, not, releaseNamespace, when } from './expression.ts';
import type { Document } from './helm-text.ts';
import {
  clusterWide,
  discoveryRoleName,
  leaseRoleName,
  metadata,
  onlySomeNamespaces,
  operatorName,
  ownMetadata,
  teamEditName,
  teamViewName,
} from './names.ts';

const group = 'rbac.authorization.k8s.io';
const apiVersion = `${group}/v1`;
const rules = (list: readonly Rule[]) => list as unknown as readonly Node[];
/** The ClusterRoles that the operator may give to a stack's accounts, whether or not it holds what they hold. */
const bound = { ...bindRule, resourceNames: [discoveryRoleName] } as unknown as Node;
const subjects: Node = [{ kind: 'ServiceAccount', name: operatorName, namespace: releaseNamespace }];

/** Account and rights of the operator: in the whole cluster, or in the listed namespaces only. */
export const operatorRbac: readonly Document[] = [
  {
    object: {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: ownMetadata(operatorName),
      automountServiceAccountToken: false,
    },
  },
  {
    condition: clusterWide,
    object: {
      apiVersion,
      kind: 'ClusterRole',
      metadata: metadata(operatorName),
      rules: [...rules([...operatorRules, ...namespaceRules]), bound],
    },
  },
  {
    condition: clusterWide,
    object: {
      apiVersion,
      kind: 'ClusterRole',
      metadata: metadata(discoveryRoleName, {
        component: 'promfleet',
        // Servers that go on running after an uninstall go on discovering targets.
        annotations: { 'helm.sh/resource-policy': when(isHelm, 'keep') },
      }),
      rules: rules(discoveryRules),
    },
  },
  {
    condition: clusterWide,
    object: {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata: metadata(operatorName),
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: operatorName },
      subjects,
    },
  },
  {
    condition: onlySomeNamespaces,
    each: 'namespaces',
    object: {
      apiVersion,
      kind: 'Role',
      metadata: metadata(operatorName, { namespace: item }),
      rules: rules(operatorRules),
    },
  },
  {
    condition: onlySomeNamespaces,
    each: 'namespaces',
    object: {
      apiVersion,
      kind: 'RoleBinding',
      metadata: metadata(operatorName, { namespace: item }),
      roleRef: { apiGroup: group, kind: 'Role', name: operatorName },
      subjects,
    },
  },
  {
    object: { apiVersion, kind: 'Role', metadata: ownMetadata(leaseRoleName), rules: rules(leaseRules) },
  },
  {
    object: {
      apiVersion,
      kind: 'RoleBinding',
      metadata: ownMetadata(leaseRoleName),
      roleRef: { apiGroup: group, kind: 'Role', name: leaseRoleName },
      subjects,
    },
  },
];

/** Rights of teams, which Kubernetes adds to its own roles edit, admin and view. */
export const teamRbac: readonly Document[] = [
  {
    condition: all(isSet('rbac.teams'), not(onlySomeNamespaces)),
    object: {
      apiVersion,
      kind: 'ClusterRole',
      metadata: metadata(teamEditName, {
        component: 'promfleet',
        labels: {
          'rbac.authorization.k8s.io/aggregate-to-edit': 'true',
          'rbac.authorization.k8s.io/aggregate-to-admin': 'true',
        },
      }),
      rules: rules(teamEditRules),
    },
  },
  {
    condition: all(isSet('rbac.teams'), not(onlySomeNamespaces)),
    object: {
      apiVersion,
      kind: 'ClusterRole',
      metadata: metadata(teamViewName, {
        component: 'promfleet',
        labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' },
      }),
      rules: rules(teamViewRules),
    },
  },
];
