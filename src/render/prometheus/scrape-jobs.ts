/** The scrape jobs that the operator makes itself, and what it adds to every job. */
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { LabelSelector } from '../../crds/values.ts';
import { labelKeys, managedBy, ports, reservedLabels } from '../names.ts';
import { stackNamespace } from '../workload/manifest.ts';
import { clientTls, hasIdentities, schemeLabel } from '../workload/tls.ts';
import { takesField } from './versions.ts';

export type ScrapeJob = Readonly<Record<string, unknown>>;
type Relabel = Readonly<Record<string, unknown>>;

export const ownJobName = 'promfleet';
export const podsJobName = 'pods';

const meta = '__meta_kubernetes';
const podIsOver: Relabel = {
  source_labels: [`${meta}_pod_phase`],
  regex: 'Failed|Succeeded',
  action: 'drop',
};

/** Finds pods by the API; the reloader writes the kubeconfig next to the configuration. */
export function podDiscovery(namespaces: readonly string[], label?: string): Record<string, unknown> {
  return {
    role: 'pod',
    kubeconfig_file: 'kubeconfig',
    namespaces: { names: [...namespaces] },
    ...(label === undefined || label === '' ? {} : { selectors: [{ role: 'pod', label }] }),
  };
}

/** Selector text as the API takes it: `app=web,tier in (a,b),!canary`. */
export function selectorText(selector: LabelSelector | undefined): string {
  const equal = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  const expressions = (selector?.matchExpressions ?? []).map(({ key, operator, values }) => {
    const list = `(${[...(values ?? [])].sort().join(',')})`;
    if (operator === 'In') return `${key} in ${list}`;
    if (operator === 'NotIn') return `${key} notin ${list}`;
    return operator === 'Exists' ? key : `!${key}`;
  });
  return [...equal.sort(), ...expressions.sort()].join(',');
}

/** A pod says by which scheme it is spoken to: while a stack rolls, some of its pods speak TLS and others not yet. */
export const schemeOfPod: Relabel = {
  source_labels: [schemeLabel],
  regex: '(https)',
  target_label: '__scheme__',
};

/** The stack's own servers and agents. Jobs are named by what they are: prometheus, alertmanager, reloader. */
export function ownComponentsJob(stack: MonitoringStack, version: string): ScrapeJob {
  const tls = hasIdentities(stack);
  return {
    job_name: ownJobName,
    ...(tls ? { tls_config: clientTls(stack) } : {}),
    ...fallbackProtocol(version),
    kubernetes_sd_configs: [
      podDiscovery(
        [stackNamespace(stack)],
        `${labelKeys.instance}=${stack.metadata.name},${labelKeys.managedBy}=${managedBy}`,
      ),
    ],
    relabel_configs: [
      podIsOver,
      {
        source_labels: [`${meta}_pod_container_port_name`, `${meta}_pod_label_app_kubernetes_io_name`],
        regex: `(${ports.prometheus.name}|${ports.reloader.name});.*|${ports.query.name};promfleet-query`,
        action: 'keep',
      },
      ...(tls ? [schemeOfPod] : []),
      { source_labels: [`${meta}_pod_label_app_kubernetes_io_name`], target_label: 'job' },
      {
        source_labels: [`${meta}_pod_container_port_name`],
        regex: ports.reloader.name,
        target_label: 'job',
        replacement: 'reloader',
      },
      ...placeLabels,
    ],
  };
}

/** Pods that ask for it by the customary annotations. */
export function annotatedPodsJob(
  namespaces: readonly string[],
  selector: LabelSelector | undefined,
  version: string,
): ScrapeJob {
  const annotation = (name: string) => `${meta}_pod_annotation_prometheus_io_${name}`;
  return {
    job_name: podsJobName,
    ...fallbackProtocol(version),
    kubernetes_sd_configs: [podDiscovery(namespaces, selectorText(selector))],
    relabel_configs: [
      podIsOver,
      { source_labels: [annotation('scrape')], regex: 'true', action: 'keep' },
      { source_labels: [`${meta}_pod_container_init`], regex: 'true', action: 'drop' },
      {
        source_labels: [annotation('port'), `${meta}_pod_container_port_protocol`],
        regex: ';(UDP|SCTP)',
        action: 'drop',
      },
      { source_labels: [annotation('scheme')], regex: '(https?)', target_label: '__scheme__' },
      { source_labels: [annotation('path')], regex: '(.+)', target_label: '__metrics_path__' },
      {
        source_labels: [`${meta}_pod_ip`, annotation('port')],
        regex: '([^:;]+);(\\d+)',
        target_label: '__address__',
        replacement: '$1:$2',
      },
      {
        source_labels: [`${meta}_pod_ip`, annotation('port')],
        regex: '([^;]*:[^;]*);(\\d+)',
        target_label: '__address__',
        replacement: '[$1]:$2',
      },
      { source_labels: [`${meta}_pod_label_app_kubernetes_io_name`], regex: '(.+)', target_label: 'job' },
      ...placeLabels,
    ],
  };
}

/**
 * Adds to any job what holds for all: this shard's part of the targets, and no target that wears a reserved label,
 * neither on the target (`up` and its like) nor on what it exposes.
 */
export function enforce(job: ScrapeJob, shard: number, shards: number): ScrapeJob {
  const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
  return {
    ...job,
    relabel_configs: [...list(job.relabel_configs), ...shardRelabeling(shard, shards), dropReserved],
    metric_relabel_configs: [...list(job.metric_relabel_configs), dropReserved],
  };
}

export const dropReserved: Relabel = {
  regex: `${reservedLabels.namespace}|${reservedLabels.team}`,
  action: 'labeldrop',
};

const placeLabels: readonly Relabel[] = [
  { source_labels: [`${meta}_namespace`], target_label: 'namespace' },
  { source_labels: [`${meta}_pod_name`], target_label: 'pod' },
];

function shardRelabeling(shard: number, shards: number): readonly Relabel[] {
  if (shards === 1) return [];
  const label = '__tmp_promfleet_shard';
  return [
    { source_labels: ['__address__'], modulus: shards, target_label: label, action: 'hashmod' },
    { source_labels: [label], regex: String(shard), action: 'keep' },
  ];
}

function fallbackProtocol(version: string): Readonly<Record<string, string>> {
  return takesField(version, 'fallback_scrape_protocol')
    ? { fallback_scrape_protocol: 'PrometheusText0.0.4' }
    : {};
}
