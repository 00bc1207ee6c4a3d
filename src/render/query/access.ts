/** Who may read through the query servers, as `spec.access` says: options and mounted files. */
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { mountPaths } from '../names.ts';
import { stackNamespace } from '../workload/manifest.ts';

const folder = '/etc/promfleet/access';
const files = { basic: 'users', clientCa: 'ca.crt' } as const;

/** Whether tokens of Kubernetes are taken: then the pod speaks to the API. */
export function readsTokens({ spec }: MonitoringStack): boolean {
  return spec.access?.tokens?.enabled === true;
}

/** Options of `promfleet query`. */
export function accessArgs(stack: MonitoringStack): readonly string[] {
  const { anonymous, basic, clientCa, proxyHeaders } = stack.spec.access ?? {};
  const { name } = stack.metadata;
  return [
    ...(anonymous === true ? ['--access-anonymous'] : []),
    ...(basic === undefined ? [] : [`--access-basic-file=${folder}/basic/${files.basic}`]),
    ...(clientCa === undefined ? [] : [`--access-client-ca-file=${folder}/client-ca/${files.clientCa}`]),
    ...(proxyHeaders === undefined
      ? []
      : [
          `--access-proxy-user-header=${proxyHeaders.userHeader ?? 'X-Forwarded-User'}`,
          ...proxyHeaders.proxies.map((proxy) => `--access-proxy=${proxy}`),
        ]),
    ...(readsTokens(stack)
      ? [
          `--access-tokens-for=${stackNamespace(stack)}/${name}`,
          `--service-account-dir=${mountPaths.serviceAccount}`,
        ]
      : []),
  ];
}

/** Files behind these options; a changed one is in use without a restart. */
export function accessVolumes({ spec }: MonitoringStack) {
  const { basic, clientCa } = spec.access ?? {};
  const secret = (
    name: string,
    at: string,
    from: { readonly name: string; readonly key: string },
    path: string,
  ) => ({
    volume: { name, secret: { secretName: from.name, items: [{ key: from.key, path }] } },
    mount: { name, mountPath: `${folder}/${at}`, readOnly: true },
  });
  return [
    ...(basic === undefined ? [] : [secret('access-basic', 'basic', basic, files.basic)]),
    ...(clientCa === undefined ? [] : [secret('access-client-ca', 'client-ca', clientCa, files.clientCa)]),
  ];
}
