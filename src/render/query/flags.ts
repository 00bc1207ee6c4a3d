import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { governingServiceName, ports, sourceLabels } from '../names.ts';
import { prometheusPods } from '../prometheus/prometheus.ts';
import { type RenderFault, stackNamespace } from '../workload/manifest.ts';
import { objectStoreAccess } from '../workload/object-store.ts';

/** Flags that the operator sets or that must not be set, with the reason. */
const refusedFlags: Readonly<Record<string, string>> = {
  'bucket-dir': 'use objectStore',
  listen: 'is set by the operator',
  'objstore-config': 'use objectStore',
  'prometheus-url': 'is set by the operator',
  'replica-label': 'is set by the operator',
};

/** How many query servers run: none where there is nothing that they could ask. */
export function queryReplicas(stack: MonitoringStack): number {
  const hasSource = prometheusPods(stack).length > 0 || stack.spec.objectStore !== undefined;
  return hasSource ? (stack.spec.query?.replicas ?? 1) : 0;
}

/**
 * Command line of every query server. Order is fixed, so that equal input restarts nothing. Each replica is asked by its own
 * name: one that is away is then known as such, which an address of all of them would hide. Shards hold different
 * series, so only the replica's label is folded.
 */
export function queryArgs(stack: MonitoringStack): {
  readonly args: readonly string[];
  readonly faults: readonly RenderFault[];
} {
  const faults: RenderFault[] = [];
  const bucket = objectStoreAccess(stack);
  const domain = `${governingServiceName(stack.metadata.name, 'prometheus')}.${stackNamespace(stack)}.svc`;
  const extra: string[] = [];
  for (const { name, value } of stack.spec.query?.extraArgs ?? []) {
    const why = refusedFlags[name];
    if (why === undefined) extra.push(value === undefined ? `--${name}` : `--${name}=${value}`);
    else faults.push({ path: `spec.query.extraArgs[${name}]`, code: 'FlagRefused', message: why });
  }
  const args = [
    'query',
    `--listen=0.0.0.0:${ports.query.number}`,
    ...prometheusPods(stack).map(
      (pod) => `--prometheus-url=http://${pod}.${domain}:${ports.prometheus.number}`,
    ),
    ...(bucket === undefined ? [] : [bucket.option]),
    `--replica-label=${sourceLabels.replica}`,
    ...extra.sort(),
  ];
  return { args, faults };
}
