import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { type Drain, encodeIndex, type IndexSlot, indexHash } from '../../render/bundle/bundle-index.ts';
import type { PackedSlot } from '../../render/bundle/pack.ts';
import { encodeSlot } from '../../render/bundle/slot.ts';
import { prometheusConfigSlotName, prometheusIndexName, prometheusShardName } from '../../render/names.ts';
import { renderConfig } from '../../render/prometheus/config.ts';
import type { renderPrometheus } from '../../render/prometheus/prometheus.ts';
import type { Manifest, RenderFault } from '../../render/workload/manifest.ts';
import { tlsFiles } from '../../render/workload/tls.ts';
import { indexManifest, slotManifest } from '../../render/workload/transport.ts';
import type { Identity } from '../identities/identities.ts';
import type { BundleState } from '../rule-bundle/bundle-state.ts';

/** Manifests by the phase in which they are applied, see `applyChildren`. */
export interface Half {
  readonly content: readonly Manifest[];
  readonly indexes: readonly Manifest[];
  readonly workloads: readonly Manifest[];
  /** StatefulSet name -> hash of the index that its replicas should load. */
  readonly indexHashes: ReadonlyMap<string, string>;
  /** Slot name -> hash, of the slots of the shared bundle. */
  readonly slotHashes: ReadonlyMap<string, string>;
  readonly faults: readonly RenderFault[];
}

const workloadKinds = new Set([
  'StatefulSet',
  'Deployment',
  'Service',
  'PodDisruptionBudget',
  'NetworkPolicy',
]);

/** Rights and reports come before the pods that need them. */
export function splitWorkloads(manifests: readonly Manifest[]): {
  readonly content: Manifest[];
  readonly workloads: Manifest[];
} {
  return {
    content: manifests.filter(({ kind }) => !workloadKinds.has(kind)),
    workloads: manifests.filter(({ kind }) => workloadKinds.has(kind)),
  };
}

export interface PrometheusHalfInput {
  readonly stack: MonitoringStack;
  readonly bundle: BundleState;
  readonly rendered: ReturnType<typeof renderPrometheus>;
  readonly discoveryNamespaces: readonly string[];
  readonly additionalScrapeConfigs: string | undefined;
  /** Shards that run, those that are to go among them. */
  readonly shards: number;
  readonly drain: Drain | undefined;
  /** Absent where the stack has no certificates. */
  readonly identity: Identity | undefined;
  /** Turns a slot into its manifest; remembers the last one of each. */
  readonly slotManifestOf: (slot: PackedSlot) => Manifest;
}

/** Everything of the Prometheus half: objects, configuration of each shard, rule slots, one index a shard. */
export function prometheusHalf(input: PrometheusHalfInput): Half {
  const { stack, bundle, rendered, identity } = input;
  const { name } = stack.metadata;
  const { content, workloads } = splitWorkloads(rendered.manifests);
  const faults = [...rendered.faults];
  const indexes: Manifest[] = [];
  const indexHashes = new Map<string, string>();
  const ruleSlots = [...bundle.packing.values()];
  const slotHashes = new Map(ruleSlots.map((slot) => [slot.name, slot.hash]));
  const { shards, drain } = input;
  for (let shard = 0; shard < shards; shard++) {
    const config = renderConfig({
      stack,
      shard,
      discoveryNamespaces: input.discoveryNamespaces,
      ...(input.additionalScrapeConfigs === undefined
        ? {}
        : { additionalScrapeConfigs: input.additionalScrapeConfigs }),
    });
    // Shards have the same faults.
    if (shard === 0) faults.push(...config.faults);
    const slotName = prometheusConfigSlotName(name, shard);
    const { hash, bytes } = encodeSlot([
      config.file,
      ...(identity === undefined ? [] : tlsFiles(stack, 'prometheus', identity)),
    ]);
    content.push(slotManifest(stack, { kind: 'Secret', name: slotName, bytes, server: 'prometheus' }));
    const slots: IndexSlot[] = [
      { kind: 'Secret', name: slotName, hash },
      ...ruleSlots.map((slot): IndexSlot => ({ kind: 'ConfigMap', name: slot.name, hash: slot.hash })),
    ];
    const index = drain === undefined ? { slots } : { slots, drain };
    indexes.push(indexManifest(stack, prometheusIndexName(name, shard), 'prometheus', index));
    indexHashes.set(prometheusShardName(name, shard), indexHash(encodeIndex(index)));
  }
  content.push(...ruleSlots.map(input.slotManifestOf));
  return { content, indexes, workloads, indexHashes, slotHashes, faults };
}
