import { type JsonObject, type KubeObject, stringAt, valueAt } from '../object.ts';
import { builtinColumns, defaultColumns } from '../table/columns.ts';
import * as core from './core-strategies.ts';
import {
  apiVersionOf,
  type ResourceType,
  type ScalePaths,
  type Strategy,
  storageKeyOf,
} from './resource-type.ts';
import { TypeNotation } from './type-notation.ts';
import { typeTable } from './type-table.ts';
import * as workload from './workload-strategies.ts';

export const builtinTypes = new TypeNotation(typeTable);

interface Declaration {
  readonly plural: string;
  readonly kind: string;
  readonly cluster?: boolean;
  readonly short?: readonly string[];
  readonly categories?: readonly string[];
  readonly status?: boolean;
  readonly scale?: ScalePaths;
  readonly strategy?: Strategy;
  readonly fields?: ResourceType['selectableFields'];
  readonly schema?: string;
  readonly extra?: Partial<ResourceType>;
}

const field =
  (...path: string[]) =>
  (object: KubeObject): string =>
    String(valueAt(object, ...path) ?? '');

const scale: ScalePaths = {
  specReplicas: ['spec', 'replicas'],
  statusReplicas: ['status', 'replicas'],
  selector: ['spec', 'selector'],
};

const eventFields: ResourceType['selectableFields'] = {
  ...Object.fromEntries(
    ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map((name) => [
      `involvedObject.${name}`,
      field('involvedObject', name),
    ]),
  ),
  reason: field('reason'),
  reportingComponent: field('reportingComponent'),
  source: (object) => stringAt(object, 'source', 'component') ?? '',
  type: field('type'),
};

const replicas = { 'status.replicas': field('status', 'replicas') };
const all = ['all'];

/** Every built-in kind that the server knows, by group and version; docs/local-api.md lists them. */
const declarations: Readonly<Record<string, readonly Declaration[]>> = {
  v1: [
    {
      plural: 'namespaces',
      kind: 'Namespace',
      cluster: true,
      short: ['ns'],
      status: true,
      strategy: core.namespaceStrategy,
      fields: { 'status.phase': field('status', 'phase') },
    },
    {
      plural: 'pods',
      kind: 'Pod',
      short: ['po'],
      categories: all,
      status: true,
      strategy: core.podStrategy,
      fields: {
        'spec.nodeName': field('spec', 'nodeName'),
        'spec.restartPolicy': field('spec', 'restartPolicy'),
        'spec.schedulerName': field('spec', 'schedulerName'),
        'spec.serviceAccountName': field('spec', 'serviceAccountName'),
        'spec.hostNetwork': (object) => String(valueAt(object, 'spec', 'hostNetwork') ?? false),
        'status.phase': field('status', 'phase'),
        'status.podIP': field('status', 'podIP'),
        'status.nominatedNodeName': field('status', 'nominatedNodeName'),
      },
    },
    {
      plural: 'services',
      kind: 'Service',
      short: ['svc'],
      categories: all,
      status: true,
      strategy: core.serviceStrategy,
      fields: { 'spec.clusterIP': field('spec', 'clusterIP'), 'spec.type': field('spec', 'type') },
    },
    { plural: 'endpoints', kind: 'Endpoints', short: ['ep'], strategy: core.endpointsStrategy },
    { plural: 'configmaps', kind: 'ConfigMap', short: ['cm'], strategy: core.configMapStrategy },
    { plural: 'secrets', kind: 'Secret', strategy: core.secretStrategy, fields: { type: field('type') } },
    {
      plural: 'serviceaccounts',
      kind: 'ServiceAccount',
      short: ['sa'],
      strategy: core.serviceAccountStrategy,
    },
    {
      plural: 'persistentvolumeclaims',
      kind: 'PersistentVolumeClaim',
      short: ['pvc'],
      status: true,
      strategy: core.claimStrategy,
    },
    {
      plural: 'persistentvolumes',
      kind: 'PersistentVolume',
      cluster: true,
      short: ['pv'],
      status: true,
      strategy: core.volumeStrategy,
    },
    { plural: 'events', kind: 'Event', short: ['ev'], strategy: core.eventStrategy, fields: eventFields },
    {
      plural: 'nodes',
      kind: 'Node',
      cluster: true,
      short: ['no'],
      status: true,
      strategy: core.nodeStrategy,
      fields: { 'spec.unschedulable': (object) => String(valueAt(object, 'spec', 'unschedulable') ?? false) },
    },
  ],
  'apps/v1': [
    {
      plural: 'statefulsets',
      kind: 'StatefulSet',
      short: ['sts'],
      categories: all,
      status: true,
      scale,
      strategy: workload.statefulSetStrategy,
    },
    {
      plural: 'deployments',
      kind: 'Deployment',
      short: ['deploy'],
      categories: all,
      status: true,
      scale,
      strategy: workload.deploymentStrategy,
    },
    {
      plural: 'replicasets',
      kind: 'ReplicaSet',
      short: ['rs'],
      categories: all,
      status: true,
      scale,
      strategy: workload.replicaSetStrategy,
      fields: replicas,
    },
    { plural: 'controllerrevisions', kind: 'ControllerRevision' },
  ],
  'policy/v1': [
    {
      plural: 'poddisruptionbudgets',
      kind: 'PodDisruptionBudget',
      short: ['pdb'],
      status: true,
      strategy: workload.disruptionBudgetStrategy,
    },
  ],
  'networking.k8s.io/v1': [
    {
      plural: 'networkpolicies',
      kind: 'NetworkPolicy',
      short: ['netpol'],
      strategy: workload.networkPolicyStrategy,
    },
  ],
  'rbac.authorization.k8s.io/v1': [
    { plural: 'roles', kind: 'Role', strategy: workload.roleStrategy },
    { plural: 'rolebindings', kind: 'RoleBinding', strategy: workload.roleBindingStrategy },
    { plural: 'clusterroles', kind: 'ClusterRole', cluster: true, strategy: workload.roleStrategy },
    {
      plural: 'clusterrolebindings',
      kind: 'ClusterRoleBinding',
      cluster: true,
      strategy: workload.roleBindingStrategy,
    },
  ],
  'coordination.k8s.io/v1': [
    { plural: 'leases', kind: 'Lease', strategy: { createOnUpdate: true, needsVersion: true } },
  ],
  'discovery.k8s.io/v1': [
    { plural: 'endpointslices', kind: 'EndpointSlice', strategy: core.endpointSliceStrategy },
  ],
  'storage.k8s.io/v1': [
    {
      plural: 'storageclasses',
      kind: 'StorageClass',
      cluster: true,
      short: ['sc'],
      strategy: workload.storageClassStrategy,
    },
  ],
  'events.k8s.io/v1': [
    {
      plural: 'events',
      kind: 'Event',
      short: ['ev'],
      schema: 'events.Event',
      strategy: core.modernEventStrategy,
      fields: eventFields,
      extra: {
        storageKey: 'events',
        storageApiVersion: 'v1',
        toStorage: toCoreEvent,
        fromStorage: fromCoreEvent,
      },
    },
  ],
};

/** Field names of core/v1 Events and of events.k8s.io/v1, which are one object under two names. */
const eventFieldNames: readonly (readonly [core: string, modern: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['reportingComponent', 'reportingController'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
];

function renamed(
  object: KubeObject,
  apiVersion: string,
  names: readonly (readonly [string, string])[],
): KubeObject {
  const map = new Map(names);
  const result: JsonObject = {};
  for (const [key, value] of Object.entries(object)) result[map.get(key) ?? key] = value;
  const { kind, metadata, apiVersion: _, ...rest } = result as KubeObject;
  return { kind, apiVersion, metadata, ...rest };
}

function toCoreEvent(object: KubeObject): KubeObject {
  return renamed(
    object,
    'v1',
    eventFieldNames.map(([a, b]) => [b, a] as const),
  );
}

function fromCoreEvent(object: KubeObject): KubeObject {
  return renamed(object, 'events.k8s.io/v1', eventFieldNames);
}

export function builtinResources(): readonly ResourceType[] {
  return Object.entries(declarations).flatMap(([groupVersion, list]) => {
    const [version = '', group = ''] = groupVersion.split('/').reverse();
    return list.map(
      (declared): ResourceType => ({
        group,
        version,
        plural: declared.plural,
        singular: declared.kind.toLowerCase(),
        kind: declared.kind,
        listKind: `${declared.kind}List`,
        namespaced: declared.cluster !== true,
        shortNames: declared.short ?? [],
        categories: declared.categories ?? [],
        storageKey: storageKeyOf(group, declared.plural),
        storageApiVersion: apiVersionOf({ group, version }),
        builtin: true,
        schema: builtinTypes.schema(declared.schema ?? declared.kind),
        status: declared.status === true,
        scale: declared.scale,
        columns: builtinColumns[declared.kind] ?? defaultColumns,
        strategy: declared.strategy ?? {},
        selectableFields: declared.fields ?? {},
        ...declared.extra,
      }),
    );
  });
}
