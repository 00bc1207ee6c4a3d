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
} from '../names.ts';
import { childMetadata, type Manifest, stackNamespace } from '../workload/manifest.ts';
import { agentRules } from '../workload/transport.ts';

const rbac = 'rbac.authorization.k8s.io';

/** Service discovery lists and watches pods, nothing else. */
const discoveryRule = { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] };

/**
 * ServiceAccount, Role and RoleBinding in the stack's namespace, and a Role with its binding in each further namespace
 * where pods are discovered. Those lie outside the stack's namespace, so they carry labels but no owner.
 */
export function renderRbac(
  stack: MonitoringStack,
  discoveryNamespaces: readonly string[],
): readonly Manifest[] {
  const stackName = stack.metadata.name;
  const name = prometheusName(stackName);
  const own = stackNamespace(stack);
  const metadata = childMetadata(stack, name, { server: 'prometheus' });
  const shards = Array.from({ length: stack.spec.prometheus?.shards ?? 1 }, (_, shard) => shard);
  const replicas = Array.from({ length: stack.spec.prometheus?.replicas ?? 2 }, (_, replica) => replica);
  const rules = [
    ...agentRules({
      indexes: shards.map((shard) => prometheusIndexName(stackName, shard)),
      configMapSlots: ruleSlotNames(stackName),
      secretSlots: shards.map((shard) => prometheusConfigSlotName(stackName, shard)),
      reports: shards.flatMap((shard) =>
        replicas.map((replica) => reportName(prometheusPodName(stackName, shard, replica))),
      ),
    }),
    discoveryRule,
  ];
  const bindingTo = (role: string) => ({
    roleRef: { apiGroup: rbac, kind: 'Role', name: role },
    subjects: [{ kind: 'ServiceAccount', name, namespace: own }],
  });
  const manifests: Manifest[] = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata, automountServiceAccountToken: false },
    { apiVersion: `${rbac}/v1`, kind: 'Role', metadata, rules },
    { apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata, ...bindingTo(name) },
  ];
  const role = discoveryName(own, stackName);
  for (const namespace of [...new Set(discoveryNamespaces)].sort()) {
    if (namespace === own) continue;
    const elsewhere = { name: role, namespace, labels: childLabels(stackName, 'prometheus') };
    manifests.push(
      { apiVersion: `${rbac}/v1`, kind: 'Role', metadata: elsewhere, rules: [discoveryRule] },
      { apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata: elsewhere, ...bindingTo(role) },
    );
  }
  return manifests;
}
