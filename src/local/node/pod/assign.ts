import { declaredPorts, portMapAnnotation } from '../plan/port-map.ts';
import type { Pod } from '../types.ts';
import type { AddressBook } from './addresses.ts';

/** Binds a new pod to this node; where pods share one address, its ports get free numbers. */
export async function assignPod(pod: Pod, nodeName: string, addresses: AddressBook): Promise<Pod> {
  const bound = { ...pod, spec: { ...pod.spec, nodeName } };
  if (!addresses.shared) return bound;
  const { namespace = '', name = '' } = pod.metadata;
  const map = new Map<number, number>();
  for (const port of declaredPorts(pod)) map.set(port, await addresses.port('pod', namespace, name, port));
  const mapped = <T extends Pod['spec']['containers'][number]>(container: T): T => ({
    ...container,
    ...(container.ports === undefined
      ? {}
      : {
          ports: container.ports.map((port) => ({
            ...port,
            containerPort: map.get(port.containerPort) ?? port.containerPort,
          })),
        }),
  });
  return {
    ...bound,
    metadata: {
      ...pod.metadata,
      annotations: {
        ...mappedAnnotations(pod, map),
        [portMapAnnotation]: JSON.stringify(Object.fromEntries(map)),
      },
    },
    spec: {
      ...bound.spec,
      containers: pod.spec.containers.map(mapped),
      ...(pod.spec.initContainers === undefined
        ? {}
        : { initContainers: pod.spec.initContainers.map(mapped) }),
    },
  };
}

/** `prometheus.io/port` names a declared port by number. */
function mappedAnnotations(pod: Pod, map: ReadonlyMap<number, number>): Readonly<Record<string, string>> {
  const { annotations = {} } = pod.metadata;
  const free = map.get(Number(annotations['prometheus.io/port']));
  return free === undefined ? annotations : { ...annotations, 'prometheus.io/port': String(free) };
}
