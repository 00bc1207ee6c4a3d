import { ports } from '../../render/names.ts';
import type { Pod, Service } from '../node/types.ts';

export interface Address {
  readonly title: string;
  readonly url: string;
}

const titles: Readonly<Record<string, string>> = {
  prometheus: 'Prometheus',
  alertmanager: 'Alertmanager',
  'promfleet-query': 'Query',
};
/** A Service may say under which name it is shown. */
export const titleAnnotation = 'local.promfleet.dev/title';
/** A pod may ask for its log to be shown in the foreground of `local up`. */
export const showLogAnnotation = 'local.promfleet.dev/show-log';

/**
 * Where people reach what runs, of Services with an address. `portOf` gives the real port of a Service's port. A server that
 * asks for certificates is read where its pod lets this machine's user in without one.
 */
export function addressesOf(
  services: readonly Service[],
  pods: readonly Pod[],
  portOf: (service: Service, port: number) => number,
): readonly Address[] {
  return services
    .flatMap((service) => {
      const { namespace = '', name = '', labels = {}, annotations = {} } = service.metadata;
      const { clusterIP, ports: own = [] } = service.spec;
      const known = annotations[titleAnnotation] ?? titles[labels['app.kubernetes.io/name'] ?? ''];
      const port = own.find((candidate) => (candidate.protocol ?? 'TCP') === 'TCP');
      if (known === undefined || port === undefined || !clusterIP?.startsWith('127.')) return [];
      const url = loopbackOf(service, pods) ?? `http://${clusterIP}:${portOf(service, port.port)}`;
      return [{ title: `${known} (${namespace}/${name})`, url }];
    })
    .sort((a, b) => (a.title < b.title ? -1 : 1));
}

/** The first pod behind a Service that has a port for reading on loopback. */
function loopbackOf({ metadata, spec }: Service, pods: readonly Pod[]): string | undefined {
  const selector = Object.entries(spec.selector ?? {});
  const found = pods
    .filter(
      (pod) =>
        pod.metadata.namespace === metadata.namespace &&
        selector.length > 0 &&
        selector.every(([key, value]) => pod.metadata.labels?.[key] === value),
    )
    .flatMap((pod) => {
      const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
      const port = containers
        .flatMap((each) => each.ports ?? [])
        .find(({ name }) => name === ports.loopback.name);
      const address = pod.status?.podIP;
      return port === undefined || address === undefined
        ? []
        : [{ name: pod.metadata.name ?? '', url: `http://${address}:${port.containerPort}` }];
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return found[0]?.url;
}

export function summaryText(
  addresses: readonly Address[],
  facts: { kubeconfig: string; seconds: string; shared: boolean },
): string {
  const width = Math.max(12, ...addresses.map(({ title }) => title.length));
  const rows = [...addresses.map(({ title, url }) => [title, url]), ['kubeconfig', facts.kubeconfig]];
  return [
    '',
    ...rows.map(([title = '', value = '']) => `  ${title.padEnd(width)}  ${value}`),
    '',
    `  export KUBECONFIG=${facts.kubeconfig}`,
    '  kubectl get mstack,ars,aroute,sil --all-namespaces',
    '',
    `ready after ${facts.seconds}s. Notifications appear below; Ctrl-C ends, data is kept.`,
    '',
  ].join('\n');
}
