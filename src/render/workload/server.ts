/** The container, the pod template and the StatefulSet of a server, where Prometheus, Alertmanager and the query server are alike. */
import type { MonitoringStack, ResourceRequirements, StorageSpec } from '../../crds/monitoring-stack.ts';
import {
  type Component,
  childLabels,
  governingServiceName,
  mountPaths,
  ports,
  type Server,
} from '../names.ts';
import { imageReference } from './image.ts';
import { childMetadata, compact, type Manifest, type RenderFault } from './manifest.ts';
import {
  claimRetention,
  configVolume,
  containerSecurityContext,
  dataVolume,
  podSecurityContext,
  softSpread,
} from './pod.ts';
import { mergePodTemplate, type PodTemplate } from './pod-template-merge.ts';
import { schemeAnnotation, serverReadyPath } from './tls.ts';

const upstreamRegistry = 'quay.io';

/** The image of the upstream project at `version`, from the stack's registry; an image that the stack names goes before it. */
export function upstreamImage(
  stack: MonitoringStack,
  server: { readonly image?: string | undefined; readonly repository: string; readonly version: string },
): string {
  const registry = stack.spec.imageRegistry;
  return server.image === undefined
    ? imageReference(`${server.repository}:${server.version}`, {
        registry,
        defaultRegistry: upstreamRegistry,
      })
    : imageReference(server.image, { registry });
}

/** A busy node may take minutes to start a program; liveness is asked for after that. */
const patientStart = { periodSeconds: 1, timeoutSeconds: 3, failureThreshold: 300 } as const;

/** Where a server with a reloader finds its files and keeps its data. */
export const configAndData = [
  { name: 'config', mountPath: mountPaths.config, readOnly: true },
  { name: 'data', mountPath: mountPaths.data },
] as const;

/** The container of one server, which is named as its component and listens on that component's port. */
export function serverContainer(
  component: Component,
  of: {
    readonly image: string;
    readonly command: string;
    readonly args: readonly string[];
    readonly env?: readonly unknown[];
    readonly morePorts?: readonly unknown[];
    readonly volumeMounts?: readonly unknown[] | undefined;
    /** Whether it asks its clients for certificates. */
    readonly tls?: boolean;
    /** Timing of a startup probe, for a server that may take long before it answers. */
    readonly startup?: Readonly<Record<string, number>>;
    readonly readiness: { readonly periodSeconds: number; readonly failureThreshold: number };
    readonly resources: ResourceRequirements | undefined;
  },
): Readonly<Record<string, unknown>> {
  const { name: port, number } = ports[component];
  const probes = probesOf(component, of.tls === true);
  return compact({
    name: component,
    image: of.image,
    command: [of.command],
    args: of.args,
    env: of.env,
    ports: [{ name: port, containerPort: number }, ...(of.morePorts ?? [])],
    volumeMounts: of.volumeMounts,
    startupProbe:
      of.startup === undefined ? { ...probes.live, ...patientStart } : { ...probes.ready, ...of.startup },
    livenessProbe: { ...probes.live, periodSeconds: 10, timeoutSeconds: 3, failureThreshold: 6 },
    readinessProbe: {
      ...probes.ready,
      periodSeconds: of.readiness.periodSeconds,
      timeoutSeconds: 3,
      failureThreshold: of.readiness.failureThreshold,
    },
    resources: of.resources,
    securityContext: containerSecurityContext,
    terminationMessagePolicy: 'FallbackToLogsOnError',
  });
}

/**
 * What the kubelet asks. It has no certificate: a Prometheus or Alertmanager that asks for one is asked by its reloader, and
 * lives while it listens; promfleet's own servers answer these paths to anybody.
 */
function probesOf(component: Component, tls: boolean) {
  const { name: port } = ports[component];
  const get = (path: string, on: string | number = port) => ({
    httpGet: { path, port: on, ...(tls ? { scheme: 'HTTPS' } : {}) },
  });
  if (tls && (component === 'prometheus' || component === 'alertmanager'))
    return { ready: get(serverReadyPath, ports.reloader.number), live: { tcpSocket: { port } } };
  return { ready: get('/-/ready'), live: get('/-/healthy') };
}

/** The pod template of one server, the stack's own patch applied. A refused patch leaves the template as it is. */
export function serverTemplate(
  stack: MonitoringStack,
  component: Component,
  of: {
    readonly selector: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
    readonly serviceAccount: string;
    /** Whether the pod's agents speak to the API. */
    readonly token: boolean;
    /** Whether its ports are spoken to by TLS. */
    readonly tls?: boolean;
    readonly terminationGraceSeconds?: number;
    readonly initContainers?: readonly Readonly<Record<string, unknown>>[];
    readonly container: Readonly<Record<string, unknown>>;
    readonly volumes?: readonly unknown[] | undefined;
  },
): { readonly template: PodTemplate; readonly faults: readonly RenderFault[] } {
  const bare: PodTemplate = {
    metadata: {
      labels: { ...childLabels(stack.metadata.name, component), ...of.labels },
      annotations: {
        'kubectl.kubernetes.io/default-container': component,
        ...(of.tls === true ? { [schemeAnnotation]: 'https' } : {}),
      },
    },
    spec: compact({
      serviceAccountName: of.serviceAccount,
      automountServiceAccountToken: of.token,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: of.terminationGraceSeconds,
      securityContext: podSecurityContext,
      topologySpreadConstraints: softSpread(of.selector),
      imagePullSecrets: stack.spec.imagePullSecrets,
      initContainers: of.initContainers,
      containers: [of.container],
      volumes: of.volumes,
    }) as PodTemplate['spec'],
  };
  return mergePodTemplate(bare, stack.spec[component]?.podTemplate, `spec.${component}.podTemplate`);
}

/** The StatefulSet of a server that has a reloader and keeps data. Its pods come and go in any order, one at a time when they are replaced. */
export function serverStatefulSet(
  stack: MonitoringStack,
  server: Server,
  of: Omit<Parameters<typeof serverTemplate>[2], 'token' | 'volumes'> & {
    readonly name: string;
    readonly replicas: number;
    readonly storage: StorageSpec | undefined;
    readonly moreVolumes?: readonly unknown[];
    /** Labels of the claims: they outlive the StatefulSet. */
    readonly claimLabels: Readonly<Record<string, string>>;
  },
): { readonly manifest: Manifest; readonly faults: readonly RenderFault[] } {
  const data = dataVolume(of.storage, of.claimLabels);
  const { template, faults } = serverTemplate(stack, server, {
    ...of,
    token: true,
    volumes: [configVolume, ...data.volumes, ...(of.moreVolumes ?? [])],
  });
  const manifest: Manifest = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: childMetadata(stack, of.name, {
      server,
      ...(of.labels === undefined ? {} : { labels: of.labels }),
    }),
    spec: compact({
      serviceName: governingServiceName(stack.metadata.name, server),
      replicas: of.replicas,
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'RollingUpdate' },
      selector: { matchLabels: of.selector },
      template,
      volumeClaimTemplates: data.claims,
      persistentVolumeClaimRetentionPolicy: claimRetention(of.storage),
    }),
  };
  return { manifest, faults };
}
