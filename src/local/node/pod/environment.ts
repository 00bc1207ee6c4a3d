import type { Container, EnvFromSource, EnvVar, KeyedData, Pod } from '../types.ts';
import { expandVariables, type PodWorld, translate } from './translate.ts';

/** Content of ConfigMaps and Secrets of the pod's namespace; undefined for an object that does not exist. */
export interface DataSource {
  configMap(name: string): KeyedData | undefined;
  secret(name: string): KeyedData | undefined;
}

/** The container cannot start until somebody makes what it refers to. */
export class MissingReference extends Error {
  override readonly name = 'MissingReference';
}

/** Facts that `fieldRef` can ask for beside the object itself. */
export interface NodeFacts {
  readonly podIP: string;
  readonly hostIP: string;
  readonly nodeName: string;
}

/**
 * Environment variables of a container in the API's order: `base`, then envFrom, then env, later ones winning;
 * `$(NAME)` refers to variables before it. Throws MissingReference.
 */
export function containerEnvironment(
  pod: Pod,
  container: Container,
  base: ReadonlyMap<string, string>,
  data: DataSource,
  facts: NodeFacts,
  world: PodWorld,
): ReadonlyMap<string, string> {
  const variables = new Map(base);
  for (const source of container.envFrom ?? []) {
    for (const [key, value] of importedFrom(source, data)) variables.set(key, value);
  }
  for (const variable of container.env ?? []) {
    const value = variableValue(variable, pod, data, facts);
    if (value === null) continue;
    const literal = variable.valueFrom === undefined;
    variables.set(variable.name, literal ? expandVariables(translate(value, world), variables) : value);
  }
  return variables;
}

function importedFrom(source: EnvFromSource, data: DataSource): [string, string][] {
  const { configMapRef, secretRef, prefix = '' } = source;
  const ref = configMapRef ?? secretRef;
  if (ref === undefined) return [];
  const found = configMapRef === undefined ? data.secret(ref.name) : data.configMap(ref.name);
  if (found === undefined) {
    if (ref.optional === true) return [];
    throw new MissingReference(
      `${configMapRef === undefined ? 'secret' : 'configmap'} "${ref.name}" not found`,
    );
  }
  return [...found].map(([key, value]) => [prefix + key, value.toString('utf8')]);
}

function variableValue(variable: EnvVar, pod: Pod, data: DataSource, facts: NodeFacts): string | null {
  const from = variable.valueFrom;
  if (from === undefined) return variable.value ?? '';
  if (from.fieldRef !== undefined) return fieldOf(pod, from.fieldRef.fieldPath, facts);
  // Nothing limits a process here: what a limit would be is left to the program's own default.
  if (from.resourceFieldRef !== undefined) return null;
  const ref = from.configMapKeyRef ?? from.secretKeyRef;
  if (ref === undefined) return '';
  const [kind, found] =
    from.configMapKeyRef === undefined
      ? ['secret', data.secret(ref.name)]
      : ['configmap', data.configMap(ref.name)];
  const value = found?.get(ref.key);
  if (value !== undefined) return value.toString('utf8');
  if (ref.optional === true) return null;
  throw new MissingReference(
    found === undefined
      ? `${kind} "${ref.name}" not found`
      : `couldn't find key ${ref.key} in ${kind} "${ref.name}"`,
  );
}

/** A downward-API field of the pod (Kubernetes API reference, ObjectFieldSelector). Throws MissingReference. */
export function fieldOf(pod: Pod, path: string, facts: NodeFacts): string {
  const { metadata, spec } = pod;
  const subscript = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path);
  if (subscript !== null) {
    return (subscript[1] === 'labels' ? metadata.labels : metadata.annotations)?.[subscript[2] ?? ''] ?? '';
  }
  switch (path) {
    case 'metadata.name':
      return metadata.name ?? '';
    case 'metadata.namespace':
      return metadata.namespace ?? '';
    case 'metadata.uid':
      return metadata.uid ?? '';
    case 'metadata.labels':
      return lines(metadata.labels);
    case 'metadata.annotations':
      return lines(metadata.annotations);
    case 'spec.nodeName':
      return facts.nodeName;
    case 'spec.serviceAccountName':
      return spec.serviceAccountName ?? 'default';
    case 'status.podIP':
    case 'status.podIPs':
      return facts.podIP;
    case 'status.hostIP':
    case 'status.hostIPs':
      return facts.hostIP;
    default:
      throw new MissingReference(`field path ${path} is not supported`);
  }
}

function lines(record: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(record ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}
