import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { compactorName, mountPaths, podSelector, ports, reportName, retentionName } from '../names.ts';
import { imageReference } from '../workload/image.ts';
import {
  childMetadata,
  compact,
  type Manifest,
  type RenderFault,
  stackNamespace,
} from '../workload/manifest.ts';
import { objectStoreAccess } from '../workload/object-store.ts';
import { claimRetention, dataVolume } from '../workload/pod.ts';
import { serverContainer, serverTemplate } from '../workload/server.ts';
import { identityVolume } from '../workload/tls.ts';
import { agentRules } from '../workload/transport.ts';
import { compactorArgs, hasCompactor } from './flags.ts';

const rbac = 'rbac.authorization.k8s.io';

/** Time to end what is being written; a block that is not finished is begun anew. */
const terminationGraceSeconds = 60;

/**
 * Every object of the stack's compactor, in the order in which they are applied. A StatefulSet of one pod: Kubernetes then
 * never runs two of them. It may read the stack's retention document and fill its own report, nothing else. Nothing for
 * a stack without a bucket.
 */
export function renderCompactor(input: {
  readonly stack: MonitoringStack;
  /** Image of promfleet, as pinned for this stack; `spec.compactor.image` goes before it. */
  readonly agentImage: string;
  /** Whether its endpoint speaks TLS. */
  readonly tls?: boolean;
}): { readonly manifests: readonly Manifest[]; readonly faults: readonly RenderFault[] } {
  const { stack, agentImage, tls = false } = input;
  if (!hasCompactor(stack)) return { manifests: [], faults: [] };
  const stackName = stack.metadata.name;
  const name = compactorName(stackName);
  const metadata = childMetadata(stack, name, { server: 'compactor' });
  const selector = podSelector(stackName, 'compactor');
  const { name: port, number } = ports.compactor;
  const report = reportName(`${name}-0`);
  const { manifest, faults } = statefulSet(stack, agentImage, selector, tls);
  const rules = agentRules({
    indexes: [retentionName(stackName)],
    configMapSlots: [],
    secretSlots: [],
    reports: [report],
  });
  return {
    manifests: [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata, automountServiceAccountToken: false },
      { apiVersion: `${rbac}/v1`, kind: 'Role', metadata, rules },
      {
        apiVersion: `${rbac}/v1`,
        kind: 'RoleBinding',
        metadata,
        roleRef: { apiGroup: rbac, kind: 'Role', name },
        subjects: [{ kind: 'ServiceAccount', name, namespace: stackNamespace(stack) }],
      },
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: childMetadata(stack, report, { server: 'compactor' }),
      },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata,
        spec: {
          clusterIP: 'None',
          publishNotReadyAddresses: true,
          selector,
          ports: [{ name: port, port: number, targetPort: port, protocol: 'TCP' }],
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

function statefulSet(
  stack: MonitoringStack,
  agentImage: string,
  selector: Readonly<Record<string, string>>,
  tls: boolean,
): { readonly manifest: Manifest; readonly faults: readonly RenderFault[] } {
  const spec = stack.spec.compactor ?? {};
  const name = compactorName(stack.metadata.name);
  const bucket = objectStoreAccess(stack)!;
  const { args, faults: flagFaults } = compactorArgs(stack, tls);
  const data = dataVolume(spec.storage, selector);
  const identity = identityVolume(stack, 'compactor');
  const { template, faults } = serverTemplate(stack, 'compactor', {
    selector,
    serviceAccount: name,
    token: true,
    tls,
    terminationGraceSeconds,
    container: serverContainer('compactor', {
      image:
        spec.image === undefined
          ? agentImage
          : imageReference(spec.image, { registry: stack.spec.imageRegistry }),
      command: 'promfleet',
      args,
      volumeMounts: [
        bucket.mount('write'),
        { name: 'data', mountPath: mountPaths.data },
        ...(tls ? [identity.mount] : []),
      ],
      tls,
      readiness: { periodSeconds: 5, failureThreshold: 3 },
      resources: spec.resources,
    }),
    volumes: [bucket.volume, ...data.volumes, ...(tls ? [identity.volume] : [])],
  });
  const manifest: Manifest = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: childMetadata(stack, name, { server: 'compactor' }),
    spec: compact({
      serviceName: name,
      replicas: 1,
      updateStrategy: { type: 'RollingUpdate' },
      selector: { matchLabels: selector },
      template,
      volumeClaimTemplates: data.claims,
      persistentVolumeClaimRetentionPolicy: claimRetention(spec.storage),
    }),
  };
  return { manifest, faults: [...flagFaults, ...faults] };
}
