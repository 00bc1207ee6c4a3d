import type { Reconciler } from '../../../controllers/controller.ts';
import { isAlreadyExists } from '../../../kube/errors.ts';
import { type KubeObject, refOf } from '../../../kube/object.ts';
import { fieldManager, type NodeContext } from './context.ts';

/** Binds claims: their volume is a folder of the node, so any claim is satisfied at once. */
export function claimReconciler(context: NodeContext): Reconciler {
  return {
    async reconcile(key) {
      const claim = context.caches.claims.store.get(key);
      if (claim === undefined || claim.metadata.deletionTimestamp !== undefined) return undefined;
      if (claim.spec?.volumeName === undefined || claim.spec.volumeName === '') {
        await context.client.mergePatch(
          refOf(claim),
          { spec: { volumeName: `folder-${claim.metadata.uid}` } },
          { fieldManager },
        );
      }
      const storage = claim.spec?.resources?.requests?.storage;
      if (claim.status?.phase === 'Bound' && claim.status.capacity?.storage === storage) return undefined;
      await context.client.mergePatch(
        refOf(claim),
        {
          status: {
            phase: 'Bound',
            accessModes: claim.spec?.accessModes ?? [],
            ...(storage === undefined ? {} : { capacity: { storage } }),
          },
        },
        { subresource: 'status', fieldManager },
      );
      return undefined;
    },
  };
}

/** Every namespace has a service account for pods that name none, and the authority that pods trust. */
export function namespaceReconciler(context: NodeContext, caCertificate: string): Reconciler {
  return {
    async reconcile(key) {
      const namespace = context.caches.namespaces.store.get(key);
      if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return undefined;
      const account: KubeObject = {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { namespace: key, name: 'default' },
      };
      const authority: KubeObject & { data: Record<string, string> } = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { namespace: key, name: 'kube-root-ca.crt' },
        data: { 'ca.crt': caCertificate },
      };
      for (const object of caCertificate === '' ? [account] : [account, authority]) {
        if ((await context.client.find(refOf(object))) !== undefined) continue;
        try {
          await context.client.create(object, { fieldManager });
        } catch (error) {
          if (!isAlreadyExists(error)) throw error;
        }
      }
      return undefined;
    },
  };
}
