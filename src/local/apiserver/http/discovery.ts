import type { ResourceRegistry } from '../kinds/registry.ts';
import type { ResourceType } from '../kinds/resource-type.ts';
import type { JsonObject } from '../object.ts';

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
/** The same in the order in which custom resources list them. */
const customVerbs = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const subresourceVerbs = ['get', 'patch', 'update'];

/** Kubernetes release whose API this server speaks. */
export const serverVersion = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.0+promfleet',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: 'node',
  platform: `${process.platform}/${process.arch}`,
};

interface Subresource {
  readonly name: string;
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
}

/** Subresources of a kind, in the order of discovery. */
export function subresourcesOf(type: ResourceType): readonly Subresource[] {
  const found: Subresource[] = [];
  if (type.scale !== undefined)
    found.push({
      name: 'scale',
      kind: 'Scale',
      group: 'autoscaling',
      version: 'v1',
      verbs: subresourceVerbs,
    });
  if (type.status) found.push({ name: 'status', kind: type.kind, verbs: subresourceVerbs });
  if (!type.builtin || type.group !== '') return found;
  if (type.kind === 'Pod')
    return [
      { name: 'binding', kind: 'Binding', verbs: ['create'] },
      { name: 'eviction', kind: 'Eviction', group: 'policy', version: 'v1', verbs: ['create'] },
      { name: 'log', kind: 'Pod', verbs: ['get'] },
      ...found,
    ];
  if (type.kind === 'Namespace')
    return [{ name: 'finalize', kind: 'Namespace', verbs: ['update'] }, ...found];
  if (type.kind === 'ServiceAccount')
    return [
      {
        name: 'token',
        kind: 'TokenRequest',
        group: 'authentication.k8s.io',
        version: 'v1',
        verbs: ['create'],
      },
    ];
  return found;
}

/** Reviews: kinds that are only created and never stored. */
export const reviewKinds: readonly { group: string; plural: string; kind: string; namespaced: boolean }[] = [
  {
    group: 'authentication.k8s.io',
    plural: 'selfsubjectreviews',
    kind: 'SelfSubjectReview',
    namespaced: false,
  },
  { group: 'authentication.k8s.io', plural: 'tokenreviews', kind: 'TokenReview', namespaced: false },
  {
    group: 'authorization.k8s.io',
    plural: 'localsubjectaccessreviews',
    kind: 'LocalSubjectAccessReview',
    namespaced: true,
  },
  {
    group: 'authorization.k8s.io',
    plural: 'selfsubjectaccessreviews',
    kind: 'SelfSubjectAccessReview',
    namespaced: false,
  },
  {
    group: 'authorization.k8s.io',
    plural: 'selfsubjectrulesreviews',
    kind: 'SelfSubjectRulesReview',
    namespaced: false,
  },
  {
    group: 'authorization.k8s.io',
    plural: 'subjectaccessreviews',
    kind: 'SubjectAccessReview',
    namespaced: false,
  },
];

const json = JSON.stringify;

function groups(registry: ResourceRegistry): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const add = (group: string, version: string) => {
    const versions = found.get(group) ?? [];
    if (!versions.includes(version)) versions.push(version);
    found.set(group, versions);
  };
  for (const type of registry.all()) if (type.group !== '') add(type.group, type.version);
  for (const { group } of reviewKinds) add(group, 'v1');
  return found;
}

function groupObject(group: string, versions: readonly string[]): JsonObject {
  const list = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: list, preferredVersion: list[0] };
}

function resourceList(registry: ResourceRegistry, group: string, version: string): JsonObject | undefined {
  const types = registry.all().filter((type) => type.group === group && type.version === version);
  const reviews = version === 'v1' ? reviewKinds.filter((review) => review.group === group) : [];
  if (types.length === 0 && reviews.length === 0) return undefined;
  const resources = types.flatMap((type) => [
    {
      name: type.plural,
      singularName: type.singular,
      namespaced: type.namespaced,
      kind: type.kind,
      verbs: type.builtin ? verbs : customVerbs,
      ...(type.shortNames.length === 0 ? {} : { shortNames: type.shortNames }),
      ...(type.categories.length === 0 ? {} : { categories: type.categories }),
      storageVersionHash: '',
    },
    ...subresourcesOf(type).map((sub) => ({
      name: `${type.plural}/${sub.name}`,
      singularName: '',
      namespaced: type.namespaced,
      ...(sub.group === undefined ? {} : { group: sub.group, version: sub.version }),
      kind: sub.kind,
      verbs: sub.verbs,
    })),
  ]);
  const created = reviews.map(({ plural, kind, namespaced }) => ({
    name: plural,
    singularName: kind.toLowerCase(),
    namespaced,
    kind,
    verbs: ['create'],
  }));
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources: [...resources, ...created].map(
      ({ storageVersionHash: _, ...resource }: JsonObject) => resource,
    ),
  };
}

/** Discovery documents by path; undefined for every other path. */
export function discovery(registry: ResourceRegistry, pathname: string, address: string): string | undefined {
  const path = pathname.replace(/\/+$/, '');
  if (path === '/version') return json(serverVersion, undefined, 2);
  if (path === '/api')
    return json({
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
    });
  if (path === '/apis')
    return json({
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: [...groups(registry)].map(([group, versions]) => groupObject(group, versions)),
    });
  const match = /^\/(?:api\/(v1)|apis\/([^/]+)(?:\/([^/]+))?)$/.exec(path);
  if (match === null) return undefined;
  const [, coreVersion, group = '', version] = match;
  if (coreVersion === undefined && version === undefined) {
    const versions = groups(registry).get(group);
    return versions === undefined
      ? undefined
      : json({ kind: 'APIGroup', apiVersion: 'v1', ...groupObject(group, versions) });
  }
  const list = resourceList(registry, group, coreVersion ?? version!);
  return list === undefined ? undefined : json(list);
}
