import type { Pod } from '../types.ts';

/**
 * Where the machine has one loopback address only (macOS without aliases), pods share it and each declared port gets
 * a free number. The binding step writes the free numbers into `containerPort`, so service discovery finds them, and
 * keeps `declared -> free` in this annotation for everything that names the declared number.
 */
export const portMapAnnotation = 'local.promfleet.dev/port-map';

export function portMapOf(pod: Pod): ReadonlyMap<number, number> {
  const text = pod.metadata.annotations?.[portMapAnnotation];
  if (text === undefined) return new Map();
  const entries = Object.entries(JSON.parse(text) as Record<string, number>);
  return new Map(entries.map(([declared, free]) => [Number(declared), free]));
}

/** The number a declared port really has on this machine. */
export function mappedPort(pod: Pod, port: number): number {
  return portMapOf(pod).get(port) ?? port;
}

/** The ports that a pod declares, each once. */
export function declaredPorts(pod: Pod): readonly number[] {
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  return [
    ...new Set(containers.flatMap((container) => (container.ports ?? []).map((port) => port.containerPort))),
  ];
}
