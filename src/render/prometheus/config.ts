/** prometheus.yaml of one shard, the same for its replicas: they differ by the POD_NAME of their environment. */
import { dump } from 'js-yaml';
import type { MonitoringStack, PrometheusSpec } from '../../crds/monitoring-stack.ts';
import type { BundleFile } from '../bundle/slot.ts';
import { labelKeys, managedBy, ports, reservedLabels, sourceLabels } from '../names.ts';
import { durationMs } from '../workload/duration.ts';
import { compact, type RenderFault, stackNamespace } from '../workload/manifest.ts';
import { quantityValue } from '../workload/quantity.ts';
import { clientTls, hasIdentities } from '../workload/tls.ts';
import { mergeAdditionalConfig } from './additional-config.ts';
import { additionalJobs } from './additional-scrape.ts';
import {
  annotatedPodsJob,
  enforce,
  ownComponentsJob,
  podDiscovery,
  type ScrapeJob,
  schemeOfPod,
} from './scrape-jobs.ts';
import { defaultVersion } from './versions.ts';

export const configPath = 'prometheus.yaml';

/** Longest name of a namespace (RFC 1123 label). */
const namespaceChars = 63;

export interface ConfigInput {
  readonly stack: MonitoringStack;
  readonly shard: number;
  /** Namespaces in which annotated pods are scraped, as the operator resolved and permitted them. */
  readonly discoveryNamespaces: readonly string[];
  /** Text of the Secret key behind `additionalScrapeConfigs`; absent when there is none. */
  readonly additionalScrapeConfigs?: string;
}

/** Parts with a fault are left out, so the text is always one that the server takes. */
export function renderConfig(input: ConfigInput): {
  readonly file: BundleFile;
  readonly faults: readonly RenderFault[];
} {
  const { stack, shard } = input;
  const spec = stack.spec.prometheus ?? {};
  const faults: RenderFault[] = [];
  const shards = spec.shards ?? 1;
  const jobs = scrapeJobs(input, faults).map((job) => enforce(job, shard, shards));
  const base = compact({
    global: globalSection(stack, shard, faults),
    rule_files: ruleFilePatterns,
    alerting: alertingSection(stack, shards),
    scrape_configs: jobs,
  });
  const merged = mergeAdditionalConfig(
    base,
    spec.additionalConfig as Readonly<Record<string, unknown>> | undefined,
  );
  faults.push(...merged.faults);
  return { file: { path: configPath, content: toYaml(merged.config) }, faults };
}

/** YAML that every reader takes the same way: no anchors, no folded lines. */
export function toYaml(value: unknown): string {
  return dump(value, { noRefs: true, lineWidth: -1 });
}

/**
 * Every rule file, in a text that does not depend on which namespaces have one: Prometheus takes no `*` for a folder
 * but `?` for each of its characters, and the length of a namespace's name is bounded.
 */
const ruleFilePatterns = Array.from(
  { length: namespaceChars },
  (_, n) => `rules/${'?'.repeat(n + 1)}/*.yaml`,
);

function globalSection(
  stack: MonitoringStack,
  shard: number,
  faults: RenderFault[],
): Record<string, unknown> {
  const spec = stack.spec.prometheus ?? {};
  const interval = spec.scrapeInterval ?? '30s';
  const external: Record<string, string> = {};
  for (const [name, value] of Object.entries(stack.spec.externalLabels ?? {})) {
    const reserved = name.startsWith('promfleet_');
    if (!reserved && /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) external[name] = value.replaceAll('$', '$$$$');
    else {
      faults.push({
        path: `spec.externalLabels[${name}]`,
        code: reserved ? 'ReservedLabel' : 'ConfigInvalid',
        message: reserved ? 'labels that begin with promfleet_ are set by the operator' : 'is no label name',
      });
    }
  }
  external[sourceLabels.replica] = '${POD_NAME}';
  external[sourceLabels.shard] = String(shard);
  return compact({
    scrape_interval: interval,
    scrape_timeout: scrapeTimeout(spec, interval, faults),
    evaluation_interval: spec.evaluationInterval ?? '30s',
    ...limitFields(spec, faults),
    external_labels: external,
  });
}

function scrapeTimeout(spec: PrometheusSpec, interval: string, faults: RenderFault[]): string {
  const longest = durationMs(interval) ?? 0;
  const fallback = longest < 10_000 ? interval : '10s';
  if (spec.scrapeTimeout === undefined) return fallback;
  if ((durationMs(spec.scrapeTimeout) ?? 0) <= longest) return spec.scrapeTimeout;
  const path = 'spec.prometheus.scrapeTimeout';
  faults.push({ path, code: 'ConfigInvalid', message: `is longer than scrapeInterval (${interval})` });
  return fallback;
}

const limitNames = {
  samples: 'sample_limit',
  targets: 'target_limit',
  labels: 'label_limit',
  labelNameLength: 'label_name_length_limit',
  labelValueLength: 'label_value_length_limit',
  bodySize: 'body_size_limit',
} as const;

function limitFields(spec: PrometheusSpec, faults: RenderFault[]): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [field, name] of Object.entries(limitNames)) {
    const quantity = spec.limits?.[field as keyof typeof limitNames];
    if (quantity === undefined) continue;
    const value = quantityValue(quantity);
    if (value === undefined || value > BigInt(Number.MAX_SAFE_INTEGER)) {
      const path = `spec.prometheus.limits.${field}`;
      faults.push({ path, code: 'ConfigInvalid', message: 'is no quantity such as 50k' });
    } else {
      result[name] = field === 'bodySize' ? `${value}B` : Number(value);
    }
  }
  return result;
}

function alertingSection(stack: MonitoringStack, shards: number): Record<string, unknown> {
  // Replicas of one shard must send the same alert; the team label is not for rules to set.
  const dropped: string[] = [sourceLabels.replica, reservedLabels.team];
  if (shards === 1) dropped.push(sourceLabels.shard);
  const relabel = [{ regex: dropped.join('|'), action: 'labeldrop' }];
  if ((stack.spec.alertmanager?.replicas ?? 3) === 0) return { alert_relabel_configs: relabel };
  const tls = hasIdentities(stack) ? clientTls(stack) : undefined;
  const label = [
    `${labelKeys.name}=alertmanager`,
    `${labelKeys.instance}=${stack.metadata.name}`,
    `${labelKeys.managedBy}=${managedBy}`,
  ].join(',');
  return {
    alert_relabel_configs: relabel,
    alertmanagers: [
      {
        api_version: 'v2',
        ...(tls === undefined ? {} : { tls_config: tls }),
        kubernetes_sd_configs: [podDiscovery([stackNamespace(stack)], label)],
        relabel_configs: [
          {
            source_labels: ['__meta_kubernetes_pod_container_port_name'],
            regex: ports.alertmanager.name,
            action: 'keep',
          },
          ...(tls === undefined ? [] : [schemeOfPod]),
          { source_labels: ['__meta_kubernetes_pod_phase'], regex: 'Failed|Succeeded', action: 'drop' },
        ],
      },
    ],
  };
}

function scrapeJobs(input: ConfigInput, faults: RenderFault[]): readonly ScrapeJob[] {
  const { stack } = input;
  const spec = stack.spec.prometheus ?? {};
  const version = spec.version ?? defaultVersion;
  const jobs: ScrapeJob[] = [ownComponentsJob(stack, version)];
  const namespaces = [...new Set(input.discoveryNamespaces)].sort();
  if ((spec.scrape?.annotatedPods?.enabled ?? true) && namespaces.length > 0) {
    jobs.push(annotatedPodsJob(namespaces, spec.scrape?.annotatedPods?.selector, version));
  }
  if (input.additionalScrapeConfigs !== undefined) {
    const added = additionalJobs(input.additionalScrapeConfigs, version, spec.scrapeInterval ?? '30s');
    jobs.push(...added.jobs);
    faults.push(...added.faults);
  }
  return jobs;
}
