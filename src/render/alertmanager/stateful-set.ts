import type { AlertmanagerSpec, MonitoringStack } from '../../crds/monitoring-stack.ts';
import {
  alertmanagerIndexName,
  alertmanagerName,
  childLabels,
  governingServiceName,
  mountPaths,
  podSelector,
  ports,
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
import { alertmanagerArgs } from './flags.ts';
import { meshPortName } from './network.ts';
import { defaultVersion } from './version.ts';

const defaultRegistry = 'quay.io';

/** Time to tell the other members of leaving and to write silences and notification log. */
const terminationGraceSeconds = 60;

const podAddress = { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } } as const;

/** The members of the cluster. The template says nothing about configuration content. */
export function renderAlertmanagerStatefulSet(
  stack: MonitoringStack,
  agentImage: string,
): { readonly manifest: Manifest; readonly faults: readonly RenderFault[] } {
  const spec = stack.spec.alertmanager ?? {};
  const stackName = stack.metadata.name;
  const selector = podSelector(stackName, 'alertmanager');
  const { args, faults: flagFaults } = alertmanagerArgs(stack);
  const data = dataVolume(spec.storage, selector);
  const bare: PodTemplate = {
    metadata: {
      labels: childLabels(stackName, 'alertmanager'),
      annotations: { 'kubectl.kubernetes.io/default-container': 'alertmanager' },
    },
    spec: compact({
      serviceAccountName: alertmanagerName(stackName),
      automountServiceAccountToken: true,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: terminationGraceSeconds,
      securityContext: podSecurityContext,
      topologySpreadConstraints: softSpread(selector),
      imagePullSecrets: stack.spec.imagePullSecrets,
      initContainers: agentContainers({
        stack,
        server: 'alertmanager',
        agentImage,
        indexName: alertmanagerIndexName(stackName),
      }),
      containers: [serverContainer(stack, spec, args)],
      volumes: [configVolume, ...data.volumes],
    }),
  };
  const { template, faults } = mergePodTemplate(bare, spec.podTemplate, 'spec.alertmanager.podTemplate');
  const manifest: Manifest = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: childMetadata(stack, alertmanagerName(stackName), { server: 'alertmanager' }),
    spec: compact({
      serviceName: governingServiceName(stackName, 'alertmanager'),
      replicas: spec.replicas ?? 3,
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

function serverContainer(stack: MonitoringStack, spec: AlertmanagerSpec, args: readonly string[]) {
  const image = imageReference(spec.image ?? `prometheus/alertmanager:${spec.version ?? defaultVersion}`, {
    registry: stack.spec.imageRegistry,
    ...(spec.image === undefined ? { defaultRegistry } : {}),
  });
  const port = ports.alertmanager.name;
  const { name: mesh, number: meshNumber } = ports.gossip;
  return compact({
    name: 'alertmanager',
    image,
    command: ['alertmanager'],
    args,
    env: [...downwardEnvironment, podAddress],
    ports: [
      { name: port, containerPort: ports.alertmanager.number },
      { name: meshPortName(mesh, 'TCP'), containerPort: meshNumber, protocol: 'TCP' },
      { name: meshPortName(mesh, 'UDP'), containerPort: meshNumber, protocol: 'UDP' },
    ],
    volumeMounts: [
      { name: 'config', mountPath: mountPaths.config, readOnly: true },
      { name: 'data', mountPath: mountPaths.data },
    ],
    ...httpProbes(port, { periodSeconds: 3, failureThreshold: 5 }),
    resources: spec.resources,
    securityContext: containerSecurityContext,
    terminationMessagePolicy: 'FallbackToLogsOnError',
  });
}
