import type { ObjectReader } from '../../controllers/object-store.ts';
import type { AddressBook } from './pod/addresses.ts';
import type { Pod, Service } from './types.ts';

/**
 * What a cluster's DNS answers for `service.namespace.svc` and `pod.service.namespace.svc`, with or without
 * `cluster.local`; null for any other name. A pod's name is answered before the pod runs: its address is known.
 */
export function resolveServiceName(
  name: string,
  port: number | null,
  known: { services: ObjectReader<Service>; pods: ObjectReader<Pod>; addresses: AddressBook },
): { host: string; port: number | null } | null {
  const labels = name
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/\.cluster\.local$/, '')
    .split('.');
  if (labels.pop() !== 'svc' || labels.length < 2 || labels.length > 3) return null;
  const [namespace = '', serviceName = '', podName] = labels.reverse();
  const { addresses } = known;
  if (podName !== undefined) {
    const host = addresses.pod(namespace, podName);
    return { host, port: port === null ? null : addresses.knownPort('pod', namespace, podName, port) };
  }
  const service = known.services.get(`${namespace}/${serviceName}`);
  if (service === undefined) return null;
  if (service.spec.clusterIP !== 'None') {
    const host = service.spec.clusterIP?.startsWith('127.')
      ? service.spec.clusterIP
      : addresses.service(namespace, serviceName);
    return {
      host,
      port: port === null ? null : addresses.knownPort('service', namespace, serviceName, port),
    };
  }
  const selector = Object.entries(service.spec.selector ?? {});
  const pod = known.pods
    .list(namespace)
    .filter((candidate) => candidate.status?.podIP !== undefined)
    .find((candidate) => selector.every(([key, value]) => candidate.metadata.labels?.[key] === value));
  if (pod === undefined) return null;
  const host = pod.status?.podIP ?? '';
  return {
    host,
    port: port === null ? null : addresses.knownPort('pod', namespace, pod.metadata.name ?? '', port),
  };
}
