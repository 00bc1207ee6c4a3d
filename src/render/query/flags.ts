import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { governingServiceName, ports, sourceLabels } from '../names.ts';
import { prometheusPods } from '../prometheus/prometheus.ts';
import { extraArgs } from '../workload/extra-args.ts';
import { type RenderFault, stackNamespace } from '../workload/manifest.ts';
import { objectStoreAccess } from '../workload/object-store.ts';
import { queryFlags } from '../workload/own-flags.ts';
import { ownServerTlsArgs } from '../workload/tls.ts';
import { accessArgs } from './access.ts';

/** Whether the query servers ask their clients for who they are, and whether the Prometheus servers ask them. */
export interface QueryTransport {
  readonly tls: boolean;
  readonly prometheusTls: boolean;
}

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
export function queryArgs(
  stack: MonitoringStack,
  transport: QueryTransport,
): {
  readonly args: readonly string[];
  readonly faults: readonly RenderFault[];
} {
  const bucket = objectStoreAccess(stack);
  const domain = `${governingServiceName(stack.metadata.name, 'prometheus')}.${stackNamespace(stack)}.svc`;
  const extra = extraArgs(queryFlags, {
    version: '',
    path: 'spec.query.extraArgs',
    extra: stack.spec.query?.extraArgs ?? [],
  });
  const args = [
    'query',
    `--listen=0.0.0.0:${ports.query.number}`,
    ...prometheusPods(stack).map(
      (pod) =>
        `--prometheus-url=${transport.prometheusTls ? 'https' : 'http'}://${pod}.${domain}:${ports.prometheus.number}`,
    ),
    ...(bucket === undefined ? [] : [bucket.option]),
    `--replica-label=${sourceLabels.replica}`,
    ...(transport.tls
      ? [
          ...ownServerTlsArgs(stack),
          ...accessArgs(stack),
          `--loopback-listen=127.0.0.1:${ports.loopback.query}`,
        ]
      : []),
    ...extra.args,
  ];
  return { args, faults: extra.faults };
}
