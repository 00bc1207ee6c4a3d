import type { PrometheusSpec } from '../../crds/monitoring-stack.ts';
import { mountPaths, ports } from '../names.ts';
import { extraArgs } from '../workload/extra-args.ts';
import type { RenderFault } from '../workload/manifest.ts';
import { quantityValue } from '../workload/quantity.ts';
import { webConfigArg } from '../workload/tls.ts';
import { prometheusFlags } from './flag-table.ts';
import { defaultVersion, isShippingFlag, operatorFeatures, shippingFlags } from './versions.ts';

const refusedFeatures: Readonly<Record<string, string>> = {
  agent: 'this stack runs Prometheus as a server',
  'auto-reload-config': 'the reloader decides when to reload',
};

/**
 * Command line of the server, the same for all shards. Order is fixed, so that equal input restarts nothing. `shipped`:
 * its blocks go to a bucket. `tls`: it asks its clients for certificates.
 */
export function prometheusArgs(
  spec: PrometheusSpec,
  shipped: boolean,
  tls: boolean,
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
  if (tls) args.push(webConfigArg);
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
  const version = spec.version ?? defaultVersion;
  const extra = extraArgs(prometheusFlags, {
    version,
    path: 'spec.prometheus.extraArgs',
    extra: spec.extraArgs ?? [],
    refused: (name) =>
      shipped && isShippingFlag(name) ? 'is set by the operator where blocks go to a bucket' : undefined,
  });
  return { args: [...args, ...extra.args], faults: [...faults, ...extra.faults] };
}
