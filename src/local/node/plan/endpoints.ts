import { controllerReference } from '../../../kube/object.ts';
import type { EndpointSlice, Pod, Service, ServicePort } from '../types.ts';
import { isFinished, isReady, isTerminating } from './pod-facts.ts';
import { mappedPort } from './port-map.ts';
import { canonicalJson, revisionHash } from './revision.ts';

type Endpoint = EndpointSlice['endpoints'][number];

/**
 * The EndpointSlices of a Service with a selector; none for one without. Pods that give the same port numbers share a
 * slice. A headless Service's pods are listed as well, as service discovery reads them.
 */
export function endpointSlicesFor(service: Service, pods: readonly Pod[]): readonly EndpointSlice[] {
  const selector = service.spec.selector;
  if (selector === undefined || Object.keys(selector).length === 0) return [];
  const chosen = pods
    .filter((pod) => matches(selector, pod) && !isFinished(pod) && pod.status?.podIP !== undefined)
    .sort((a, b) => (a.metadata.name ?? '').localeCompare(b.metadata.name ?? ''));
  const groups = new Map<string, { ports: EndpointSlice['ports']; pods: Pod[] }>();
  for (const pod of chosen) {
    const ports = portsOf(service, pod);
    const key = canonicalJson(ports);
    const group = groups.get(key) ?? { ports, pods: [] };
    group.pods.push(pod);
    groups.set(key, group);
  }
  if (groups.size === 0) groups.set('', { ports: [], pods: [] });
  return [...groups.values()].map(({ ports, pods: members }) => sliceOf(service, ports, members));
}

function sliceOf(service: Service, ports: EndpointSlice['ports'], pods: readonly Pod[]): EndpointSlice {
  const { name = '', namespace = '' } = service.metadata;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-${revisionHash(ports).slice(0, 5)}`,
      namespace,
      labels: {
        ...service.metadata.labels,
        'kubernetes.io/service-name': name,
        'endpointslice.kubernetes.io/managed-by': 'promfleet-node',
        ...(service.spec.clusterIP === 'None' ? { 'service.kubernetes.io/headless': '' } : {}),
      },
      ownerReferences: [controllerReference(service)],
    },
    addressType: 'IPv4',
    endpoints: pods.map((pod) => endpointOf(service, pod)),
    ports,
  };
}

function endpointOf(service: Service, pod: Pod): Endpoint {
  const serving = isReady(pod);
  const terminating = isTerminating(pod);
  const published = service.spec.publishNotReadyAddresses === true;
  return {
    addresses: [pod.status?.podIP ?? ''],
    conditions: { ready: (serving && !terminating) || published, serving: serving || published, terminating },
    ...(pod.spec.hostname !== undefined && pod.spec.subdomain === service.metadata.name
      ? { hostname: pod.spec.hostname }
      : {}),
    ...(pod.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    targetRef: {
      kind: 'Pod',
      namespace: service.metadata.namespace ?? '',
      name: pod.metadata.name ?? '',
      uid: pod.metadata.uid ?? '',
    },
  };
}

/** The older Endpoints object of the same facts, which kubectl and older discoveries still read. */
export function endpointsFor(service: Service, slices: readonly EndpointSlice[]): EndpointsObject {
  const address = (endpoint: Endpoint) => ({
    ip: endpoint.addresses[0] ?? '',
    ...(endpoint.hostname === undefined ? {} : { hostname: endpoint.hostname }),
    ...(endpoint.nodeName === undefined ? {} : { nodeName: endpoint.nodeName }),
    targetRef: endpoint.targetRef,
  });
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      name: service.metadata.name ?? '',
      namespace: service.metadata.namespace ?? '',
      ...(service.metadata.labels === undefined ? {} : { labels: service.metadata.labels }),
      ownerReferences: [controllerReference(service)],
    },
    subsets: slices
      .filter((slice) => slice.endpoints.length > 0)
      .map((slice) => {
        const ready = slice.endpoints.filter((endpoint) => endpoint.conditions.ready).map(address);
        const notReady = slice.endpoints.filter((endpoint) => !endpoint.conditions.ready).map(address);
        return {
          ...(ready.length === 0 ? {} : { addresses: ready }),
          ...(notReady.length === 0 ? {} : { notReadyAddresses: notReady }),
          ports: slice.ports.map(({ name, ...port }) => (name === '' ? port : { name, ...port })),
        };
      }),
  };
}

export interface EndpointsObject {
  readonly apiVersion: 'v1';
  readonly kind: 'Endpoints';
  readonly metadata: EndpointSlice['metadata'];
  readonly subsets: readonly Record<string, unknown>[];
}

function portsOf(service: Service, pod: Pod): EndpointSlice['ports'] {
  return (service.spec.ports ?? []).flatMap((port) => {
    const number = targetPort(port, pod);
    return number === null ? [] : [{ name: port.name ?? '', port: number, protocol: port.protocol ?? 'TCP' }];
  });
}

/** Port of the pod behind a Service's port; a named port is looked up in the pod's containers. */
export function targetPort(port: ServicePort, pod: Pod): number | null {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return mappedPort(pod, target);
  for (const container of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
    const named = container.ports?.find((candidate) => candidate.name === target);
    if (named !== undefined) return named.containerPort;
  }
  return null;
}

function matches(selector: Readonly<Record<string, string>>, pod: Pod): boolean {
  return Object.entries(selector).every(([key, value]) => pod.metadata.labels?.[key] === value);
}
