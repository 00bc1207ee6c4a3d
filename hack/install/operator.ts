import { containerSecurityContext, podSecurityContext } from '../../src/render/workload/pod.ts';
import { each, isSet, item, join, type Node, spread, value, when } from './expression.ts';
import type { Document } from './helm-text.ts';
import {
  clusterWide,
  discoveryRoleName,
  image,
  metricsPort,
  operatorName,
  ownMetadata,
  selectorLabels,
} from './names.ts';

const port = metricsPort.name;

const args: Node = [
  'operator',
  '--leader-elect',
  `--metrics-listen=0.0.0.0:${metricsPort.number}`,
  join('--agent-image=', when(isSet('agents.image'), value('agents.image'), image)),
  join('--log-level=', value('operator.logLevel')),
  join('--kube-qps=', value('operator.kubeQps')),
  when(clusterWide, [join('--discovery-cluster-role=', discoveryRoleName)]),
  when(isSet('class'), [join('--class=', value('class'))]),
  each('namespaces', join('--namespace=', item)),
  each('platformNamespaces', join('--platform-namespace=', item)),
  each('operator.allowHosts', join('--allow-host=', item)),
  each('operator.extraArgs', item),
];

const container: Node = {
  name: 'operator',
  image,
  imagePullPolicy: value('image.pullPolicy'),
  command: ['promfleet'],
  args,
  env: [
    { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
  ],
  ports: [{ name: port, containerPort: metricsPort.number }],
  // A busy node may take minutes to start a program; liveness is asked for after that.
  startupProbe: {
    httpGet: { path: '/healthz', port },
    periodSeconds: 1,
    timeoutSeconds: 3,
    failureThreshold: 300,
  },
  livenessProbe: {
    httpGet: { path: '/healthz', port },
    periodSeconds: 15,
    timeoutSeconds: 5,
    failureThreshold: 4,
  },
  readinessProbe: { httpGet: { path: '/readyz', port }, periodSeconds: 5, timeoutSeconds: 3 },
  resources: value('operator.resources'),
  securityContext: containerSecurityContext as unknown as Node,
  terminationMessagePolicy: 'FallbackToLogsOnError',
};

const optional = (path: string) => when(isSet(path), value(path));

export const operatorDeployment: readonly Document[] = [
  {
    object: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: ownMetadata(operatorName),
      spec: {
        replicas: value('operator.replicas'),
        selector: { matchLabels: selectorLabels },
        template: {
          metadata: {
            labels: {
              ...selectorLabels,
              'app.kubernetes.io/part-of': 'promfleet',
              '...': spread('operator.podLabels'),
            },
            annotations: optional('operator.podAnnotations'),
          },
          spec: {
            serviceAccountName: operatorName,
            automountServiceAccountToken: true,
            enableServiceLinks: false,
            priorityClassName: optional('operator.priorityClassName'),
            terminationGracePeriodSeconds: 30,
            securityContext: podSecurityContext as unknown as Node,
            imagePullSecrets: optional('imagePullSecrets'),
            nodeSelector: optional('operator.nodeSelector'),
            tolerations: optional('operator.tolerations'),
            affinity: optional('operator.affinity'),
            topologySpreadConstraints: [
              {
                maxSkew: 1,
                topologyKey: 'kubernetes.io/hostname',
                whenUnsatisfiable: 'ScheduleAnyway',
                labelSelector: { matchLabels: selectorLabels },
              },
            ],
            containers: [container],
          },
        },
      },
    },
  },
];
