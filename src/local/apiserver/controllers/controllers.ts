import type { KubeObject } from '../object.ts';
import type { ServerContext } from '../rest/context.ts';
import { create } from '../rest/write.ts';

export interface Controllers {
  stop(): void;
}

const initialNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** Starts what a control plane runs beside the API: here, all in process and driven by the store's events. */
export function startControllers(context: ServerContext): Controllers {
  const type = context.registry.find('', 'v1', 'namespaces')!;
  for (const name of initialNamespaces) {
    if (context.store.get('namespaces', '', name) !== undefined) continue;
    const object: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    create(context, type, '', object, {
      dryRun: false,
      fieldManager: 'promfleet-local',
      fieldValidation: 'Ignore',
      force: false,
      warnings: [],
    });
  }
  return { stop: () => {} };
}
