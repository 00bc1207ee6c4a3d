import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { childLabels, containerNames, mountPaths, podSelector, ports, queryName } from '../names.ts';
import { imageReference } from '../workload/image.ts';
import { childMetadata, compact, type Manifest, type RenderFault } from '../workload/manifest.ts';
import { containerSecurityContext, httpProbes, podSecurityContext, softSpread } from '../workload/pod.ts';
import { mergePodTemplate, type PodTemplate } from '../workload/pod-template-merge.ts';
import { objectStoreFile, queryArgs, queryReplicas } from './flags.ts';

/** The Deployment of the query servers. They keep nothing, so a new one is ready before an old one goes. */
export function renderQueryDeployment(
  stack: MonitoringStack,
  agentImage: string,
): { readonly manifest: Manifest; readonly faults: readonly RenderFault[] } {
  const spec = stack.spec.query ?? {};
  const { name: stackName } = stack.metadata;
  const secretRef = stack.spec.objectStore?.secretRef;
  const selector = podSelector(stackName, 'query');
  const { args, faults: flagFaults } = queryArgs(stack);
  const port = ports.query.name;
  const container = compact({
    name: containerNames.query,
    image:
      spec.image === undefined
        ? agentImage
        : imageReference(spec.image, { registry: stack.spec.imageRegistry }),
    command: ['promfleet'],
    args,
    ports: [{ name: port, containerPort: ports.query.number }],
    volumeMounts:
      secretRef === undefined
        ? undefined
        : [{ name: 'objstore', mountPath: mountPaths.objectStore, readOnly: true }],
    ...httpProbes(port, { periodSeconds: 5, failureThreshold: 3 }),
    resources: spec.resources,
    securityContext: containerSecurityContext,
    terminationMessagePolicy: 'FallbackToLogsOnError',
  });
  const bare: PodTemplate = {
    metadata: {
      labels: childLabels(stackName, 'query'),
      annotations: { 'kubectl.kubernetes.io/default-container': containerNames.query },
    },
    spec: compact({
      serviceAccountName: queryName(stackName),
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: podSecurityContext,
      topologySpreadConstraints: softSpread(selector),
      imagePullSecrets: stack.spec.imagePullSecrets,
      containers: [container],
      volumes:
        secretRef === undefined
          ? undefined
          : [
              {
                name: 'objstore',
                secret: {
                  secretName: secretRef.name,
                  items: [{ key: secretRef.key ?? objectStoreFile, path: objectStoreFile }],
                },
              },
            ],
    }),
  };
  const { template, faults } = mergePodTemplate(bare, spec.podTemplate, 'spec.query.podTemplate');
  const manifest: Manifest = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: childMetadata(stack, queryName(stackName), { server: 'query' }),
    spec: {
      replicas: queryReplicas(stack),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      selector: { matchLabels: selector },
      template,
    },
  };
  return { manifest, faults: [...flagFaults, ...faults] };
}
