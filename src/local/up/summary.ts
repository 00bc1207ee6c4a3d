import type { Service } from '../node/types.ts';

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
 * Where people reach what runs, of Services with an address. `portOf` gives the real port of a Service's port.
 */
export function addressesOf(
  services: readonly Service[],
  portOf: (service: Service, port: number) => number,
): readonly Address[] {
  return services
    .flatMap((service) => {
      const { namespace = '', name = '', labels = {}, annotations = {} } = service.metadata;
      const { clusterIP, ports = [] } = service.spec;
      const known = annotations[titleAnnotation] ?? titles[labels['app.kubernetes.io/name'] ?? ''];
      const port = ports.find((candidate) => (candidate.protocol ?? 'TCP') === 'TCP');
      if (known === undefined || port === undefined || !clusterIP?.startsWith('127.')) return [];
      return [
        {
          title: `${known} (${namespace}/${name})`,
          url: `http://${clusterIP}:${portOf(service, port.port)}`,
        },
      ];
    })
    .sort((a, b) => (a.title < b.title ? -1 : 1));
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
