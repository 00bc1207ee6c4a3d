import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { mountPaths, podSelector, queryName } from '../names.ts';
import { imageReference } from '../workload/image.ts';
import { childMetadata, type Manifest, type RenderFault } from '../workload/manifest.ts';
import { serverContainer, serverTemplate } from '../workload/server.ts';
import { objectStoreFile, queryArgs, queryReplicas } from './flags.ts';

/** The Deployment of the query servers. They keep nothing, so a new one is ready before an old one goes. */
export function renderQueryDeployment(
  stack: MonitoringStack,
  agentImage: string,
): { readonly manifest: Manifest; readonly faults: readonly RenderFault[] } {
  const spec = stack.spec.query ?? {};
  const { name } = stack.metadata;
  const bucket = stack.spec.objectStore?.secretRef;
  const selector = podSelector(name, 'query');
  const { args, faults: flagFaults } = queryArgs(stack);
  const { template, faults } = serverTemplate(stack, 'query', {
    selector,
    serviceAccount: queryName(name),
    token: false,
    container: serverContainer('query', {
      image:
        spec.image === undefined
          ? agentImage
          : imageReference(spec.image, { registry: stack.spec.imageRegistry }),
      command: 'promfleet',
      args,
      volumeMounts: bucket && [{ name: 'objstore', mountPath: mountPaths.objectStore, readOnly: true }],
      readiness: { periodSeconds: 5, failureThreshold: 3 },
      resources: spec.resources,
    }),
    volumes: bucket && [
      {
        name: 'objstore',
        secret: {
          secretName: bucket.name,
          items: [{ key: bucket.key ?? objectStoreFile, path: objectStoreFile }],
        },
      },
    ],
  });
  const manifest: Manifest = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: childMetadata(stack, queryName(name), { server: 'query' }),
    spec: {
      replicas: queryReplicas(stack),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      selector: { matchLabels: selector },
      template,
    },
  };
  return { manifest, faults: [...flagFaults, ...faults] };
}
