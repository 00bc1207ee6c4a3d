import { isObject, type JsonObject, listAt, objectAt } from '../object.ts';

/** Sets a field that is absent. */
export function fallback(target: JsonObject, field: string, value: unknown): void {
  if (target[field] === undefined || target[field] === '') target[field] = value;
}

/** Defaults of a pod's spec, as kube-apiserver fills them in (core/v1 PodSpec, field documentation). */
export function defaultPodSpec(spec: JsonObject): void {
  fallback(spec, 'restartPolicy', 'Always');
  fallback(spec, 'terminationGracePeriodSeconds', 30);
  fallback(spec, 'dnsPolicy', 'ClusterFirst');
  fallback(spec, 'securityContext', {});
  fallback(spec, 'schedulerName', 'default-scheduler');
  if (typeof spec.serviceAccountName === 'string') fallback(spec, 'serviceAccount', spec.serviceAccountName);
  else if (typeof spec.serviceAccount === 'string') spec.serviceAccountName = spec.serviceAccount;
  for (const field of ['initContainers', 'containers'])
    for (const container of listAt(spec, field)) if (isObject(container)) defaultContainer(container);
  for (const volume of listAt(spec, 'volumes')) if (isObject(volume)) defaultVolume(volume);
  for (const constraint of listAt(spec, 'topologySpreadConstraints'))
    if (isObject(constraint)) fallback(constraint, 'whenUnsatisfiable', 'DoNotSchedule');
}

function defaultContainer(container: JsonObject): void {
  fallback(container, 'terminationMessagePath', '/dev/termination-log');
  fallback(container, 'terminationMessagePolicy', 'File');
  const image = String(container.image ?? '');
  const tag = image.includes('@') ? 'digest' : (/:([^/:]+)$/.exec(image)?.[1] ?? 'latest');
  fallback(container, 'imagePullPolicy', tag === 'latest' ? 'Always' : 'IfNotPresent');
  fallback(container, 'resources', {});
  const { limits, requests } = container.resources as JsonObject;
  if (isObject(limits))
    (container.resources as JsonObject).requests = { ...limits, ...(isObject(requests) ? requests : {}) };
  for (const port of listAt(container, 'ports')) if (isObject(port)) fallback(port, 'protocol', 'TCP');
  for (const variable of listAt(container, 'env')) {
    const reference = objectAt(variable, 'valueFrom', 'fieldRef');
    if (reference !== undefined) fallback(reference, 'apiVersion', 'v1');
    if (isObject(variable) && variable.value === '') delete variable.value;
  }
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe = objectAt(container, name);
    if (probe !== undefined) defaultProbe(probe);
  }
  for (const hook of ['postStart', 'preStop']) {
    const get = objectAt(container, 'lifecycle', hook, 'httpGet');
    if (get !== undefined) defaultHttpGet(get);
  }
}

function defaultProbe(probe: JsonObject): void {
  fallback(probe, 'timeoutSeconds', 1);
  fallback(probe, 'periodSeconds', 10);
  fallback(probe, 'successThreshold', 1);
  fallback(probe, 'failureThreshold', 3);
  if (isObject(probe.httpGet)) defaultHttpGet(probe.httpGet);
}

function defaultHttpGet(get: JsonObject): void {
  fallback(get, 'path', '/');
  fallback(get, 'scheme', 'HTTP');
}

function defaultVolume(volume: JsonObject): void {
  for (const kind of ['configMap', 'secret', 'projected', 'downwardAPI']) {
    const source = objectAt(volume, kind);
    if (source !== undefined) fallback(source, 'defaultMode', 420);
  }
  if (isObject(volume.hostPath)) fallback(volume.hostPath, 'type', '');
  for (const source of listAt(volume, 'projected', 'sources')) {
    const token = objectAt(source, 'serviceAccountToken');
    if (token !== undefined) fallback(token, 'expirationSeconds', 3600);
    defaultFieldRefs(listAt(source, 'downwardAPI', 'items'));
  }
  defaultFieldRefs(listAt(volume, 'downwardAPI', 'items'));
}

function defaultFieldRefs(items: readonly unknown[]): void {
  for (const item of items) {
    const reference = objectAt(item, 'fieldRef');
    if (reference !== undefined) fallback(reference, 'apiVersion', 'v1');
  }
}
