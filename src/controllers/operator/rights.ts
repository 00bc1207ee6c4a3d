/** A rule of RBAC as JSON. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const rule = (group: string, resources: readonly string[], verbs: readonly string[]): Rule => ({
  apiGroups: [group],
  resources,
  verbs,
});

const own = 'promfleet.dev';
const written = ['list', 'watch', 'create', 'patch', 'delete'] as const;

/**
 * What the operator does with objects of namespaces, and nothing else: no wildcard, no escalate; Secrets are only ever
 * read by name. The Roles that it makes for stacks hold only rights that are listed here, so making them is no escalation.
 */
export const operatorRules: readonly Rule[] = [
  // What users declare. Get tells a stack of another class from one that is gone; patch takes off finalizers of early versions.
  rule(own, ['monitoringstacks'], ['get', 'list', 'watch', 'patch']),
  rule(own, ['silences'], ['list', 'watch', 'patch']),
  rule(own, ['alertrulesets', 'alertroutes', 'retentionpolicies'], ['list', 'watch']),
  rule(
    own,
    [
      'monitoringstacks/status',
      'alertrulesets/status',
      'alertroutes/status',
      'silences/status',
      'retentionpolicies/status',
    ],
    ['patch'],
  ),
  // Owner references that block the deletion of a stack until its children are gone.
  rule(own, ['monitoringstacks/finalizers'], ['update']),
  // Addresses and readiness.
  rule('', ['pods'], ['list', 'watch']),
  // Bundles and reports. Get and patch are also what the reloaders' Roles hold, each for named objects.
  rule('', ['configmaps'], ['get', ...written]),
  rule('', ['secrets'], ['get', 'create', 'patch', 'delete']),
  rule('', ['services', 'serviceaccounts'], written),
  // Volumes that grow with their stack.
  rule('', ['persistentvolumeclaims'], ['get', 'patch']),
  rule('apps', ['deployments', 'statefulsets'], written),
  rule('policy', ['poddisruptionbudgets'], written),
  rule('networking.k8s.io', ['networkpolicies'], written),
  rule('rbac.authorization.k8s.io', ['roles', 'rolebindings'], written),
  rule('', ['events'], ['create', 'patch']),
];

/** Discovery of pods; an installation may add services or endpoints here without the operator holding them. */
export const discoveryRules: readonly Rule[] = [rule('', ['pods'], ['list', 'watch'])];

/** Holds for the ClusterRoles that the installation ships for it and for no other; their names are added where it is rendered. */
export const bindRule: Rule = rule('rbac.authorization.k8s.io', ['clusterroles'], ['bind']);

/** Labels of namespaces decide what a stack may select. */
export const namespaceRules: readonly Rule[] = [rule('', ['namespaces'], ['list', 'watch'])];

/** The Lease of the election lies in the operator's own namespace. */
export const leaseRules: readonly Rule[] = [
  rule('coordination.k8s.io', ['leases'], ['get', 'create', 'update']),
];

export const teamKinds = ['alertrulesets', 'alertroutes', 'silences'] as const;

/** Who may edit a namespace may own alerts, routes and silences in it; stacks stay with the platform. */
export const teamEditRules: readonly Rule[] = [
  rule(own, teamKinds, ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection']),
];

export const teamViewRules: readonly Rule[] = [
  rule(own, [...teamKinds, 'monitoringstacks'], ['get', 'list', 'watch']),
];
