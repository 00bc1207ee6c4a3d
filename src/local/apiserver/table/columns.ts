import type { Column } from '../kinds/resource-type.ts';
import { type KubeObject, listAt, numberAt, objectAt, stringAt, valueAt } from '../object.ts';
import { labelSelectorText } from '../rest/label-selector.ts';
import { ageText } from './age.ts';

type Value = Column['value'];

const none = '<none>';

export const column = (name: string, value: Value, options: Partial<Column> = {}): Column => ({
  name,
  type: 'string',
  priority: 0,
  value,
  ...options,
});

export const nameColumn = column('Name', (object) => object.metadata.name ?? '', {
  format: 'name',
  description:
    'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
});

export const ageColumn = column('Age', (object, nowMs) =>
  ageText(object.metadata.creationTimestamp ?? undefined, nowMs),
);

const number = (name: string, value: Value) => column(name, value, { type: 'integer' });
const wide = (name: string, value: Value) => column(name, value, { priority: 1 });
const text =
  (...path: string[]): Value =>
  (object) =>
    stringAt(object, ...path) ?? none;
const count = (value: unknown) => Object.keys(value ?? {}).length;
const joined = (values: readonly unknown[]) => (values.length === 0 ? none : values.join(','));

function podReady(pod: KubeObject): string {
  const statuses = listAt(pod, 'status', 'containerStatuses');
  const sidecars = sidecarStatuses(pod);
  const total = listAt(pod, 'spec', 'containers').length + sidecars.length;
  const ready = [...statuses, ...sidecars].filter((status) => valueAt(status, 'ready') === true).length;
  return `${ready}/${total}`;
}

function sidecarStatuses(pod: KubeObject): readonly unknown[] {
  const sidecars = new Set(
    listAt(pod, 'spec', 'initContainers')
      .filter((container) => valueAt(container, 'restartPolicy') === 'Always')
      .map((container) => valueAt(container, 'name')),
  );
  return listAt(pod, 'status', 'initContainerStatuses').filter((status) =>
    sidecars.has(valueAt(status, 'name')),
  );
}

/** The one word that `kubectl get pods` shows: the most telling of phase, waiting and ending reasons. */
function podStatus(pod: KubeObject): string {
  const base = stringAt(pod, 'status', 'reason') ?? stringAt(pod, 'status', 'phase') ?? 'Unknown';
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating';
  const init = listAt(pod, 'status', 'initContainerStatuses');
  const total = listAt(pod, 'spec', 'initContainers').length;
  for (const [index, status] of init.entries()) {
    const finished = numberAt(status, 'state', 'terminated', 'exitCode') === 0;
    if (finished || valueAt(status, 'started') === true) continue;
    const terminated = objectAt(status, 'state', 'terminated');
    if (terminated !== undefined)
      return `Init:${stringAt(terminated, 'reason') ?? `ExitCode:${numberAt(terminated, 'exitCode')}`}`;
    const waiting = stringAt(status, 'state', 'waiting', 'reason');
    return waiting !== undefined && waiting !== 'PodInitializing'
      ? `Init:${waiting}`
      : `Init:${index}/${total}`;
  }
  let reason = base;
  for (const status of [...listAt(pod, 'status', 'containerStatuses')].reverse()) {
    const waiting = stringAt(status, 'state', 'waiting', 'reason');
    const terminated = objectAt(status, 'state', 'terminated');
    if (waiting) reason = waiting;
    else if (terminated !== undefined)
      reason = stringAt(terminated, 'reason') ?? `ExitCode:${numberAt(terminated, 'exitCode')}`;
  }
  return reason;
}

function podRestarts(pod: KubeObject, nowMs: number): string {
  const statuses = [...listAt(pod, 'status', 'containerStatuses'), ...sidecarStatuses(pod)];
  const restarts = statuses.reduce<number>((sum, status) => sum + (numberAt(status, 'restartCount') ?? 0), 0);
  const last = statuses
    .map((status) => stringAt(status, 'lastState', 'terminated', 'finishedAt') ?? '')
    .sort()
    .at(-1);
  return restarts > 0 && last ? `${restarts} (${ageText(last, nowMs)} ago)` : String(restarts);
}

const containers = (path: readonly string[]): readonly Column[] => [
  wide('Containers', (object) =>
    joined(listAt(object, ...path, 'containers').map((item) => stringAt(item, 'name'))),
  ),
  wide('Images', (object) =>
    joined(listAt(object, ...path, 'containers').map((item) => stringAt(item, 'image'))),
  ),
];

const selectorColumn = wide(
  'Selector',
  (object) => labelSelectorText(valueAt(object, 'spec', 'selector')) || none,
);

function servicePorts(service: KubeObject): string {
  return joined(
    listAt(service, 'spec', 'ports').map((port) => {
      const node = numberAt(port, 'nodePort');
      return `${numberAt(port, 'port')}${node ? `:${node}` : ''}/${stringAt(port, 'protocol')}`;
    }),
  );
}

function endpointAddresses(object: KubeObject): string {
  const pairs = listAt(object, 'subsets').flatMap((subset) =>
    listAt(subset, 'ports').flatMap((port) =>
      listAt(subset, 'addresses').map((address) => `${stringAt(address, 'ip')}:${numberAt(port, 'port')}`),
    ),
  );
  return pairs.length > 3 ? `${pairs.slice(0, 3).join(',')} + ${pairs.length - 3} more...` : joined(pairs);
}

/** Columns by kind; a kind without an entry shows name and age of creation. */
export const builtinColumns: Readonly<Record<string, readonly Column[]>> = {
  Namespace: [nameColumn, column('Status', text('status', 'phase')), ageColumn],
  Pod: [
    nameColumn,
    column('Ready', podReady),
    column('Status', podStatus),
    column('Restarts', podRestarts),
    ageColumn,
    wide('IP', text('status', 'podIP')),
    wide('Node', text('spec', 'nodeName')),
    wide('Nominated Node', text('status', 'nominatedNodeName')),
    wide('Readiness Gates', () => none),
  ],
  Service: [
    nameColumn,
    column('Type', text('spec', 'type')),
    column('Cluster-IP', text('spec', 'clusterIP')),
    column(
      'External-IP',
      (object) => stringAt(object, 'spec', 'externalName') ?? joined(listAt(object, 'spec', 'externalIPs')),
    ),
    column('Port(s)', servicePorts),
    ageColumn,
    wide('Selector', (object) =>
      joined(
        Object.entries(objectAt(object, 'spec', 'selector') ?? {}).map(([key, value]) => `${key}=${value}`),
      ),
    ),
  ],
  Endpoints: [nameColumn, column('Endpoints', endpointAddresses), ageColumn],
  EndpointSlice: [
    nameColumn,
    column('AddressType', text('addressType')),
    column('Ports', (object) => joined(listAt(object, 'ports').map((port) => numberAt(port, 'port')))),
    column('Endpoints', (object) =>
      joined(listAt(object, 'endpoints').flatMap((endpoint) => listAt(endpoint, 'addresses'))),
    ),
    ageColumn,
  ],
  ConfigMap: [
    nameColumn,
    column('Data', (object) => count(object.data) + count(object.binaryData)),
    ageColumn,
  ],
  Secret: [
    nameColumn,
    column('Type', text('type')),
    number('Data', (object) => count(object.data)),
    ageColumn,
  ],
  ServiceAccount: [nameColumn, number('Secrets', (object) => listAt(object, 'secrets').length), ageColumn],
  PersistentVolumeClaim: [
    nameColumn,
    column('Status', (object) =>
      object.metadata.deletionTimestamp === undefined ? text('status', 'phase')(object, 0) : 'Terminating',
    ),
    column('Volume', (object) => stringAt(object, 'spec', 'volumeName') ?? ''),
    column('Capacity', (object) => stringAt(object, 'status', 'capacity', 'storage') ?? ''),
    column('Access Modes', (object) => listAt(object, 'status', 'accessModes').map(modeText).join(',')),
    column('StorageClass', (object) => stringAt(object, 'spec', 'storageClassName') ?? ''),
    column('VolumeAttributesClass', () => '<unset>'),
    ageColumn,
    wide('VolumeMode', text('spec', 'volumeMode')),
  ],
  Event: [
    column('Last Seen', (object, nowMs) =>
      ageText(
        stringAt(object, 'lastTimestamp') ??
          stringAt(object, 'eventTime') ??
          object.metadata.creationTimestamp ??
          undefined,
        nowMs,
      ),
    ),
    column('Type', text('type')),
    column('Reason', text('reason')),
    column(
      'Object',
      (object) =>
        `${(stringAt(object, 'involvedObject', 'kind') ?? '').toLowerCase()}/${stringAt(object, 'involvedObject', 'name') ?? ''}`,
    ),
    wide('Subobject', (object) => stringAt(object, 'involvedObject', 'fieldPath') ?? ''),
    wide(
      'Source',
      (object) => stringAt(object, 'source', 'component') ?? stringAt(object, 'reportingComponent') ?? '',
    ),
    column('Message', (object) => (stringAt(object, 'message') ?? '').trim()),
    wide('First Seen', (object, nowMs) =>
      ageText(stringAt(object, 'firstTimestamp') ?? stringAt(object, 'eventTime'), nowMs),
    ),
    wide('Count', (object) => String(numberAt(object, 'count') ?? 1)),
    { ...nameColumn, priority: 1 },
  ],
  Node: [
    nameColumn,
    column('Status', (object) =>
      listAt(object, 'status', 'conditions').some(
        (item) => stringAt(item, 'type') === 'Ready' && stringAt(item, 'status') === 'True',
      )
        ? 'Ready'
        : 'NotReady',
    ),
    column('Roles', () => none),
    ageColumn,
    column('Version', (object) => stringAt(object, 'status', 'nodeInfo', 'kubeletVersion') ?? ''),
    wide(
      'Internal-IP',
      (object) =>
        stringAt(
          listAt(object, 'status', 'addresses').find((item) => stringAt(item, 'type') === 'InternalIP'),
          'address',
        ) ?? none,
    ),
    wide('OS-Image', (object) => stringAt(object, 'status', 'nodeInfo', 'osImage') ?? '<unknown>'),
  ],
  StatefulSet: [
    nameColumn,
    column(
      'Ready',
      (object) =>
        `${numberAt(object, 'status', 'readyReplicas') ?? 0}/${numberAt(object, 'spec', 'replicas') ?? 0}`,
    ),
    ageColumn,
    ...containers(['spec', 'template', 'spec']),
  ],
  Deployment: [
    nameColumn,
    column(
      'Ready',
      (object) =>
        `${numberAt(object, 'status', 'readyReplicas') ?? 0}/${numberAt(object, 'spec', 'replicas') ?? 0}`,
    ),
    column('Up-to-date', (object) => String(numberAt(object, 'status', 'updatedReplicas') ?? 0)),
    column('Available', (object) => String(numberAt(object, 'status', 'availableReplicas') ?? 0)),
    ageColumn,
    ...containers(['spec', 'template', 'spec']),
    selectorColumn,
  ],
  ReplicaSet: [
    nameColumn,
    number('Desired', (object) => numberAt(object, 'spec', 'replicas') ?? 0),
    number('Current', (object) => numberAt(object, 'status', 'replicas') ?? 0),
    number('Ready', (object) => numberAt(object, 'status', 'readyReplicas') ?? 0),
    ageColumn,
    ...containers(['spec', 'template', 'spec']),
    selectorColumn,
  ],
  PodDisruptionBudget: [
    nameColumn,
    column('Min Available', (object) => String(valueAt(object, 'spec', 'minAvailable') ?? 'N/A')),
    column('Max Unavailable', (object) => String(valueAt(object, 'spec', 'maxUnavailable') ?? 'N/A')),
    number('Allowed Disruptions', (object) => numberAt(object, 'status', 'disruptionsAllowed') ?? 0),
    ageColumn,
  ],
  NetworkPolicy: [
    nameColumn,
    column('Pod-Selector', (object) => labelSelectorText(valueAt(object, 'spec', 'podSelector')) || none),
    ageColumn,
  ],
  Role: [nameColumn, column('Created At', (object) => object.metadata.creationTimestamp ?? '')],
  ClusterRole: [nameColumn, column('Created At', (object) => object.metadata.creationTimestamp ?? '')],
  RoleBinding: [
    nameColumn,
    column(
      'Role',
      (object) => `${stringAt(object, 'roleRef', 'kind')}/${stringAt(object, 'roleRef', 'name')}`,
    ),
    ageColumn,
  ],
  ClusterRoleBinding: [
    nameColumn,
    column(
      'Role',
      (object) => `${stringAt(object, 'roleRef', 'kind')}/${stringAt(object, 'roleRef', 'name')}`,
    ),
    ageColumn,
  ],
  Lease: [
    nameColumn,
    column('Holder', (object) => stringAt(object, 'spec', 'holderIdentity') ?? ''),
    ageColumn,
  ],
  StorageClass: [
    nameColumn,
    column('Provisioner', text('provisioner')),
    column('ReclaimPolicy', text('reclaimPolicy')),
    column('VolumeBindingMode', text('volumeBindingMode')),
    column('AllowVolumeExpansion', (object) => String(object.allowVolumeExpansion ?? false)),
    ageColumn,
  ],
  CustomResourceDefinition: [
    nameColumn,
    column('Created At', (object) => object.metadata.creationTimestamp ?? ''),
  ],
};

const modeNames: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};
const modeText = (mode: unknown) => modeNames[String(mode)] ?? String(mode);

export const defaultColumns: readonly Column[] = [
  nameColumn,
  column('Created At', (object) => object.metadata.creationTimestamp ?? ''),
];
