/**
 * How the parts of a stack know each other: each server asks its clients for a certificate of the stack's authority, and no
 * port of a pod answers anybody else. The keys travel with the configuration into pods that have a reloader, and are
 * mounted into those that have none.
 */
import { dump } from 'js-yaml';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { BundleFile } from '../bundle/slot.ts';
import {
  dataKeys,
  identitiesName,
  identityKey,
  identityName,
  mountPaths,
  ports,
  type Role,
  type Server,
} from '../names.ts';
import { stackNamespace } from './manifest.ts';

/** Pod template of a workload, as far as it is not the stack's own: raised whenever a rendered template would change. */
export const templateSchemas = { plain: 1, tls: 2 } as const;
/** What a new stack gets. */
export const newestTemplateSchema: number = templateSchemas.plain;

/** Files of an identity below the configuration folder, and in its mounted volume. */
export const identityFolder = 'tls';
export const identityFiles = { identity: 'identity.pem', authorities: 'ca.crt' } as const;
export const webConfigPath = 'web.yaml';
export const gossipConfigPath = 'gossip.yaml';

/** Says of a pod by which scheme its ports are spoken to; absent: http. */
export const schemeAnnotation = 'promfleet.dev/scheme';
export const schemeLabel = '__meta_kubernetes_pod_annotation_promfleet_dev_scheme';

/** Path of the reloader's endpoint that answers as its server's own readiness: the kubelet has no certificate. */
export const serverReadyPath = '/server/-/ready';

/** Whether a workload of this template schema speaks TLS. */
export function speaksTls({ spec }: MonitoringStack, schema: number): boolean {
  const mode = spec.tls?.mode;
  return mode === undefined ? schema >= templateSchemas.tls : mode === 'Required';
}

/** Whether the parts of a stack have certificates. */
export function hasIdentities({ spec }: MonitoringStack): boolean {
  const mode = spec.tls?.mode;
  return mode === undefined ? newestTemplateSchema >= templateSchemas.tls : mode === 'Required';
}

export function serverNameOf(stack: MonitoringStack, role?: Role): string {
  return identityName(stackNamespace(stack), stack.metadata.name, role);
}

/** Who may speak to which server. */
const clients: Readonly<Record<Server | 'gossip', readonly Role[]>> = {
  prometheus: ['prometheus', 'query', 'operator'],
  alertmanager: ['prometheus', 'alertmanager', 'operator'],
  gossip: ['alertmanager'],
};

/** Files of a server with a reloader: its identity, and how it is to ask for those of its clients. */
export function tlsFiles(
  stack: MonitoringStack,
  server: Server,
  identity: { readonly authorities: string; readonly pem: string },
): readonly BundleFile[] {
  const at = (name: string) => `${identityFolder}/${name}`;
  const files = [
    { path: at(identityFiles.identity), content: identity.pem },
    { path: at(identityFiles.authorities), content: identity.authorities },
    { path: webConfigPath, content: toText({ tls_server_config: serverSection(stack, server) }) },
  ];
  if (server === 'prometheus') return files;
  const gossip = {
    tls_server_config: { ...serverSection(stack, 'gossip'), min_version: 'TLS12' },
    tls_client_config: clientTls(stack),
  };
  return [...files, { path: gossipConfigPath, content: toText(gossip) }];
}

function serverSection(stack: MonitoringStack, of: Server | 'gossip'): Record<string, unknown> {
  const { ca_file, cert_file, key_file } = clientTls(stack);
  return {
    cert_file,
    key_file,
    client_ca_file: ca_file,
    client_auth_type: 'RequireAndVerifyClientCert',
    client_allowed_sans: clients[of].map((role) => serverNameOf(stack, role)),
  };
}

/** `tls_config` of Prometheus's client, in a file of the configuration folder: by relative paths. */
export function clientTls(stack: MonitoringStack) {
  const file = `${identityFolder}/${identityFiles.identity}`;
  return {
    ca_file: `${identityFolder}/${identityFiles.authorities}`,
    cert_file: file,
    key_file: file,
    server_name: serverNameOf(stack),
  } as const;
}

/** Flags of Prometheus and of Alertmanager. */
export const webConfigArg = `--web.config.file=${mountPaths.config}/${webConfigPath}`;
export const gossipConfigArg = `--cluster.tls-config=${mountPaths.config}/${gossipConfigPath}`;

/** Options of the reloader beside a server. */
export function reloaderTlsArgs(stack: MonitoringStack, server: Server): readonly string[] {
  return [
    `--tls-dir=${mountPaths.config}/${identityFolder}`,
    `--tls-name=${serverNameOf(stack)}`,
    `--tls-client=${serverNameOf(stack, 'prometheus')}`,
    `--tls-client=${serverNameOf(stack, 'operator')}`,
    `--loopback-listen=127.0.0.1:${ports.loopback[server]}`,
  ];
}

/** Options of promfleet's own servers. */
export function ownServerTlsArgs(stack: MonitoringStack): readonly string[] {
  return [
    `--tls-dir=${mountPaths.identity}`,
    `--tls-name=${serverNameOf(stack)}`,
    ...(['prometheus', 'query', 'operator'] as const).map(
      (role) => `--tls-client=${serverNameOf(stack, role)}`,
    ),
  ];
}

/** The identity of a role as a volume. */
export function identityVolume(stack: MonitoringStack, role: Role) {
  const { identity, authorities } = identityFiles;
  return {
    volume: {
      name: 'identity',
      secret: {
        secretName: identitiesName(stack.metadata.name),
        items: [
          { key: identityKey(role), path: identity },
          { key: dataKeys.authorities, path: authorities },
        ],
      },
    },
    mount: { name: 'identity', mountPath: mountPaths.identity, readOnly: true },
  } as const;
}

function toText(value: unknown): string {
  return dump(value, { noRefs: true, lineWidth: -1 });
}
