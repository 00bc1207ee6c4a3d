import type { KindRef, ObjectRef } from './object.ts';

/** How a kind is addressed over REST. */
export interface ResourceType extends KindRef {
  /** Lower-case plural as in the URL. */
  readonly plural: string;
  readonly namespaced: boolean;
}

const namespaced = true;
const clusterScoped = false;

/** [apiVersion, kind, plural, scope] of the built-in kinds that promfleet reads or writes; others are discovered. */
const builtInRows: readonly (readonly [string, string, string, boolean])[] = [
  ['v1', 'ConfigMap', 'configmaps', namespaced],
  ['v1', 'Endpoints', 'endpoints', namespaced],
  ['v1', 'Event', 'events', namespaced],
  ['v1', 'Namespace', 'namespaces', clusterScoped],
  ['v1', 'Node', 'nodes', clusterScoped],
  ['v1', 'PersistentVolume', 'persistentvolumes', clusterScoped],
  ['v1', 'PersistentVolumeClaim', 'persistentvolumeclaims', namespaced],
  ['v1', 'Pod', 'pods', namespaced],
  ['v1', 'Secret', 'secrets', namespaced],
  ['v1', 'Service', 'services', namespaced],
  ['v1', 'ServiceAccount', 'serviceaccounts', namespaced],
  ['apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'customresourcedefinitions', clusterScoped],
  ['apps/v1', 'ControllerRevision', 'controllerrevisions', namespaced],
  ['apps/v1', 'DaemonSet', 'daemonsets', namespaced],
  ['apps/v1', 'Deployment', 'deployments', namespaced],
  ['apps/v1', 'ReplicaSet', 'replicasets', namespaced],
  ['apps/v1', 'StatefulSet', 'statefulsets', namespaced],
  ['authentication.k8s.io/v1', 'TokenReview', 'tokenreviews', clusterScoped],
  ['authorization.k8s.io/v1', 'SubjectAccessReview', 'subjectaccessreviews', clusterScoped],
  ['batch/v1', 'Job', 'jobs', namespaced],
  ['coordination.k8s.io/v1', 'Lease', 'leases', namespaced],
  ['discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices', namespaced],
  ['events.k8s.io/v1', 'Event', 'events', namespaced],
  ['networking.k8s.io/v1', 'Ingress', 'ingresses', namespaced],
  ['networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', namespaced],
  ['policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets', namespaced],
  ['rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles', clusterScoped],
  ['rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'clusterrolebindings', clusterScoped],
  ['rbac.authorization.k8s.io/v1', 'Role', 'roles', namespaced],
  ['rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings', namespaced],
  ['storage.k8s.io/v1', 'StorageClass', 'storageclasses', clusterScoped],
];

export const builtInResources: readonly ResourceType[] = builtInRows.map(
  ([apiVersion, kind, plural, isNamespaced]) => ({ apiVersion, kind, plural, namespaced: isNamespaced }),
);

/** The key of a kind in lookup tables. */
export function kindKey(ref: KindRef): string {
  return `${ref.apiVersion}/${ref.kind}`;
}

/** `/api/v1` or `/apis/GROUP/VERSION`. */
export function groupVersionPath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

/** The URL path of all objects of a kind, in one namespace or (namespace absent) everywhere. */
export function collectionPath(type: ResourceType, namespace: string | undefined): string {
  const scope =
    type.namespaced && namespace !== undefined && namespace !== ''
      ? `/namespaces/${encodeURIComponent(namespace)}`
      : '';
  return `${groupVersionPath(type.apiVersion)}${scope}/${type.plural}`;
}

/** The URL path of one object or one of its subresources. */
export function objectPath(
  type: ResourceType,
  ref: Pick<ObjectRef, 'namespace' | 'name'>,
  subresource?: string,
): string {
  const path = `${collectionPath(type, ref.namespace)}/${encodeURIComponent(ref.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}
