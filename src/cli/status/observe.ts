import { kinds } from '../../crds/kinds.ts';
import { apiVersion } from '../../crds/metadata.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isNotFound } from '../../kube/errors.ts';
import { listAll } from '../../kube/list.ts';
import type { KindRef, KubeObject } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resources.ts';
import type { ObservedCluster } from './picture.ts';

/** Our kinds, so that reading them needs no discovery. */
export const ownResources: readonly ResourceType[] = kinds.map(({ kind, plural }) => ({
  apiVersion,
  kind,
  plural,
  namespaced: true,
}));

/** Reads everything that the picture shows, page by page. A kind that is not installed counts as having no objects. */
export async function observeCluster(
  client: KubeClient,
  namespace: string | undefined,
  signal: AbortSignal | undefined,
): Promise<ObservedCluster> {
  const list = async (ref: KindRef, labelSelector?: string) =>
    await listKind(client, ref, { namespace, labelSelector, signal });
  const [stacks, ruleSets, routes, silences, policies, pods] = await Promise.all([
    list({ apiVersion, kind: 'MonitoringStack' }),
    list({ apiVersion, kind: 'AlertRuleSet' }),
    list({ apiVersion, kind: 'AlertRoute' }),
    list({ apiVersion, kind: 'Silence' }),
    list({ apiVersion, kind: 'RetentionPolicy' }),
    list({ apiVersion: 'v1', kind: 'Pod' }, 'promfleet.dev/stack'),
  ]);
  // The server has checked the shapes against our own schemas.
  return { stacks, ruleSets, routes, silences, policies, pods } as unknown as ObservedCluster;
}

interface Scope {
  readonly namespace: string | undefined;
  readonly labelSelector: string | undefined;
  readonly signal: AbortSignal | undefined;
}

async function listKind(client: KubeClient, ref: KindRef, scope: Scope): Promise<readonly KubeObject[]> {
  const { namespace, labelSelector, signal } = scope;
  const selection = {
    ...ref,
    ...(namespace === undefined ? {} : { namespace }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
  };
  try {
    return (await listAll<KubeObject>(client, selection, signal === undefined ? {} : { signal })).items;
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}
