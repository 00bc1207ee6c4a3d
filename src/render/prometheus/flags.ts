import type { PrometheusSpec } from '../../crds/monitoring-stack.ts';
import { mountPaths, ports } from '../names.ts';
import type { RenderFault } from '../workload/manifest.ts';
import { quantityValue } from '../workload/quantity.ts';
import { defaultVersion, isShippingFlag, operatorFeatures, shippingFlags } from './versions.ts';

/** Flags that the operator sets or that must not be set, with the reason. */
const refusedFlags: Readonly<Record<string, string>> = {
  'config.file': 'is set by the operator',
  'config.auto-reload-interval': 'the reloader decides when to reload',
  'enable-feature': 'use featureFlags',
  agent: 'this stack runs Prometheus as a server',
  'storage.agent.path': 'this stack runs Prometheus as a server',
  'storage.tsdb.path': 'is set by the operator',
  'storage.tsdb.retention.size': 'use retention.size',
  'storage.tsdb.retention.time': 'use retention.time',
  'web.config.file':
    'reads a file inside the container, and the operator and its agents speak plain HTTP to the server',
  'web.console.libraries': 'reads files inside the container',
  'web.console.templates': 'reads files inside the container',
  'web.enable-lifecycle': 'is set by the operator',
  'web.listen-address': 'is set by the operator',
  'web.local-assets': 'reads files inside the container',
  'web.route-prefix': 'is set by the operator',
  'web.user-assets': 'reads files inside the container',
};

const refusedFeatures: Readonly<Record<string, string>> = {
  agent: 'this stack runs Prometheus as a server',
  'auto-reload-config': 'the reloader decides when to reload',
};

/**
 * Command line of the server, the same for all shards. Order is fixed, so that equal input restarts nothing. `shipped`:
 * its blocks go to a bucket.
 */
export function prometheusArgs(
  spec: PrometheusSpec,
  shipped: boolean,
): {
  readonly args: readonly string[];
  readonly faults: readonly RenderFault[];
} {
  const faults: RenderFault[] = [];
  const refuse = (path: string, message: string) => faults.push({ path, code: 'FlagRefused', message });
  const args = [
    `--config.file=${mountPaths.config}/prometheus.yaml`,
    `--storage.tsdb.path=${mountPaths.data}`,
    `--storage.tsdb.retention.time=${spec.retention?.time ?? '24h'}`,
    `--web.listen-address=0.0.0.0:${ports.prometheus.number}`,
    '--web.route-prefix=/',
    '--web.enable-lifecycle',
  ];
  if (shipped) args.push(...shippingFlags(spec.version ?? defaultVersion));
  const size = spec.retention?.size;
  if (size !== undefined) {
    const bytes = quantityValue(size);
    if (bytes === undefined) refuse('spec.prometheus.retention.size', 'is no quantity such as 50Gi');
    else args.push(`--storage.tsdb.retention.size=${bytes}B`);
  }
  const features = new Set(operatorFeatures(spec.version ?? defaultVersion));
  for (const [position, feature] of (spec.featureFlags ?? []).entries()) {
    const why = refusedFeatures[feature];
    if (why === undefined) features.add(feature);
    else refuse(`spec.prometheus.featureFlags[${position}]`, why);
  }
  if (features.size > 0) args.push(`--enable-feature=${[...features].sort().join(',')}`);
  const extra: string[] = [];
  for (const { name, value } of spec.extraArgs ?? []) {
    const bare = name.replace(/^no-/, '');
    const why = refusedFlags[bare];
    if (why !== undefined) refuse(`spec.prometheus.extraArgs[${name}]`, why);
    else if (shipped && isShippingFlag(bare))
      refuse(`spec.prometheus.extraArgs[${name}]`, 'is set by the operator where blocks go to a bucket');
    else extra.push(value === undefined ? `--${name}` : `--${name}=${value}`);
  }
  return { args: [...args, ...extra.sort()], faults };
}
