import { isSet, value, when } from './expression.ts';
import type { Document } from './helm-text.ts';
import { metricsPort, operatorName, ownMetadata, selectorLabels } from './names.ts';

export const operatorNetwork: readonly Document[] = [
  {
    object: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: ownMetadata(operatorName),
      spec: {
        type: 'ClusterIP',
        selector: selectorLabels,
        ports: [
          { name: metricsPort.name, port: metricsPort.number, targetPort: metricsPort.name, protocol: 'TCP' },
        ],
      },
    },
  },
  {
    condition: isSet('podDisruptionBudget.enabled'),
    object: {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: ownMetadata(operatorName),
      spec: {
        maxUnavailable: 1,
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
        selector: { matchLabels: selectorLabels },
      },
    },
  },
  {
    condition: isSet('networkPolicy.enabled'),
    object: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: ownMetadata(operatorName),
      spec: {
        podSelector: { matchLabels: selectorLabels },
        policyTypes: ['Ingress'],
        ingress: [
          {
            from: when(isSet('networkPolicy.metricsFrom'), value('networkPolicy.metricsFrom')),
            ports: [{ protocol: 'TCP', port: metricsPort.number }],
          },
        ],
      },
    },
  },
];
