import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { podSelector, queryName } from '../names.ts';
import { imageReference } from '../workload/image.ts';
import { childMetadata, type Manifest, type RenderFault } from '../workload/manifest.ts';
import { objectStoreAccess } from '../workload/object-store.ts';
import { serverContainer, serverTemplate } from '../workload/server.ts';
import { queryArgs, queryReplicas } from './flags.ts';

/** The Deployment of the query servers. They keep nothing, so a new one is ready before an old one goes. */
export function renderQueryDeployment(
  stack: MonitoringStack,
  agentImage: string,
): { readonly manifest: Manifest; readonly faults: readonly RenderFault[] } {
  const spec = stack.spec.query ?? {};
  const { name } = stack.metadata;
  const bucket = objectStoreAccess(stack);
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
      volumeMounts: bucket && [bucket.mount('read')],
      readiness: { periodSeconds: 5, failureThreshold: 3 },
      resources: spec.resources,
    }),
    volumes: bucket && [bucket.volume],
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
