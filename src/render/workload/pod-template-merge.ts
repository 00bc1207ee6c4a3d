/**
 * Strategic merge of `podTemplate` patches: maps merge, null deletes, lists that Kubernetes merges by a key merge by
 * that key, all other lists replace (API conventions, "Strategic Merge Patch"; the keys are those of PodSpec's
 * `patchMergeKey` tags). `$patch: replace|delete` is honoured in maps and list items, `$deleteFromPrimitiveList/..`
 * and `$setElementOrder/..` are refused.
 */
import type { RenderFault } from './manifest.ts';

type Json = unknown;
type JsonObject = Readonly<Record<string, Json>>;

/** Merge key of a list by its field name; a list of plain values with `null` merges as a set. */
const mergeKeys: Readonly<Record<string, readonly string[] | null>> = {
  containers: ['name'],
  initContainers: ['name'],
  ephemeralContainers: ['name'],
  volumes: ['name'],
  env: ['name'],
  ports: ['containerPort', 'protocol'],
  volumeMounts: ['mountPath'],
  volumeDevices: ['devicePath'],
  imagePullSecrets: ['name'],
  hostAliases: ['ip'],
  topologySpreadConstraints: ['topologyKey', 'whenUnsatisfiable'],
  resourceClaims: ['name'],
  schedulingGates: ['name'],
  finalizers: null,
};

/** Fields of the pod spec that only promfleet sets: a change would cut the pod off from its operator. */
const fixedSpecFields = ['serviceAccountName', 'serviceAccount', 'restartPolicy', 'hostname', 'subdomain'];

export interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>>; readonly annotations?: JsonObject };
  readonly spec: JsonObject & {
    readonly containers: readonly JsonObject[];
    readonly initContainers?: readonly JsonObject[];
  };
}

/**
 * Applies `patch` to `template`. When anything is wrong with the patch, the template stays as it is and the faults
 * say why; `path` is the patch's place in the stack.
 */
export function mergePodTemplate(
  template: PodTemplate,
  patch: Readonly<Record<string, unknown>> | undefined,
  path: string,
): { readonly template: PodTemplate; readonly faults: readonly RenderFault[] } {
  if (patch === undefined) return { template, faults: [] };
  const faults: RenderFault[] = [];
  checkPatch(patch, path, faults);
  if (faults.length > 0) return { template, faults };
  const merged = mergeObjects(template as unknown as JsonObject, patch) as unknown as PodTemplate;
  checkResult(template, merged, path, faults);
  return faults.length > 0 ? { template, faults } : { template: merged, faults };
}

function checkPatch(patch: JsonObject, path: string, faults: RenderFault[]): void {
  const fault = (at: string, message: string) =>
    faults.push({ path: at, code: 'PodTemplateInvalid', message });
  for (const key of Object.keys(patch)) {
    if (key !== 'metadata' && key !== 'spec')
      fault(`${path}.${key}`, 'only metadata and spec can be patched');
  }
  const { metadata, spec } = patch;
  if (metadata !== undefined && !isObject(metadata)) fault(`${path}.metadata`, 'must be an object');
  if (isObject(metadata)) {
    for (const key of Object.keys(metadata)) {
      if (key !== 'labels' && key !== 'annotations') {
        fault(`${path}.metadata.${key}`, 'only labels and annotations can be patched');
      } else if (
        !isObject(metadata[key]) ||
        Object.values(metadata[key]).some((value) => typeof value !== 'string')
      ) {
        fault(`${path}.metadata.${key}`, 'must map names to texts');
      }
    }
  }
  if (spec !== undefined && !isObject(spec)) fault(`${path}.spec`, 'must be an object');
  if (isObject(spec)) {
    for (const key of fixedSpecFields)
      if (key in spec) fault(`${path}.spec.${key}`, 'is set by the operator');
    checkLists(spec, `${path}.spec`, fault, 0);
  }
}

function checkLists(
  value: Json,
  path: string,
  fault: (path: string, message: string) => void,
  depth: number,
): void {
  if (depth > 32) return fault(path, 'is nested too deeply');
  if (Array.isArray(value)) {
    for (const [position, item] of value.entries())
      checkLists(item, `${path}[${position}]`, fault, depth + 1);
    return;
  }
  if (!isObject(value)) return;
  for (const [key, member] of Object.entries(value)) {
    const at = `${path}.${key}`;
    if (key.startsWith('$') && (key !== '$patch' || (member !== 'replace' && member !== 'delete'))) {
      fault(at, 'is no directive that is understood here; use $patch: replace or delete');
      continue;
    }
    const keys = mergeKeys[key];
    if (Array.isArray(member) && keys !== undefined && keys !== null) {
      for (const [position, item] of member.entries()) {
        if (!isObject(item)) fault(`${at}[${position}]`, 'must be an object');
        else if (item[keys[0]!] === undefined && item.$patch !== 'replace') {
          fault(`${at}[${position}]`, `needs ${keys[0]} to say which item it merges with`);
        }
      }
    } else if (key in mergeKeys && keys !== undefined && member !== null && !Array.isArray(member)) {
      fault(at, 'must be a list');
    }
    checkLists(member, at, fault, depth + 1);
  }
}

/** What the operator and the Services rely on must still be there after the merge. */
function checkResult(before: PodTemplate, after: PodTemplate, path: string, faults: RenderFault[]): void {
  const fault = (at: string, message: string) =>
    faults.push({ path: `${path}.${at}`, code: 'PodTemplateInvalid', message });
  for (const [key, value] of Object.entries(before.metadata.labels)) {
    if (after.metadata?.labels?.[key] !== value) fault(`metadata.labels[${key}]`, 'is set by the operator');
  }
  for (const field of ['containers', 'initContainers'] as const) {
    for (const container of before.spec[field] ?? []) {
      const same = after.spec?.[field]?.find(({ name }) => name === container.name);
      if (same === undefined) fault(`spec.${field}`, `container ${String(container.name)} cannot be removed`);
    }
    for (const container of after.spec?.[field] ?? []) {
      if (typeof container.image !== 'string') {
        fault(`spec.${field}[${String(container.name)}]`, 'a container needs an image');
      }
    }
  }
}

function merge(base: Json, patch: Json, key: string): Json {
  if (Array.isArray(patch)) {
    const keys = mergeKeys[key];
    if (keys === undefined || !Array.isArray(base)) return patch.map(stripDirectives);
    if (keys === null) return [...new Set([...base, ...patch])];
    return mergeLists(base, patch as JsonObject[], keys);
  }
  if (isObject(patch)) return mergeObjects(isObject(base) ? base : {}, patch);
  return patch;
}

function mergeObjects(base: JsonObject, patch: JsonObject): JsonObject {
  if (patch.$patch === 'replace') return stripDirectives(patch) as JsonObject;
  if (patch.$patch === 'delete') return {};
  const result: Record<string, Json> = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merge(base[key], value, key);
  }
  return result;
}

function mergeLists(base: readonly Json[], patch: readonly JsonObject[], keys: readonly string[]): Json[] {
  if (patch.some((item) => item.$patch === 'replace' && item[keys[0]!] === undefined)) {
    return patch.filter((item) => item.$patch !== 'replace').map(stripDirectives);
  }
  const result = [...base];
  for (const item of patch) {
    const position = result.findIndex(
      (other) => isObject(other) && keys.every((key) => sameKey(other, item, key)),
    );
    if (item.$patch === 'delete') {
      if (position >= 0) result.splice(position, 1);
    } else if (position < 0) {
      result.push(stripDirectives(item));
    } else {
      result[position] = mergeObjects(result[position] as JsonObject, item);
    }
  }
  return result;
}

function sameKey(a: JsonObject, b: JsonObject, key: string): boolean {
  const fallback = key === 'protocol' ? 'TCP' : undefined;
  return (a[key] ?? fallback) === (b[key] ?? fallback);
}

/** New content without directives and without nulls, which only say what to delete. */
function stripDirectives(value: Json): Json {
  if (Array.isArray(value)) return value.map(stripDirectives);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, member]) => !key.startsWith('$') && member !== null)
      .map(([key, member]) => [key, stripDirectives(member)]),
  );
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
