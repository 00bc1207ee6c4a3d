import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../base/errors.ts';
import { KubeClient, type KubeClientOptions } from './client.ts';
import type { ClusterConnection } from './connection.ts';
import { inClusterConnection } from './in-cluster.ts';
import { kubeconfigConnection } from './kubeconfig.ts';
import { UndiciTransport } from './undici-transport.ts';

export interface ConnectOptions {
  /** A kubeconfig file; without it KUBECONFIG, then the pod's service account, then ~/.kube/config. */
  readonly kubeconfig?: string;
  readonly context?: string;
  /** The process environment, from main. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly serviceAccountDir?: string;
}

/** Finds the API server to talk to. Of a KUBECONFIG list the first existing file is read. */
export async function findConnection(options: ConnectOptions): Promise<ClusterConnection> {
  const { env } = options;
  const context = options.context === undefined ? {} : { context: options.context };
  if (options.kubeconfig !== undefined) return await kubeconfigConnection(options.kubeconfig, context);
  for (const path of (env.KUBECONFIG ?? '').split(':')) {
    if (path !== '' && (await exists(path))) return await kubeconfigConnection(path, context);
  }
  if (env.KUBERNETES_SERVICE_HOST !== undefined && env.KUBERNETES_SERVICE_HOST !== '') {
    return await inClusterConnection({
      host: env.KUBERNETES_SERVICE_HOST,
      port: env.KUBERNETES_SERVICE_PORT,
      ...(options.serviceAccountDir === undefined ? {} : { serviceAccountDir: options.serviceAccountDir }),
    });
  }
  const path = join(env.HOME ?? '/', '.kube', 'config');
  if (await exists(path)) return await kubeconfigConnection(path, context);
  throw new CodedError(
    'KubeconfigInvalid',
    `no API server known: no --kubeconfig, no KUBECONFIG, not in a pod, no ${path}`,
    {
      action:
        'Name a kubeconfig, or start a local control plane: promfleet local up, or make up in a checkout.',
    },
  );
}

/** A client over real sockets. */
export function connect(
  connection: ClusterConnection,
  options: Omit<KubeClientOptions, 'transport'>,
): KubeClient {
  return new KubeClient({
    ...options,
    transport: new UndiciTransport(connection, options.clock),
  });
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
