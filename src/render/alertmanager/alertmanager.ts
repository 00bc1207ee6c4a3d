import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import {
  alertmanagerIndexName,
  alertmanagerName,
  alertmanagerPodName,
  alertmanagerSlotNames,
  reportName,
} from '../names.ts';
import { childMetadata, type Manifest, type RenderFault, stackNamespace } from '../workload/manifest.ts';
import { agentRules, reportManifest } from '../workload/transport.ts';
import { renderAlertmanagerNetwork } from './network.ts';
import { renderAlertmanagerStatefulSet } from './stateful-set.ts';

export interface AlertmanagerInput {
  readonly stack: MonitoringStack;
  /** Image of the agents, as pinned for this stack. */
  readonly agentImage: string;
  /** Whether the members ask their clients, and each other, for certificates. */
  readonly tls?: boolean;
}

/**
 * Every object of the stack's Alertmanager half except index and slots, in the order in which they are applied: rights
 * and reports before the pods that need them. Nothing for a stack without members.
 */
export function renderAlertmanager({ stack, agentImage, tls = false }: AlertmanagerInput): {
  readonly manifests: readonly Manifest[];
  readonly faults: readonly RenderFault[];
} {
  const pods = alertmanagerPods(stack);
  if (pods.length === 0) return { manifests: [], faults: [] };
  const { manifest, faults } = renderAlertmanagerStatefulSet(stack, agentImage, tls);
  return {
    manifests: [
      ...renderRights(stack, pods),
      ...pods.map((pod) => reportManifest(stack, pod, 'alertmanager')),
      ...renderAlertmanagerNetwork(stack),
      manifest,
    ],
    faults,
  };
}

/** Names of all Alertmanager pods that the stack declares. */
export function alertmanagerPods(stack: MonitoringStack): readonly string[] {
  return Array.from({ length: stack.spec.alertmanager?.replicas ?? 3 }, (_, replica) =>
    alertmanagerPodName(stack.metadata.name, replica),
  );
}

/** The reloader reads its index and slots and writes its report; Alertmanager itself needs no rights. */
function renderRights(stack: MonitoringStack, pods: readonly string[]): readonly Manifest[] {
  const stackName = stack.metadata.name;
  const name = alertmanagerName(stackName);
  const metadata = childMetadata(stack, name, { server: 'alertmanager' });
  const rbac = 'rbac.authorization.k8s.io';
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata, automountServiceAccountToken: false },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'Role',
      metadata,
      rules: agentRules({
        indexes: [alertmanagerIndexName(stackName)],
        configMapSlots: [],
        secretSlots: alertmanagerSlotNames(stackName),
        reports: pods.map(reportName),
      }),
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: rbac, kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: stackNamespace(stack) }],
    },
  ];
}
