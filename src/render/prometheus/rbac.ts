import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import {
  childLabels,
  discoveryName,
  prometheusConfigSlotName,
  prometheusIndexName,
  prometheusName,
  prometheusPodName,
  reportName,
  ruleSlotNames,
  targetsBindingName,
} from '../names.ts';
import { childMetadata, type Manifest, stackNamespace } from '../workload/manifest.ts';
import { agentRules } from '../workload/transport.ts';

const rbac = 'rbac.authorization.k8s.io';

/** Service discovery lists and watches pods, nothing else. */
const discoveryRule = { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] };

export interface RbacInput {
  readonly stack: MonitoringStack;
  /** Namespaces in which annotated pods are scraped, as the operator resolved and permitted them. */
  readonly discoveryNamespaces: readonly string[];
  /** A ClusterRole with the rights of discovery, bound in each of these namespaces; without it the stack has Roles of its own. */
  readonly discoveryClusterRole?: string;
}

/**
 * ServiceAccount, Role and RoleBinding in the stack's namespace, and what discovery of pods needs in each namespace where
 * it happens: a binding of the installation's ClusterRole, or a Role with its binding where the installation has none. Those
 * elsewhere lie outside the stack's namespace, so they carry labels but no owner.
 */
export function renderRbac(input: RbacInput): readonly Manifest[] {
  const { stack, discoveryClusterRole } = input;
  const stackName = stack.metadata.name;
  const name = prometheusName(stackName);
  const own = stackNamespace(stack);
  const metadata = childMetadata(stack, name, { server: 'prometheus' });
  const subjects = [{ kind: 'ServiceAccount', name, namespace: own }];
  const binding = (where: object, kind: 'Role' | 'ClusterRole', role: string): Manifest => ({
    apiVersion: `${rbac}/v1`,
    kind: 'RoleBinding',
    metadata: where as Manifest['metadata'],
    roleRef: { apiGroup: rbac, kind, name: role },
    subjects,
  });
  const rules = [...bundleRules(stack), ...(discoveryClusterRole === undefined ? [discoveryRule] : [])];
  const manifests: Manifest[] = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata, automountServiceAccountToken: false },
    { apiVersion: `${rbac}/v1`, kind: 'Role', metadata, rules },
    binding(metadata, 'Role', name),
  ];
  const labels = childLabels(stackName, 'prometheus');
  for (const namespace of [...new Set(input.discoveryNamespaces)].sort()) {
    if (discoveryClusterRole !== undefined) {
      const bound = targetsBindingName(own, stackName);
      const where =
        namespace === own
          ? childMetadata(stack, bound, { server: 'prometheus' })
          : { name: bound, namespace, labels };
      manifests.push(binding(where, 'ClusterRole', discoveryClusterRole));
    } else if (namespace !== own) {
      const role = discoveryName(own, stackName);
      const where = { name: role, namespace, labels };
      manifests.push(
        { apiVersion: `${rbac}/v1`, kind: 'Role', metadata: where, rules: [discoveryRule] },
        binding(where, 'Role', role),
      );
    }
  }
  return manifests;
}

/** The reloaders read the stack's own bundle and fill their own reports, all by name. */
function bundleRules(stack: MonitoringStack): ReturnType<typeof agentRules> {
  const stackName = stack.metadata.name;
  const { shards = 1, replicas = 2 } = stack.spec.prometheus ?? {};
  const numbers = (count: number) => Array.from({ length: count }, (_, number) => number);
  return agentRules({
    indexes: numbers(shards).map((shard) => prometheusIndexName(stackName, shard)),
    configMapSlots: ruleSlotNames(stackName),
    secretSlots: numbers(shards).map((shard) => prometheusConfigSlotName(stackName, shard)),
    reports: numbers(shards).flatMap((shard) =>
      numbers(replicas).map((replica) => reportName(prometheusPodName(stackName, shard, replica))),
    ),
  });
}
