/** What differs between the servers, apart from their HTTP API. */
import type { Server } from '../../render/names.ts';

export interface ServerKind {
  /** Without this file the server cannot start. */
  readonly mainFile: string;
  /** Files that the server takes or refuses independently of each other. */
  readonly divisible: (path: string) => boolean;
  /** Whether the server finds its targets through the API and needs a kubeconfig. */
  readonly discovers: boolean;
}

export const serverKinds: Readonly<Record<Server, ServerKind>> = {
  prometheus: {
    mainFile: 'prometheus.yaml',
    divisible: (path) => path.startsWith('rules/'),
    discovers: true,
  },
  // Routes, receivers, templates and secrets refer to each other: all or nothing.
  alertmanager: { mainFile: 'alertmanager.yaml', divisible: () => false, discovers: false },
};

/** Written beside the bundle's files by the agent itself. */
export const kubeconfigFile = 'kubeconfig';
