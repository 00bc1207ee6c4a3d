import {
  appVersion,
  chartLabel,
  type Hole,
  isHelm,
  isSet,
  join,
  type Node,
  named,
  not,
  releaseName,
  releaseNameContains,
  releaseNamespace,
  value,
  when,
} from './expression.ts';

/** First part of all names: the release's, with the product's where it does not tell it. */
export const fullName = named(
  'promfleet.fullname',
  when(
    isSet('fullnameOverride'),
    value('fullnameOverride'),
    when(releaseNameContains('promfleet'), releaseName, join(releaseName, '-promfleet')),
  ),
);

export const operatorName = join(fullName, '-operator');
export const leaseRoleName = join(fullName, '-operator-lease');
export const teamEditName = join(fullName, '-edit');
export const teamViewName = join(fullName, '-view');
/** Bound by the operator wherever a stack discovers targets. */
export const discoveryRoleName = join(fullName, '-discovery');
export const testName = join(fullName, '-test');
export const metricsPort = { name: 'metrics', number: 8080 } as const;

/** What selects the operator's pods; never changes, as a Deployment's selector cannot. */
export const selectorLabels = {
  'app.kubernetes.io/name': 'promfleet-operator',
  'app.kubernetes.io/instance': releaseName,
};

export const commonLabels = {
  'app.kubernetes.io/part-of': 'promfleet',
  'app.kubernetes.io/instance': releaseName,
  'app.kubernetes.io/version': appVersion,
  'app.kubernetes.io/managed-by': when(isHelm, 'Helm'),
  'helm.sh/chart': when(isHelm, chartLabel),
};

export function metadata(
  name: Node,
  more: {
    readonly component?: string;
    readonly labels?: Readonly<Record<string, Node>>;
    readonly annotations?: Readonly<Record<string, Node>>;
    readonly namespace?: Node;
  } = {},
): Node {
  return {
    name,
    ...(more.namespace === undefined ? {} : { namespace: more.namespace }),
    labels: {
      'app.kubernetes.io/name': more.component ?? 'promfleet-operator',
      ...commonLabels,
      ...more.labels,
    },
    ...(more.annotations === undefined ? {} : { annotations: more.annotations }),
  };
}

/** Metadata of an object in the release's own namespace. */
export const ownMetadata = (name: Node, more: Omit<Parameters<typeof metadata>[1], 'namespace'> = {}) =>
  metadata(name, { ...more, namespace: releaseNamespace });

/** registry/repository:tag, with the digest where one is given. */
export const image: Hole = named(
  'promfleet.image',
  join(
    value('image.registry'),
    '/',
    value('image.repository'),
    ':',
    when(isSet('image.tag'), value('image.tag'), join('v', appVersion)),
    when(isSet('image.digest'), join('@', value('image.digest')), ''),
  ),
);

export const clusterWide = not(isSet('namespaces'));
export const onlySomeNamespaces = isSet('namespaces');
