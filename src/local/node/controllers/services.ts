import type { Reconciler } from '../../../controllers/controller.ts';
import { isAlreadyExists } from '../../../kube/errors.ts';
import { listAll } from '../../../kube/list.ts';
import { keyOf, refOf } from '../../../kube/object.ts';
import { endpointSlicesFor, endpointsFor } from '../plan/endpoints.ts';
import { sameValue } from '../plan/revision.ts';
import type { EndpointSlice, Service } from '../types.ts';
import { fieldManager, type NodeContext } from './context.ts';

/** What a Service needs on the machine: an address, and something that forwards to its endpoints. */
export interface ServiceProxy {
  address(namespace: string, name: string): string;
  /** Makes the forwarders of a Service fit its ports and endpoints. Rejects when an address is taken. */
  update(service: Service, slices: readonly EndpointSlice[]): Promise<void>;
  remove(key: string): Promise<void>;
}

/** Gives Services an address, keeps their EndpointSlices and Endpoints, and the forwarders behind the address. */
export function serviceReconciler(context: NodeContext, proxy: ServiceProxy): Reconciler {
  return {
    async reconcile(key) {
      const service = context.caches.services.store.get(key);
      if (service === undefined || service.metadata.deletionTimestamp !== undefined) {
        await proxy.remove(key);
        return undefined;
      }
      const { namespace = '', name = '' } = service.metadata;
      const { clusterIP, type } = service.spec;
      if (type !== 'ExternalName' && (clusterIP === undefined || clusterIP === '')) {
        const address = proxy.address(namespace, name);
        await context.client.mergePatch(
          refOf(service),
          { spec: { clusterIP: address, clusterIPs: [address] } },
          { fieldManager },
        );
        return undefined;
      }
      const slices = endpointSlicesFor(service, context.caches.pods.store.list(namespace));
      await writeEndpoints(context, service, slices);
      if (clusterIP === 'None' || clusterIP === undefined) await proxy.remove(key);
      else await proxy.update(service, slices);
      return undefined;
    },
  };
}

async function writeEndpoints(
  context: NodeContext,
  service: Service,
  slices: readonly EndpointSlice[],
): Promise<void> {
  const { namespace = '', name = '' } = service.metadata;
  const kind = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' };
  const labelSelector = `kubernetes.io/service-name=${name},endpointslice.kubernetes.io/managed-by=promfleet-node`;
  const { items: present } = await listAll<EndpointSlice>(context.client, {
    ...kind,
    namespace,
    labelSelector,
  });
  const wanted = new Map(slices.map((slice) => [keyOf(slice), slice]));
  for (const slice of present) {
    if (!wanted.has(keyOf(slice))) await context.client.delete({ ...kind, ...refOf(slice) });
  }
  for (const slice of slices) {
    const old = present.find((candidate) => keyOf(candidate) === keyOf(slice));
    if (old === undefined) {
      try {
        await context.client.create(slice, { fieldManager });
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
    } else if (
      !sameValue(
        [old.endpoints, old.ports, old.metadata.labels],
        [slice.endpoints, slice.ports, slice.metadata.labels],
      )
    ) {
      await context.client.update(
        { ...slice, metadata: { ...slice.metadata, ...version(old) } },
        { fieldManager },
      );
    }
  }
  if (slices.length === 0) return;
  const endpoints = endpointsFor(service, slices);
  const ref = { apiVersion: 'v1', kind: 'Endpoints', namespace, name };
  const old = await context.client.find<typeof endpoints>(ref);
  if (old === undefined) await context.client.create(endpoints, { fieldManager });
  else if (!sameValue(old.subsets ?? [], endpoints.subsets)) {
    await context.client.update(
      { ...endpoints, metadata: { ...endpoints.metadata, ...version(old) } },
      { fieldManager },
    );
  }
}

function version(object: { metadata: { resourceVersion?: string } }): { resourceVersion?: string } {
  const { resourceVersion } = object.metadata;
  return resourceVersion === undefined ? {} : { resourceVersion };
}
