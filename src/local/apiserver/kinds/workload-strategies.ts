import { type FieldFault, fault } from '../api-error.ts';
import {
  equalJson,
  isObject,
  type JsonObject,
  type KubeObject,
  listAt,
  objectAt,
  stringAt,
} from '../object.ts';
import { matchesLabelSelector } from '../rest/label-selector.ts';
import { ensure } from './core-strategies.ts';
import { labelNameFault, pathSegmentFault } from './names.ts';
import { podFaults } from './pod-check.ts';
import { defaultPodSpec, fallback } from './pod-defaults.ts';
import type { Strategy } from './resource-type.ts';

function keepStatus(object: KubeObject, live: KubeObject): void {
  if (live.status === undefined) delete object.status;
  else object.status = live.status;
}

function defaultTemplate(object: KubeObject): JsonObject {
  const spec = ensure(object, 'spec');
  fallback(spec, 'replicas', 1);
  const template = ensure(spec, 'template');
  defaultPodSpec(ensure(template, 'spec'));
  return spec;
}

function templateFaults(object: KubeObject): FieldFault[] {
  const spec = ensure(object, 'spec');
  const faults: FieldFault[] = [];
  const selector = objectAt(spec, 'selector');
  const labels = (objectAt(spec, 'template', 'metadata', 'labels') ?? {}) as Record<string, string>;
  const empty =
    selector !== undefined &&
    Object.keys(objectAt(selector, 'matchLabels') ?? {}).length === 0 &&
    listAt(selector, 'matchExpressions').length === 0;
  if (selector === undefined) {
    faults.push(fault.required('spec.selector'));
    faults.push(
      fault.invalid(
        'spec.template.metadata.labels',
        spec.template === undefined ? null : (objectAt(spec, 'template', 'metadata', 'labels') ?? null),
        '`selector` does not match template `labels`',
      ),
    );
  } else if (empty)
    faults.push(
      fault.invalid('spec.selector', selector, `empty selector is invalid for ${object.kind.toLowerCase()}`),
    );
  else if (!matchesLabelSelector(selector, labels))
    faults.push(
      fault.invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'),
    );
  faults.push(...podFaults(ensure(ensure(spec, 'template'), 'spec'), 'spec.template.spec'));
  const policy = stringAt(spec, 'template', 'spec', 'restartPolicy');
  if (policy !== undefined && policy !== 'Always')
    faults.push(fault.unsupported('spec.template.spec.restartPolicy', policy, ['Always']));
  if (typeof spec.replicas === 'number' && spec.replicas < 0)
    faults.push(fault.invalid('spec.replicas', spec.replicas, 'must be greater than or equal to 0'));
  return faults;
}

/** Fields of a StatefulSet's spec that may change after creation. */
const mutable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
];

export const statefulSetStrategy: Strategy = {
  generation: true,
  nameFault: labelNameFault,
  prepareCreate(object) {
    object.status = { replicas: 0, availableReplicas: 0 };
  },
  prepareUpdate: keepStatus,
  applyDefaults(object) {
    const spec = defaultTemplate(object);
    fallback(spec, 'podManagementPolicy', 'OrderedReady');
    fallback(spec, 'revisionHistoryLimit', 10);
    fallback(spec, 'persistentVolumeClaimRetentionPolicy', {});
    const retention = spec.persistentVolumeClaimRetentionPolicy as JsonObject;
    fallback(retention, 'whenDeleted', 'Retain');
    fallback(retention, 'whenScaled', 'Retain');
    const strategy = ensure(spec, 'updateStrategy');
    fallback(strategy, 'type', 'RollingUpdate');
    if (strategy.type === 'RollingUpdate') fallback(ensure(strategy, 'rollingUpdate'), 'partition', 0);
    for (const claim of listAt(spec, 'volumeClaimTemplates')) {
      if (!isObject(claim)) continue;
      fallback(claim, 'apiVersion', 'v1');
      fallback(claim, 'kind', 'PersistentVolumeClaim');
      fallback(ensure(claim, 'spec'), 'volumeMode', 'Filesystem');
      fallback(ensure(claim, 'status'), 'phase', 'Pending');
    }
  },
  validate: (object) => templateFaults(withClaimVolumes(object)),
  validateUpdate(object, live) {
    const fixed = (value: KubeObject) =>
      Object.fromEntries(
        Object.entries(objectAt(value, 'spec') ?? {}).filter(([key]) => !mutable.includes(key)),
      );
    return equalJson(fixed(object), fixed(live))
      ? []
      : [
          fault.forbidden(
            'spec',
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
          ),
        ];
  },
};

/** Volumes that claim templates provide count as declared. */
function withClaimVolumes(object: KubeObject): KubeObject {
  const claims = listAt(object, 'spec', 'volumeClaimTemplates').map((claim) => ({
    name: stringAt(claim, 'metadata', 'name') ?? '',
  }));
  if (claims.length === 0) return object;
  const copy = structuredClone(object);
  const pod = ensure(ensure(ensure(copy, 'spec'), 'template'), 'spec');
  const own = new Set(claims.map((claim) => claim.name));
  pod.volumes = [
    ...listAt(pod, 'volumes').filter((volume) => !own.has(stringAt(volume, 'name') ?? '')),
    ...claims,
  ];
  return copy;
}

const selectorImmutable = (object: KubeObject, live: KubeObject): FieldFault[] =>
  equalJson(objectAt(object, 'spec', 'selector'), objectAt(live, 'spec', 'selector'))
    ? []
    : [fault.invalid('spec.selector', objectAt(object, 'spec', 'selector'), 'field is immutable')];

export const deploymentStrategy: Strategy = {
  generation: true,
  prepareCreate(object) {
    object.status = {};
  },
  prepareUpdate: keepStatus,
  applyDefaults(object) {
    const spec = defaultTemplate(object);
    fallback(spec, 'revisionHistoryLimit', 10);
    fallback(spec, 'progressDeadlineSeconds', 600);
    const strategy = ensure(spec, 'strategy');
    fallback(strategy, 'type', 'RollingUpdate');
    if (strategy.type !== 'RollingUpdate') return;
    const rolling = ensure(strategy, 'rollingUpdate');
    fallback(rolling, 'maxUnavailable', '25%');
    fallback(rolling, 'maxSurge', '25%');
  },
  validate: templateFaults,
  validateUpdate: selectorImmutable,
};

export const replicaSetStrategy: Strategy = {
  generation: true,
  prepareCreate(object) {
    object.status = { replicas: 0 };
  },
  prepareUpdate: keepStatus,
  applyDefaults: (object) => void defaultTemplate(object),
  validate: templateFaults,
  validateUpdate: selectorImmutable,
};

export const disruptionBudgetStrategy: Strategy = {
  generation: true,
  needsVersion: false,
  prepareCreate(object) {
    object.status = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 };
  },
  prepareUpdate: keepStatus,
  validate(object) {
    const spec = objectAt(object, 'spec') ?? {};
    return spec.minAvailable !== undefined && spec.maxUnavailable !== undefined
      ? [fault.invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set')]
      : [];
  },
};

export const networkPolicyStrategy: Strategy = {
  generation: true,
  applyDefaults(object) {
    const spec = ensure(object, 'spec');
    fallback(spec, 'podSelector', {});
    if (listAt(spec, 'policyTypes').length === 0)
      spec.policyTypes = listAt(spec, 'egress').length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
    for (const rule of [...listAt(spec, 'ingress'), ...listAt(spec, 'egress')])
      for (const port of listAt(rule, 'ports')) if (isObject(port)) fallback(port, 'protocol', 'TCP');
  },
};

const rbacGroup = 'rbac.authorization.k8s.io';

export const roleStrategy: Strategy = { createOnUpdate: true, nameFault: pathSegmentFault };

export const roleBindingStrategy: Strategy = {
  createOnUpdate: true,
  nameFault: pathSegmentFault,
  applyDefaults(object) {
    if (isObject(object.roleRef)) fallback(object.roleRef, 'apiGroup', rbacGroup);
    for (const subject of listAt(object, 'subjects')) {
      if (!isObject(subject)) continue;
      if (subject.kind === 'User' || subject.kind === 'Group') fallback(subject, 'apiGroup', rbacGroup);
    }
  },
  validate(object) {
    const faults: FieldFault[] = [];
    const kinds = object.kind === 'RoleBinding' ? ['Role', 'ClusterRole'] : ['ClusterRole'];
    const kind = stringAt(object, 'roleRef', 'kind') ?? '';
    if (!kinds.includes(kind)) faults.push(fault.unsupported('roleRef.kind', kind, kinds));
    if (!stringAt(object, 'roleRef', 'name')) faults.push(fault.required('roleRef.name'));
    for (const [index, subject] of listAt(object, 'subjects').entries()) {
      if (!stringAt(subject, 'name')) faults.push(fault.required(`subjects[${index}].name`));
      if (stringAt(subject, 'kind') === 'ServiceAccount' && !stringAt(subject, 'namespace'))
        faults.push(fault.required(`subjects[${index}].namespace`));
    }
    return faults;
  },
  validateUpdate: (object, live) =>
    equalJson(object.roleRef, live.roleRef)
      ? []
      : [fault.invalid('roleRef', object.roleRef, 'cannot change roleRef')],
};

export const storageClassStrategy: Strategy = {
  applyDefaults(object) {
    fallback(object, 'reclaimPolicy', 'Delete');
    fallback(object, 'volumeBindingMode', 'Immediate');
  },
};
