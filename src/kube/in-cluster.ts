import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { CodedError } from '../base/errors.ts';
import type { ClusterConnection } from './connection.ts';

/** Where the kubelet mounts a pod's token, CA and namespace. */
export const serviceAccountDir = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface InClusterOptions {
  /** KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT of the pod's environment. */
  readonly host: string | undefined;
  readonly port: string | undefined;
  readonly serviceAccountDir?: string;
}

/**
 * The connection of a pod by its service account. The token is read anew on every use of credentials: the kubelet
 * replaces it before it expires. A service account without `ca.crt` is spoken to over plain HTTP, and only on loopback.
 */
export async function inClusterConnection(options: InClusterOptions): Promise<ClusterConnection> {
  const dir = options.serviceAccountDir ?? serviceAccountDir;
  const { host, port } = options;
  if (host === undefined || host === '' || port === undefined || port === '') {
    throw new CodedError(
      'KubeconfigInvalid',
      'not inside a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set',
    );
  }
  const ca = await readOptional(join(dir, 'ca.crt'));
  if (ca === undefined && !isLoopback(host)) {
    throw new CodedError(
      'KubeconfigInvalid',
      `${join(dir, 'ca.crt')}: no certificate authority to verify ${host} with`,
    );
  }
  const scheme = ca === undefined ? 'http' : 'https';
  return {
    server: `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    namespace: (await readOptional(join(dir, 'namespace')))?.trim() ?? 'default',
    async credentials() {
      const [token, currentCa] = await Promise.all([
        readOptional(join(dir, 'token')),
        readOptional(join(dir, 'ca.crt')),
      ]);
      return {
        headers: token === undefined ? {} : { authorization: `Bearer ${token.trim()}` },
        tls: currentCa === undefined ? {} : { ca: currentCa },
      };
    },
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
