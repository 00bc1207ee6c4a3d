import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { podSelector, ports, queryName } from '../names.ts';
import { childMetadata, type Manifest, type RenderFault } from '../workload/manifest.ts';
import { renderQueryDeployment } from './deployment.ts';
import { type QueryTransport, queryReplicas } from './flags.ts';

/**
 * Every object of the stack's query servers, in the order in which they are applied. They ask the Prometheus replicas over
 * HTTP and nothing of Kubernetes: their account has no rights and no token. Nothing for a stack without query servers.
 */
export function renderQuery(input: {
  readonly stack: MonitoringStack;
  /** Image of promfleet, as pinned for this stack; `spec.query.image` goes before it. */
  readonly agentImage: string;
  readonly transport?: QueryTransport;
}): { readonly manifests: readonly Manifest[]; readonly faults: readonly RenderFault[] } {
  const { stack, agentImage, transport = { tls: false, prometheusTls: false } } = input;
  if (queryReplicas(stack) === 0) return { manifests: [], faults: [] };
  const { name: stackName } = stack.metadata;
  const selector = podSelector(stackName, 'query');
  const metadata = childMetadata(stack, queryName(stackName), { server: 'query' });
  const { name: port, number } = ports.query;
  const { manifest, faults } = renderQueryDeployment(stack, agentImage, transport);
  return {
    manifests: [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata, automountServiceAccountToken: false },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata,
        spec: {
          type: 'ClusterIP',
          selector,
          ports: [{ name: port, port: number, targetPort: port, protocol: 'TCP' }],
        },
      },
      {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata,
        spec: {
          maxUnavailable: stack.spec.rollout?.maxUnavailable ?? 1,
          unhealthyPodEvictionPolicy: 'AlwaysAllow',
          selector: { matchLabels: selector },
        },
      },
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata,
        spec: {
          podSelector: { matchLabels: selector },
          policyTypes: ['Ingress'],
          ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ protocol: 'TCP', port: number }] }],
        },
      },
      manifest,
    ],
    faults,
  };
}
