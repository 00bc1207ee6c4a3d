import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import {
  labelKeys,
  podSelector,
  prometheusIndexName,
  prometheusName,
  prometheusShardName,
} from '../names.ts';
import type { Manifest, RenderFault } from '../workload/manifest.ts';
import { objectStoreAccess, ships } from '../workload/object-store.ts';
import { agentContainers, downwardEnvironment } from '../workload/pod.ts';
import { configAndData, serverContainer, serverStatefulSet, upstreamImage } from '../workload/server.ts';
import { prometheusArgs } from './flags.ts';
import { defaultVersion } from './versions.ts';

/** Time to write what is in memory and to flush remote writes. */
const terminationGraceSeconds = 300;

/** How long replaying a write-ahead log may take before the pod counts as failed: one hour. */
const startup = { periodSeconds: 1, failureThreshold: 3600, timeoutSeconds: 3 };

/** The StatefulSet of one shard. Its template says nothing about configuration content, rules or targets. */
export function renderStatefulSet(
  stack: MonitoringStack,
  shard: number,
  agentImage: string,
  tls: boolean,
): { readonly manifest: Manifest; readonly faults: readonly RenderFault[] } {
  const spec = stack.spec.prometheus ?? {};
  const { name } = stack.metadata;
  const { args, faults: flagFaults } = prometheusArgs(spec, ships(stack), tls);
  const shipsTo = ships(stack) ? objectStoreAccess(stack) : undefined;
  const { manifest, faults } = serverStatefulSet(stack, 'prometheus', {
    name: prometheusShardName(name, shard),
    labels: { [labelKeys.shard]: String(shard) },
    replicas: spec.replicas ?? 2,
    storage: spec.storage,
    claimLabels: podSelector(name, 'prometheus'),
    selector: podSelector(name, 'prometheus', shard),
    serviceAccount: prometheusName(name),
    tls,
    terminationGraceSeconds,
    ...(shipsTo === undefined ? {} : { moreVolumes: [shipsTo.volume] }),
    initContainers: agentContainers({
      stack,
      server: 'prometheus',
      agentImage,
      tls,
      indexName: prometheusIndexName(name, shard),
      shipsTo,
    }),
    container: serverContainer('prometheus', {
      image: upstreamImage(stack, {
        image: spec.image,
        repository: 'prometheus/prometheus',
        version: spec.version ?? defaultVersion,
      }),
      command: 'prometheus',
      args,
      env: downwardEnvironment,
      volumeMounts: configAndData,
      tls,
      startup,
      readiness: { periodSeconds: 5, failureThreshold: 3 },
      resources: spec.resources,
    }),
  });
  return { manifest, faults: [...flagFaults, ...faults] };
}
