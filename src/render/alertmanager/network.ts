import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { alertmanagerName, governingServiceName, podSelector, ports } from '../names.ts';
import { childMetadata, type Manifest } from '../workload/manifest.ts';

/** Services, disruption budget and NetworkPolicy. */
export function renderAlertmanagerNetwork(stack: MonitoringStack): readonly Manifest[] {
  const stackName = stack.metadata.name;
  const selector = podSelector(stackName, 'alertmanager');
  const { name: web, number: webNumber } = ports.alertmanager;
  const { name: mesh, number: meshNumber } = ports.gossip;
  const webPort = { name: web, port: webNumber, targetPort: web, protocol: 'TCP' };
  const gossip = ['TCP', 'UDP'] as const;
  const metadata = (name: string) => childMetadata(stack, name, { server: 'alertmanager' });
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata(alertmanagerName(stackName)),
      spec: { type: 'ClusterIP', selector, ports: [webPort] },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata(governingServiceName(stackName, 'alertmanager')),
      // Members must find each other before they are ready.
      spec: {
        clusterIP: 'None',
        publishNotReadyAddresses: true,
        selector,
        ports: [
          webPort,
          ...gossip.map((protocol) => ({
            name: meshPortName(mesh, protocol),
            port: meshNumber,
            targetPort: meshPortName(mesh, protocol),
            protocol,
          })),
        ],
      },
    },
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: metadata(alertmanagerName(stackName)),
      spec: {
        maxUnavailable: stack.spec.rollout?.maxUnavailable ?? 1,
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
        selector: { matchLabels: selector },
      },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: metadata(alertmanagerName(stackName)),
      spec: {
        podSelector: { matchLabels: selector },
        policyTypes: ['Ingress'],
        ingress: [
          { from: [{ namespaceSelector: {} }], ports: [{ protocol: 'TCP', port: webNumber }] },
          {
            from: [{ podSelector: { matchLabels: selector } }],
            ports: gossip.map((protocol) => ({ protocol, port: meshNumber })),
          },
          {
            from: [{ podSelector: { matchLabels: podSelector(stackName, 'prometheus') } }],
            ports: [{ protocol: 'TCP', port: ports.reloader.number }],
          },
        ],
      },
    },
  ];
}

/** A port of each protocol needs a name of its own. */
export function meshPortName(mesh: string, protocol: 'TCP' | 'UDP'): string {
  return `${mesh}-${protocol.toLowerCase()}`;
}
