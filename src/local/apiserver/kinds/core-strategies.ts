import { type FieldFault, fault } from '../api-error.ts';
import {
  equalJson,
  isObject,
  type JsonObject,
  type KubeObject,
  listAt,
  objectAt,
  stringAt,
  valueAt,
} from '../object.ts';
import { labelNameFault } from './names.ts';
import { podFaults } from './pod-check.ts';
import { defaultPodSpec, fallback } from './pod-defaults.ts';
import type { Strategy } from './resource-type.ts';

/** The part of an object below `field`, made when absent. */
export function ensure(object: JsonObject, field: string): JsonObject {
  if (!isObject(object[field])) object[field] = {};
  return object[field] as JsonObject;
}

export const namespaceStrategy: Strategy = {
  admit(object) {
    object.spec = { finalizers: ['kubernetes'] };
  },
  returnsDeleted: true,
  nameFault: labelNameFault,
  prepareCreate(object) {
    object.spec = {};
    object.status = { phase: 'Active' };
  },
  prepareUpdate(object, live) {
    object.spec = live.spec;
    object.status = live.status;
  },
  applyDefaults(object) {
    object.metadata.labels = {
      ...object.metadata.labels,
      'kubernetes.io/metadata.name': object.metadata.name ?? '',
    };
  },
};

const qosClasses = ['cpu', 'memory'];

/** Guaranteed, Burstable or BestEffort, from requests and limits (kubernetes.io, "Pod Quality of Service Classes"). */
function qosClass(spec: JsonObject): string {
  const containers = [...listAt(spec, 'initContainers'), ...listAt(spec, 'containers')];
  const has = (name: 'limits' | 'requests', resource: string) => (container: unknown) =>
    valueAt(container, 'resources', name, resource) !== undefined;
  const any = qosClasses.some(
    (resource) => containers.some(has('limits', resource)) || containers.some(has('requests', resource)),
  );
  if (!any) return 'BestEffort';
  const guaranteed = containers.every((container) =>
    qosClasses.every((resource) => {
      const limit = valueAt(container, 'resources', 'limits', resource);
      const request = valueAt(container, 'resources', 'requests', resource) ?? limit;
      return limit !== undefined && equalJson(limit, request);
    }),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

const finished = new Set(['Failed', 'Succeeded']);

export const podStrategy: Strategy = {
  returnsDeleted: true,
  generation: true,
  prepareCreate(object) {
    object.status = { phase: 'Pending', qosClass: qosClass(ensure(object, 'spec')) };
  },
  prepareUpdate(object, live) {
    object.status = live.status;
  },
  applyDefaults(object) {
    const spec = ensure(object, 'spec');
    defaultPodSpec(spec);
    fallback(spec, 'enableServiceLinks', true);
  },
  admit(object) {
    const spec = ensure(object, 'spec');
    fallback(spec, 'serviceAccountName', 'default');
    fallback(spec, 'serviceAccount', spec.serviceAccountName);
    fallback(spec, 'priority', 0);
    fallback(spec, 'preemptionPolicy', 'PreemptLowerPriority');
  },
  validate: (object) => podFaults(ensure(object, 'spec'), 'spec'),
  validateUpdate(object, live) {
    const open = (spec: unknown) => {
      const {
        containers,
        initContainers,
        activeDeadlineSeconds: _a,
        tolerations: _t,
        terminationGracePeriodSeconds: _g,
        ...rest
      } = (spec ?? {}) as JsonObject;
      const withoutImages = (list: unknown) =>
        Array.isArray(list) ? list.map((container) => ({ ...(container as JsonObject), image: '' })) : list;
      return {
        ...rest,
        containers: withoutImages(containers),
        initContainers: withoutImages(initContainers),
      };
    };
    return equalJson(dropUndefined(open(object.spec)), dropUndefined(open(live.spec)))
      ? []
      : [
          fault.forbidden(
            'spec',
            'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
          ),
        ];
  },
  graceSeconds(object, asked) {
    if (finished.has(stringAt(object, 'status', 'phase') ?? '') || !stringAt(object, 'spec', 'nodeName'))
      return 0;
    const own = valueAt(object, 'spec', 'terminationGracePeriodSeconds');
    return asked ?? (typeof own === 'number' ? own : 30);
  },
};

export const dropUndefined = (value: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined));

export const serviceStrategy: Strategy = {
  returnsDeleted: true,
  nameFault: labelNameFault,
  prepareCreate(object) {
    object.status = { loadBalancer: {} };
  },
  prepareUpdate(object, live) {
    object.status = live.status;
    const spec = ensure(object, 'spec');
    const before = ensure(live, 'spec');
    if (spec.type !== 'ExternalName' && !spec.clusterIP && before.clusterIP) {
      spec.clusterIP = before.clusterIP;
      spec.clusterIPs = before.clusterIPs;
    }
  },
  applyDefaults(object) {
    const spec = ensure(object, 'spec');
    fallback(spec, 'sessionAffinity', 'None');
    fallback(spec, 'type', 'ClusterIP');
    for (const port of listAt(spec, 'ports')) {
      if (!isObject(port)) continue;
      fallback(port, 'protocol', 'TCP');
      fallback(port, 'targetPort', port.port);
    }
    if (spec.type === 'ExternalName') return;
    fallback(spec, 'internalTrafficPolicy', 'Cluster');
  },
  admit(object) {
    const spec = ensure(object, 'spec');
    if (spec.type === 'ExternalName') return;
    fallback(spec, 'ipFamilies', ['IPv4']);
    fallback(spec, 'ipFamilyPolicy', 'SingleStack');
    if (typeof spec.clusterIP === 'string' && spec.clusterIP !== '')
      fallback(spec, 'clusterIPs', [spec.clusterIP]);
  },
  validate(object) {
    const faults: FieldFault[] = [];
    const ports = listAt(object, 'spec', 'ports');
    if (
      ports.length === 0 &&
      stringAt(object, 'spec', 'clusterIP') !== 'None' &&
      stringAt(object, 'spec', 'type') !== 'ExternalName'
    )
      faults.push(fault.required('spec.ports'));
    const inRange = (number: unknown) => typeof number !== 'number' || (number >= 1 && number <= 65535);
    for (const [index, port] of ports.entries()) {
      const at = `spec.ports[${index}]`;
      if (ports.length > 1 && !stringAt(port, 'name')) faults.push(fault.required(`${at}.name`));
      for (const field of ['port', 'targetPort'])
        if (!inRange(valueAt(port, field)))
          faults.push(
            fault.invalid(`${at}.${field}`, valueAt(port, field), 'must be between 1 and 65535, inclusive'),
          );
    }
    const type = stringAt(object, 'spec', 'type');
    const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
    if (type !== undefined && !types.includes(type)) faults.push(fault.unsupported('spec.type', type, types));
    return faults;
  },
  validateUpdate(object, live) {
    const before = stringAt(live, 'spec', 'clusterIP');
    const after = stringAt(object, 'spec', 'clusterIP');
    if (before === undefined || before === after || stringAt(object, 'spec', 'type') === 'ExternalName')
      return [];
    return [fault.invalid('spec.clusterIPs[0]', [after], 'may not change once set')];
  },
};

const dataKey = /^[-._a-zA-Z0-9]+$/;

function dataKeyFaults(object: KubeObject, fields: readonly string[]): FieldFault[] {
  return fields.flatMap((field) =>
    Object.keys(objectAt(object, field) ?? {})
      .filter((key) => !dataKey.test(key) || key === '.' || key === '..' || key.length > 253)
      .map((key) =>
        fault.invalid(
          `${field}[${key}]`,
          key,
          "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
        ),
      ),
  );
}

function immutableFaults(object: KubeObject, live: KubeObject): FieldFault[] {
  if (live.immutable !== true) return [];
  const faults: FieldFault[] = [];
  if (object.immutable !== true)
    faults.push(fault.forbidden('immutable', 'field is immutable when `immutable` is set'));
  for (const field of ['data', 'binaryData'])
    if (!equalJson(object[field] ?? {}, live[field] ?? {}))
      faults.push(fault.forbidden(field, 'field is immutable when `immutable` is set'));
  return faults;
}

const maxDataBytes = 1024 * 1024;

/** Keys and values together, as kube-apiserver counts them: values of Secrets and binary data decoded. */
function dataSizeFaults(object: KubeObject, field: string): FieldFault[] {
  let sizeBytes = 0;
  for (const name of ['data', 'binaryData'])
    for (const value of Object.values(objectAt(object, name) ?? {}))
      sizeBytes += Buffer.byteLength(
        String(value),
        name === 'data' && object.kind === 'ConfigMap' ? 'utf8' : 'base64',
      );
  return sizeBytes > maxDataBytes ? [fault.tooLong(field, maxDataBytes)] : [];
}

export const configMapStrategy: Strategy = {
  validate: (object) => [...dataKeyFaults(object, ['data', 'binaryData']), ...dataSizeFaults(object, '[]')],
  validateUpdate: immutableFaults,
};

export const secretStrategy: Strategy = {
  applyDefaults(object) {
    fallback(object, 'type', 'Opaque');
    if (!isObject(object.stringData)) return;
    const data = ensure(object, 'data');
    for (const [key, value] of Object.entries(object.stringData))
      data[key] = Buffer.from(String(value), 'utf8').toString('base64');
    delete object.stringData;
  },
  validate: (object) => [...dataKeyFaults(object, ['data']), ...dataSizeFaults(object, 'data')],
  validateUpdate: (object, live) => [
    ...(object.type === live.type ? [] : [fault.invalid('type', object.type, 'field is immutable')]),
    ...immutableFaults(object, live),
  ],
};

export const serviceAccountStrategy: Strategy = { returnsDeleted: true };

export const claimStrategy: Strategy = {
  returnsDeleted: true,
  prepareCreate(object) {
    object.status = { phase: 'Pending' };
  },
  prepareUpdate(object, live) {
    object.status = live.status;
  },
  applyDefaults(object) {
    fallback(ensure(object, 'spec'), 'volumeMode', 'Filesystem');
  },
  validate: (object) => [
    ...(listAt(object, 'spec', 'accessModes').length === 0
      ? [fault.required('spec.accessModes', 'at least 1 access mode is required')]
      : []),
    ...(valueAt(object, 'spec', 'resources', 'requests', 'storage') === undefined
      ? [fault.required('spec.resources[storage]')]
      : []),
  ],
  validateUpdate(object, live) {
    const fixed = (value: KubeObject) => {
      const {
        resources: _,
        volumeName: _v,
        volumeAttributesClassName: _c,
        ...rest
      } = objectAt(value, 'spec') ?? {};
      return rest;
    };
    return equalJson(fixed(object), fixed(live))
      ? []
      : [
          fault.forbidden(
            'spec',
            'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
          ),
        ];
  },
};

export const volumeStrategy: Strategy = {
  returnsDeleted: true,
  prepareCreate(object) {
    object.status = { phase: 'Pending' };
  },
  prepareUpdate(object, live) {
    object.status = live.status;
  },
  applyDefaults(object) {
    const spec = ensure(object, 'spec');
    fallback(spec, 'persistentVolumeReclaimPolicy', 'Retain');
    fallback(spec, 'volumeMode', 'Filesystem');
  },
};

export const endpointsStrategy: Strategy = {
  createOnUpdate: true,
  applyDefaults(object) {
    for (const subset of listAt(object, 'subsets'))
      for (const port of listAt(subset, 'ports')) if (isObject(port)) fallback(port, 'protocol', 'TCP');
  },
};

export const endpointSliceStrategy: Strategy = {
  generation: true,
  applyDefaults(object) {
    for (const port of listAt(object, 'ports')) {
      if (!isObject(port)) continue;
      if (port.name === undefined) port.name = '';
      fallback(port, 'protocol', 'TCP');
    }
  },
  validate(object) {
    const types = ['IPv4', 'IPv6', 'FQDN'];
    const type = stringAt(object, 'addressType') ?? '';
    if (type === '') return [fault.required('addressType')];
    return types.includes(type) ? [] : [fault.unsupported('addressType', type, [...types].sort())];
  },
  validateUpdate: (object, live) =>
    object.addressType === live.addressType
      ? []
      : [fault.invalid('addressType', object.addressType, 'field is immutable')],
};

function eventNamespaceFaults(object: KubeObject, field: string): FieldFault[] {
  const namespace = stringAt(object, field, 'namespace') ?? '';
  const own = object.metadata.namespace ?? '';
  const fits = namespace === '' ? own === 'default' || own === 'kube-system' : namespace === own;
  return fits ? [] : [fault.invalid(`${field}.namespace`, namespace, 'does not match event.namespace')];
}

export const eventStrategy: Strategy = {
  createOnUpdate: true,
  validate: (object) => eventNamespaceFaults(object, 'involvedObject'),
};

/** The same objects by the names of events.k8s.io. */
export const modernEventStrategy: Strategy = {
  createOnUpdate: true,
  validate: (object) => eventNamespaceFaults(object, 'regarding'),
};

export const nodeStrategy: Strategy = {
  prepareUpdate(object, live) {
    object.status = live.status;
  },
};
