import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findConnection } from '../kube/connect.ts';
import type { ClusterConnection } from '../kube/connection.ts';
import type { CliIo } from './io.ts';

/** Where `promfleet local` leaves its kubeconfig. */
const localKubeconfig = join('.promfleet', 'kubeconfig');

/** The API server that a command which only looks speaks to: as asked, else that of a local control plane here, else as kubectl. */
export async function clusterConnection(
  options: { readonly kubeconfig?: string; readonly context?: string },
  io: Pick<CliIo, 'cwd' | 'env'>,
): Promise<ClusterConnection> {
  const local = join(io.cwd, localKubeconfig);
  const kubeconfig = options.kubeconfig ?? (existsSync(local) ? local : undefined);
  return await findConnection({
    env: io.env,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(options.context === undefined ? {} : { context: options.context }),
  });
}
