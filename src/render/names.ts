/**
 * Names and labels of everything a MonitoringStack owns: the only file that builds them. A name depends on the
 * stack's name, the shard and the replica only, so a Role can list its objects before they exist.
 */
import { assert } from '../base/assert.ts';
import { limits } from '../base/limits.ts';

export type Server = 'prometheus' | 'alertmanager';

/** What a stack runs: servers with a reloader, and query servers and a compactor, which need no files. */
export type Component = Server | 'query' | 'compactor';

/** Who speaks within a stack, each with an identity of its own: its components, and the operator towards it. */
export const roles = ['prometheus', 'alertmanager', 'query', 'compactor', 'operator'] as const;
export type Role = (typeof roles)[number];

export const managedBy = 'promfleet';
export const fieldManagers = { operator: 'promfleet-operator', reloader: 'promfleet-reloader' } as const;
/** Set by early versions; taken off where it is met, set no more. */
export const finalizer = 'promfleet.dev/cleanup';

export const labelKeys = {
  name: 'app.kubernetes.io/name',
  instance: 'app.kubernetes.io/instance',
  component: 'app.kubernetes.io/component',
  managedBy: 'app.kubernetes.io/managed-by',
  stack: 'promfleet.dev/stack',
  shard: 'promfleet.dev/shard',
} as const;

/** Labels on alerts and series that only promfleet sets (ownership of an alert). */
export const reservedLabels = { namespace: 'promfleet_namespace', team: 'promfleet_team' } as const;

/** External labels that tell replicas and shards of one stack apart. */
export const sourceLabels = { replica: 'promfleet_replica', shard: 'promfleet_shard' } as const;

/** Keys inside the transport objects. */
export const dataKeys = {
  index: 'index.json',
  slot: 'bundle.json.gz',
  report: 'report.json',
  shipperReport: 'shipper.json',
  retention: 'retention.json.gz',
  /** Certificates of the authorities that a stack trusts, PEM. */
  authorities: 'ca.crt',
} as const;

/** Key of a role's private key and certificate, one after the other, PEM: one file is swapped in one step. */
export function identityKey(role: Role): string {
  return `${role}.pem`;
}

/** Ports of the containers, by the names that Services and NetworkPolicies use. */
export const ports = {
  prometheus: { name: 'web', number: 9090 },
  alertmanager: { name: 'web', number: 9093 },
  gossip: { name: 'mesh', number: 9094 },
  query: { name: 'http', number: 10902 },
  compactor: { name: 'http', number: 10912 },
  reloader: { name: 'reloader', number: 9533 },
  /** Where a server is read without a certificate, on the pod's own loopback address only. */
  loopback: { name: 'loopback', prometheus: 9190, alertmanager: 9193, query: 10932 },
} as const;

/** Mount paths of the containers. */
export const mountPaths = {
  config: '/etc/promfleet/config',
  data: '/data',
  objectStore: '/etc/promfleet/objstore',
  bucket: '/bucket',
  identity: '/etc/promfleet/tls',
  serviceAccount: '/var/run/secrets/kubernetes.io/serviceaccount',
} as const;

/** Containers that run promfleet itself. */
export const containerNames = {
  init: 'init-config',
  reloader: 'reloader',
  query: 'query',
  compactor: 'compactor',
} as const;

const components = {
  prometheus: { name: 'prometheus', component: 'metrics' },
  alertmanager: { name: 'alertmanager', component: 'alerting' },
  query: { name: 'promfleet-query', component: 'query' },
  compactor: { name: 'promfleet-compactor', component: 'compactor' },
} as const satisfies Readonly<Record<Component, object>>;

export function prometheusName(stack: string): string {
  return `${stack}-prometheus`;
}

/** StatefulSet of one shard. */
export function prometheusShardName(stack: string, shard: number): string {
  return `${prometheusName(stack)}-${shard}`;
}

export function prometheusPodName(stack: string, shard: number, replica: number): string {
  return `${prometheusShardName(stack, shard)}-${replica}`;
}

export function alertmanagerName(stack: string): string {
  return `${stack}-alertmanager`;
}

export function alertmanagerPodName(stack: string, replica: number): string {
  return `${alertmanagerName(stack)}-${replica}`;
}

/** Deployment, Service, ServiceAccount, PodDisruptionBudget and NetworkPolicy of the query servers. */
export function queryName(stack: string): string {
  return `${stack}-query`;
}

/** StatefulSet of one pod, Service, ServiceAccount, Role, RoleBinding and NetworkPolicy of the compactor. */
export function compactorName(stack: string): string {
  return `${stack}-compactor`;
}

/** Secret with the certificates and keys of everyone who speaks within a stack. */
export function identitiesName(stack: string): string {
  return `${stack}-identities`;
}

/**
 * The name that every server of a stack's own proves (first form), and the one that tells what a client is. They resolve
 * nowhere: `.internal` is reserved for private use.
 */
export function identityName(namespace: string, stack: string, role?: Role): string {
  return `${role === undefined ? '' : `${role}.`}${stack}.${namespace}.promfleet.internal`;
}

/** ConfigMap with what is to live how long in the bucket; the compactor brings it there. */
export function retentionName(stack: string): string {
  return `${stack}-retention`;
}

/** Service, ServiceAccount, Role, RoleBinding, PodDisruptionBudget and NetworkPolicy of one server kind. */
export function serverName(stack: string, server: Server): string {
  return server === 'prometheus' ? prometheusName(stack) : alertmanagerName(stack);
}

/** Headless Service that governs the StatefulSets of one server kind. */
export function governingServiceName(stack: string, server: Server): string {
  return `${serverName(stack, server)}-pods`;
}

/** Role and RoleBinding for service discovery, in each namespace where targets are searched. */
export function discoveryName(stackNamespace: string, stack: string): string {
  return `promfleet-discovery-${stackNamespace}-${stack}`;
}

/**
 * RoleBinding that gives a stack's Prometheus the fixed ClusterRole for discovery in a namespace. Not the name of the Role's
 * binding: what a binding refers to cannot be changed, and an installation may go from one to the other.
 */
export function targetsBindingName(stackNamespace: string, stack: string): string {
  return `promfleet-targets-${stackNamespace}-${stack}`;
}

/** ConfigMap that carries rule files, shared by all shards. `slot` counts from 0. */
export function ruleSlotName(stack: string, slot: number): string {
  return `${stack}-rules-${slotNumber(slot)}`;
}

/** Every rule slot a stack may ever use, in order: what its reloaders may read. */
export function ruleSlotNames(stack: string): readonly string[] {
  return Array.from({ length: limits.bundleSlots }, (_, slot) => ruleSlotName(stack, slot));
}

/** Secret that carries the configuration of one shard. */
export function prometheusConfigSlotName(stack: string, shard: number): string {
  return `${prometheusShardName(stack, shard)}-config`;
}

export function prometheusIndexName(stack: string, shard: number): string {
  return `${prometheusShardName(stack, shard)}-index`;
}

/** Secret that carries Alertmanager configuration, templates and credentials. `slot` counts from 0. */
export function alertmanagerSlotName(stack: string, slot: number): string {
  return `${alertmanagerName(stack)}-${slotNumber(slot)}`;
}

/** Every slot the Alertmanagers of a stack may ever use, in order. */
export function alertmanagerSlotNames(stack: string): readonly string[] {
  return Array.from({ length: limits.bundleSlots }, (_, slot) => alertmanagerSlotName(stack, slot));
}

export function alertmanagerIndexName(stack: string): string {
  return `${alertmanagerName(stack)}-index`;
}

/** ConfigMap that the operator creates empty and only the pod's reloader fills. */
export function reportName(pod: string): string {
  return `${pod}-report`;
}

/** Where a rule set's file lies, for ever: Prometheus keys groups, their timers and firing state by it. */
export function ruleFilePath(namespace: string, name: string): string {
  return `rules/${namespace}/${name}.yaml`;
}

/** The rule set behind a bundle path, or undefined for a file that is none. */
export function ruleSetOfPath(
  path: string,
): { readonly namespace: string; readonly name: string } | undefined {
  const match = /^rules\/([^/]+)\/([^/]+)\.yaml$/.exec(path);
  return match === null ? undefined : { namespace: match[1]!, name: match[2]! };
}

/** Labels of every child of a stack; `of` adds the recommended name and component. */
export function childLabels(stack: string, of?: Component): Readonly<Record<string, string>> {
  return {
    ...(of === undefined
      ? {}
      : { [labelKeys.name]: components[of].name, [labelKeys.component]: components[of].component }),
    [labelKeys.instance]: stack,
    [labelKeys.managedBy]: managedBy,
    [labelKeys.stack]: stack,
  };
}

/** Immutable selector of one component's pods, of one shard where given. */
export function podSelector(stack: string, of: Component, shard?: number): Readonly<Record<string, string>> {
  return {
    [labelKeys.name]: components[of].name,
    [labelKeys.instance]: stack,
    [labelKeys.managedBy]: managedBy,
    ...(shard === undefined ? {} : { [labelKeys.shard]: String(shard) }),
  };
}

function slotNumber(slot: number): string {
  assert(Number.isInteger(slot) && slot >= 0 && slot < limits.bundleSlots, `slot ${slot} out of range`);
  return String(slot).padStart(2, '0');
}
