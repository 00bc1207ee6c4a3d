import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import {
  governingServiceName,
  labelKeys,
  podSelector,
  ports,
  prometheusName,
  prometheusShardName,
} from '../names.ts';
import { childMetadata, type Manifest } from '../workload/manifest.ts';

/** Services, disruption budgets (one a shard) and the NetworkPolicy. */
export function renderNetwork(stack: MonitoringStack): readonly Manifest[] {
  const stackName = stack.metadata.name;
  const selector = podSelector(stackName, 'prometheus');
  const { name: port, number } = ports.prometheus;
  const servicePorts = [{ name: port, port: number, targetPort: port, protocol: 'TCP' }];
  const metadata = (name: string, labels?: Readonly<Record<string, string>>) =>
    childMetadata(stack, name, { server: 'prometheus', ...(labels === undefined ? {} : { labels }) });
  const shards = Array.from({ length: stack.spec.prometheus?.shards ?? 1 }, (_, shard) => shard);
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata(prometheusName(stackName)),
      // A browser keeps its replica: replicas scrape at different moments and graphs would flicker.
      spec: { type: 'ClusterIP', sessionAffinity: 'ClientIP', selector, ports: servicePorts },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata(governingServiceName(stackName, 'prometheus')),
      spec: { clusterIP: 'None', publishNotReadyAddresses: true, selector, ports: servicePorts },
    },
    ...shards.map((shard) => ({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: metadata(prometheusShardName(stackName, shard), { [labelKeys.shard]: String(shard) }),
      spec: {
        maxUnavailable: stack.spec.rollout?.maxUnavailable ?? 1,
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
        selector: { matchLabels: podSelector(stackName, 'prometheus', shard) },
      },
    })),
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: metadata(prometheusName(stackName)),
      spec: {
        podSelector: { matchLabels: selector },
        policyTypes: ['Ingress'],
        ingress: [
          { from: [{ namespaceSelector: {} }], ports: [{ protocol: 'TCP', port: number }] },
          {
            from: [{ podSelector: { matchLabels: selector } }],
            ports: [{ protocol: 'TCP', port: ports.reloader.number }],
          },
        ],
      },
    },
  ];
}
