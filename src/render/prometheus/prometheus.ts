import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { prometheusPodName } from '../names.ts';
import type { Manifest, RenderFault } from '../workload/manifest.ts';
import { reportManifest } from '../workload/transport.ts';
import { renderNetwork } from './network.ts';
import { type RbacInput, renderRbac } from './rbac.ts';
import { renderStatefulSet } from './stateful-set.ts';

export interface PrometheusInput extends RbacInput {
  /** Image of the agents, as pinned for this stack. */
  readonly agentImage: string;
  /** Whether the servers ask their clients for certificates. */
  readonly tls?: boolean;
}

/**
 * Every object of the stack's Prometheus half except indexes and slots, in the order in which they are applied: rights and
 * reports before the pods that need them. What has a fault is left out of its object and named.
 */
export function renderPrometheus(input: PrometheusInput): {
  readonly manifests: readonly Manifest[];
  readonly faults: readonly RenderFault[];
} {
  const { stack } = input;
  const shards = Array.from({ length: stack.spec.prometheus?.shards ?? 1 }, (_, shard) => shard);
  const sets = shards.map((shard) => renderStatefulSet(stack, shard, input.agentImage, input.tls === true));
  return {
    manifests: [
      ...renderRbac(input),
      ...prometheusPods(stack).map((pod) => reportManifest(stack, pod, 'prometheus')),
      ...renderNetwork(stack),
      ...sets.map(({ manifest }) => manifest),
    ],
    // Shards have the same faults.
    faults: sets[0]?.faults ?? [],
  };
}

/** Names of all Prometheus pods that the stack declares, shard by shard. */
export function prometheusPods(stack: MonitoringStack): readonly string[] {
  const { shards = 1, replicas = 2 } = stack.spec.prometheus ?? {};
  return Array.from({ length: shards * replicas }, (_, n) =>
    prometheusPodName(stack.metadata.name, Math.floor(n / replicas), n % replicas),
  );
}
