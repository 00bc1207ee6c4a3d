import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { podSelector, ports, queryName } from '../names.ts';
import { imageReference } from '../workload/image.ts';
import { childMetadata, type Manifest, type RenderFault } from '../workload/manifest.ts';
import { objectStoreAccess } from '../workload/object-store.ts';
import { serverContainer, serverTemplate } from '../workload/server.ts';
import { identityVolume } from '../workload/tls.ts';
import { accessVolumes, readsTokens } from './access.ts';
import { type QueryTransport, queryArgs, queryReplicas } from './flags.ts';

/** The Deployment of the query servers. They keep nothing, so a new one is ready before an old one goes. */
export function renderQueryDeployment(
  stack: MonitoringStack,
  agentImage: string,
  transport: QueryTransport,
): { readonly manifest: Manifest; readonly faults: readonly RenderFault[] } {
  const spec = stack.spec.query ?? {};
  const { name } = stack.metadata;
  const bucket = objectStoreAccess(stack);
  const selector = podSelector(name, 'query');
  const { args, faults: flagFaults } = queryArgs(stack, transport);
  const { tls } = transport;
  const identity = identityVolume(stack, 'query');
  const access = tls ? accessVolumes(stack) : [];
  const mounts = [
    ...(bucket === undefined ? [] : [bucket.mount('read')]),
    ...(tls ? [identity.mount] : []),
    ...access.map(({ mount }) => mount),
  ];
  const volumes = [
    ...(bucket === undefined ? [] : [bucket.volume]),
    ...(tls ? [identity.volume] : []),
    ...access.map(({ volume }) => volume),
  ];
  const { template, faults } = serverTemplate(stack, 'query', {
    selector,
    serviceAccount: queryName(name),
    token: tls && readsTokens(stack),
    tls,
    container: serverContainer('query', {
      image:
        spec.image === undefined
          ? agentImage
          : imageReference(spec.image, { registry: stack.spec.imageRegistry }),
      command: 'promfleet',
      args,
      ...(tls ? { morePorts: [{ name: ports.loopback.name, containerPort: ports.loopback.query }] } : {}),
      volumeMounts: mounts.length === 0 ? undefined : mounts,
      tls,
      readiness: { periodSeconds: 5, failureThreshold: 3 },
      resources: spec.resources,
    }),
    volumes: volumes.length === 0 ? undefined : volumes,
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
