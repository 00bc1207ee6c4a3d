import type { MonitoringStack, PrometheusSpec } from '../../crds/monitoring-stack.ts';
import {
  childLabels,
  governingServiceName,
  labelKeys,
  mountPaths,
  podSelector,
  ports,
  prometheusIndexName,
  prometheusName,
  prometheusShardName,
} from '../names.ts';
import { imageReference } from '../workload/image.ts';
import { childMetadata, compact, type Manifest, type RenderFault } from '../workload/manifest.ts';
import {
  agentContainers,
  claimRetention,
  configVolume,
  containerSecurityContext,
  dataVolume,
  downwardEnvironment,
  httpProbes,
  podSecurityContext,
  softSpread,
} from '../workload/pod.ts';
import { mergePodTemplate, type PodTemplate } from '../workload/pod-template-merge.ts';
import { prometheusArgs } from './flags.ts';
import { defaultVersion } from './versions.ts';

const defaultRegistry = 'quay.io';

/** Time to write what is in memory and to flush remote writes. */
const terminationGraceSeconds = 300;

/** How long replaying a write-ahead log may take before the pod counts as failed: one hour. */
const startupProbe = { periodSeconds: 1, failureThreshold: 3600, timeoutSeconds: 3 };

/** The StatefulSet of one shard. Its template says nothing about configuration content, rules or targets. */
export function renderStatefulSet(
  stack: MonitoringStack,
  shard: number,
  agentImage: string,
): { readonly manifest: Manifest; readonly faults: readonly RenderFault[] } {
  const spec = stack.spec.prometheus ?? {};
  const stackName = stack.metadata.name;
  const selector = podSelector(stackName, 'prometheus', shard);
  const shardLabel = { [labelKeys.shard]: String(shard) };
  const { args, faults: flagFaults } = prometheusArgs(spec);
  const data = dataVolume(spec.storage, podSelector(stackName, 'prometheus'));
  const bare: PodTemplate = {
    metadata: {
      labels: { ...childLabels(stackName, 'prometheus'), ...shardLabel },
      annotations: { 'kubectl.kubernetes.io/default-container': 'prometheus' },
    },
    spec: compact({
      serviceAccountName: prometheusName(stackName),
      automountServiceAccountToken: true,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: terminationGraceSeconds,
      securityContext: podSecurityContext,
      topologySpreadConstraints: softSpread(selector),
      imagePullSecrets: stack.spec.imagePullSecrets,
      initContainers: agentContainers({
        stack,
        server: 'prometheus',
        agentImage,
        indexName: prometheusIndexName(stackName, shard),
      }),
      containers: [serverContainer(stack, spec, args)],
      volumes: [configVolume, ...data.volumes],
    }),
  };
  const { template, faults } = mergePodTemplate(bare, spec.podTemplate, 'spec.prometheus.podTemplate');
  const manifest: Manifest = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: childMetadata(stack, prometheusShardName(stackName, shard), {
      server: 'prometheus',
      labels: shardLabel,
    }),
    spec: compact({
      serviceName: governingServiceName(stackName, 'prometheus'),
      replicas: spec.replicas ?? 2,
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'RollingUpdate' },
      selector: { matchLabels: selector },
      template,
      volumeClaimTemplates: data.claims,
      persistentVolumeClaimRetentionPolicy: claimRetention(spec.storage),
    }),
  };
  return { manifest, faults: [...flagFaults, ...faults] };
}

function serverContainer(stack: MonitoringStack, spec: PrometheusSpec, args: readonly string[]) {
  const image = imageReference(spec.image ?? `prometheus/prometheus:${spec.version ?? defaultVersion}`, {
    registry: stack.spec.imageRegistry,
    ...(spec.image === undefined ? { defaultRegistry } : {}),
  });
  const port = ports.prometheus.name;
  return compact({
    name: 'prometheus',
    image,
    command: ['prometheus'],
    args,
    env: downwardEnvironment,
    ports: [{ name: port, containerPort: ports.prometheus.number }],
    volumeMounts: [
      { name: 'config', mountPath: mountPaths.config, readOnly: true },
      { name: 'data', mountPath: mountPaths.data },
    ],
    startupProbe: { httpGet: { path: '/-/ready', port }, ...startupProbe },
    ...httpProbes(port, { periodSeconds: 5, failureThreshold: 3 }),
    resources: spec.resources,
    securityContext: containerSecurityContext,
    terminationMessagePolicy: 'FallbackToLogsOnError',
  });
}
