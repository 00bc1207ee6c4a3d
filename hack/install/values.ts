import type { Plain } from './expression.ts';

type Schema = Readonly<Record<string, Plain>>;

/** One value of the chart. */
interface ValueDefinition {
  readonly path: string;
  readonly default: Plain;
  readonly description: string;
  /** JSON schema where more is to be said than the type of the default. */
  readonly schema?: Schema;
}

const text: Schema = { type: 'string' };
const object: Schema = { type: 'object' };
const dnsLabel: Schema = { type: 'string', pattern: '^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$' };
const dnsLabels: Schema = {
  type: 'array',
  uniqueItems: true,
  items: { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' },
};
const texts: Schema = { type: 'array', items: { type: 'string', minLength: 1 } };
const labels: Schema = { type: 'object', additionalProperties: { type: 'string' } };
const namedObjects: Schema = {
  type: 'array',
  items: { type: 'object', required: ['name'], properties: { name: { type: 'string', minLength: 1 } } },
};
const duration: Schema = { type: 'string', pattern: '^([0-9]+(ms|s|m|h))+$' };

export const valueDefinitions: readonly ValueDefinition[] = [
  {
    path: 'fullnameOverride',
    default: '',
    description: 'First part of all names; default: the name of the release.',
    schema: { type: 'string', pattern: '^([a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?)?$' },
  },
  {
    path: 'class',
    default: '',
    description:
      'Only objects with the label `promfleet.dev/class` of this value; empty: only objects without it. Two installations in one cluster need different classes.',
    schema: dnsLabel,
  },
  {
    path: 'namespaces',
    default: [],
    description:
      'Only these namespaces, by Roles in each of them; empty: the whole cluster. They must exist.',
    schema: dnsLabels,
  },
  {
    path: 'platformNamespaces',
    default: [],
    description: 'Namespaces whose stacks may reach into every other namespace.',
    schema: dnsLabels,
  },
  {
    path: 'image.registry',
    default: 'ghcr.io',
    description: 'Registry of the image, a mirror for instance.',
    schema: { type: 'string', minLength: 1 },
  },
  {
    path: 'image.repository',
    default: 'promfleet/promfleet',
    description: 'Name of the image in its registry.',
    schema: { type: 'string', minLength: 1 },
  },
  { path: 'image.tag', default: '', description: 'Tag; empty: the version of the chart.', schema: text },
  {
    path: 'image.digest',
    default: '',
    description: 'Digest, which pins the image to its bytes.',
    schema: { type: 'string', pattern: '^(sha256:[0-9a-f]{64})?$' },
  },
  {
    path: 'image.pullPolicy',
    default: 'IfNotPresent',
    description: 'When to pull.',
    schema: { enum: ['Always', 'IfNotPresent', 'Never'] },
  },
  {
    path: 'imagePullSecrets',
    default: [],
    description: 'Secrets for the registry, as in a pod.',
    schema: namedObjects,
  },
  {
    path: 'agents.image',
    default: '',
    description:
      'Image of the agents beside each server and of query servers, in full; empty: that of the operator. Running stacks keep theirs until they restart for another reason (`spec.rollout.agents`).',
    schema: text,
  },
  {
    path: 'crds.enabled',
    default: true,
    description: 'Install and upgrade the CustomResourceDefinitions with the chart.',
  },
  {
    path: 'crds.keep',
    default: true,
    description: 'Keep them, and with them all objects, when the chart is uninstalled.',
  },
  {
    path: 'rbac.teams',
    default: true,
    description:
      'Let who may edit a namespace own AlertRuleSets, AlertRoutes and Silences in it (aggregated ClusterRoles).',
  },
  {
    path: 'operator.replicas',
    default: 2,
    description: 'One works, the others take over within seconds.',
    schema: { type: 'integer', minimum: 0, maximum: 9 },
  },
  {
    path: 'operator.logLevel',
    default: 'info',
    description: 'How much is logged.',
    schema: { enum: ['debug', 'info', 'warn', 'error'] },
  },
  {
    path: 'operator.kubeQps',
    default: 500,
    description: 'Requests to the API server per second, sustained.',
    schema: { type: 'integer', minimum: 1, maximum: 10000 },
  },
  {
    path: 'operator.allowHosts',
    default: [],
    description: 'Hosts that receivers may reach although they are refused by rule.',
    schema: texts,
  },
  {
    path: 'operator.extraArgs',
    default: [],
    description: 'Further arguments of `promfleet operator`.',
    schema: texts,
  },
  {
    path: 'operator.resources',
    default: { requests: { cpu: '20m', memory: '128Mi' }, limits: { memory: '1Gi' } },
    description: 'Requests and limits of the container.',
    schema: object,
  },
  { path: 'operator.podLabels', default: {}, description: 'Further labels of the pods.', schema: labels },
  { path: 'operator.podAnnotations', default: {}, description: 'Annotations of the pods.', schema: labels },
  { path: 'operator.nodeSelector', default: {}, description: 'As in a pod.', schema: labels },
  {
    path: 'operator.tolerations',
    default: [],
    description: 'As in a pod.',
    schema: { type: 'array', items: object },
  },
  { path: 'operator.affinity', default: {}, description: 'As in a pod.', schema: object },
  { path: 'operator.priorityClassName', default: '', description: 'As in a pod.', schema: text },
  {
    path: 'podDisruptionBudget.enabled',
    default: true,
    description: 'Let no drain take all operators at once.',
  },
  {
    path: 'networkPolicy.enabled',
    default: true,
    description: 'Let only the port of metrics and probes be reached.',
  },
  {
    path: 'networkPolicy.metricsFrom',
    default: [],
    description: 'Who may reach it, as `from` of a NetworkPolicy; empty: every pod.',
    schema: { type: 'array', items: object },
  },
  {
    path: 'serviceMonitor.enabled',
    default: false,
    description: 'A ServiceMonitor for the operator; its CRD must be there.',
  },
  { path: 'serviceMonitor.interval', default: '30s', description: 'Scrape interval.', schema: duration },
  {
    path: 'serviceMonitor.labels',
    default: {},
    description: 'Labels that your Prometheus selects by.',
    schema: labels,
  },
  {
    path: 'alerts.prometheusRule.enabled',
    default: false,
    description: 'The alerts on promfleet itself as PrometheusRule; its CRD must be there.',
  },
  {
    path: 'alerts.prometheusRule.labels',
    default: {},
    description: 'Labels that your Prometheus selects by.',
    schema: labels,
  },
  {
    path: 'alerts.ruleSet.enabled',
    default: false,
    description:
      'The alerts on promfleet itself as AlertRuleSet. Helm can make it once the CRDs are served: from the first upgrade on.',
  },
  { path: 'dashboards.enabled', default: false, description: 'Grafana dashboards as ConfigMaps.' },
  {
    path: 'dashboards.labels',
    default: { grafana_dashboard: '1' },
    description: 'Labels by which Grafana finds them.',
    schema: labels,
  },
];

/** The defaults as one object. */
export function defaultValues(): Plain {
  const tree: Record<string, unknown> = {};
  for (const { path, default: initial } of valueDefinitions) {
    const parts = path.split('.');
    let at = tree;
    for (const part of parts.slice(0, -1)) {
      at[part] ??= {};
      at = at[part] as Record<string, unknown>;
    }
    at[parts.at(-1)!] = initial;
  }
  return tree as Plain;
}

/** Content of values.schema.json: what is not listed is refused, so that a misspelt value does not go unnoticed. */
export function valuesSchema(): Record<string, unknown> {
  interface Branch {
    type: 'object';
    additionalProperties: false;
    properties: Record<string, unknown>;
  }
  const branch = (): Branch => ({ type: 'object', additionalProperties: false, properties: {} });
  const top = branch();
  for (const { path, default: initial, description, schema } of valueDefinitions) {
    const parts = path.split('.');
    let at = top;
    for (const part of parts.slice(0, -1)) {
      at.properties[part] ??= branch();
      at = at.properties[part] as Branch;
    }
    at.properties[parts.at(-1)!] = { description, ...(schema ?? { type: typeof initial }), default: initial };
  }
  // Helm passes `global` to every chart.
  top.properties.global = { type: 'object' };
  return { $schema: 'http://json-schema.org/draft-07/schema#', title: 'Values of promfleet', ...top };
}

/** values.yaml with each description as a comment above its value. */
export function valuesText(): string {
  const lines = ['# Written by `make generate` from hack/install/values.ts. Do not edit.'];
  let open: string | undefined;
  for (const { path, default: initial, description } of valueDefinitions) {
    const [group, ...rest] = path.split('.');
    const pad = '  '.repeat(rest.length);
    for (let depth = 0; depth < rest.length; depth++) {
      const prefix = path
        .split('.')
        .slice(0, depth + 1)
        .join('.');
      if (open === prefix || open?.startsWith(`${prefix}.`) === true) continue;
      lines.push(`${'  '.repeat(depth)}${prefix.split('.').at(-1)}:`);
      open = prefix;
    }
    if (rest.length === 0) open = group;
    else open = path.split('.').slice(0, -1).join('.');
    lines.push(`${pad}# ${description}`, `${pad}${rest.at(-1) ?? group}: ${JSON.stringify(initial)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Rows of the table in the chart's README. */
export function valuesTable(): string {
  const rows = valueDefinitions.map(
    ({ path, default: initial, description }) =>
      `| \`${path}\` | ${description} | \`${JSON.stringify(initial).replaceAll('|', '\\|')}\` |`,
  );
  return `| value | what it does | default |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
}
