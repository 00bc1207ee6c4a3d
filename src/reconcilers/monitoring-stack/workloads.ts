import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { Report } from '../../render/bundle/report.ts';
import type { ShipperReport } from '../../render/bundle/shipper-report.ts';
import {
  alertmanagerName,
  alertmanagerPodName,
  prometheusPodName,
  prometheusShardName,
  type Server,
} from '../../render/names.ts';
import type { KubeObject } from '../object.ts';
import type { ObservedWorkload } from './status.ts';

/** One StatefulSet that a stack declares. */
export interface Workload {
  readonly server: Server;
  readonly shard?: number;
  readonly name: string;
  readonly pods: readonly string[];
}

/** The StatefulSets that `stack` declares, with the names of their pods. */
export function declaredWorkloads(stack: MonitoringStack): Workload[] {
  const { shards = 1, replicas = 2 } = stack.spec.prometheus ?? {};
  const members = stack.spec.alertmanager?.replicas ?? 3;
  const { name } = stack.metadata;
  const prometheus = Array.from(
    { length: shards },
    (_, shard): Workload => ({
      server: 'prometheus',
      shard,
      name: prometheusShardName(name, shard),
      pods: Array.from({ length: replicas }, (_, replica) => prometheusPodName(name, shard, replica)),
    }),
  );
  if (members === 0) return prometheus;
  return [
    ...prometheus,
    {
      server: 'alertmanager',
      name: alertmanagerName(name),
      pods: Array.from({ length: members }, (_, replica) => alertmanagerPodName(name, replica)),
    },
  ];
}

interface StatefulSetStatus {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly updatedReplicas?: number;
  readonly currentRevision?: string;
  readonly updateRevision?: string;
}

/** How far the rollout of a StatefulSet is. Zero of everything while it does not exist. */
export function observeWorkload(
  workload: Workload,
  live: KubeObject | undefined,
  facts: {
    readonly version: string;
    readonly indexHash: string | undefined;
    readonly ready: (pod: string) => boolean;
    readonly report: (pod: string) => Report | undefined;
    readonly shipping: (pod: string) => ShipperReport | undefined;
  },
): ObservedWorkload {
  const status = (live as { readonly status?: StatefulSetStatus } | undefined)?.status ?? {};
  const isRolledOut = status.updateRevision === undefined || status.currentRevision === status.updateRevision;
  const updated = isRolledOut ? (status.replicas ?? 0) : (status.updatedReplicas ?? 0);
  return {
    server: workload.server,
    ...(workload.shard === undefined ? {} : { shard: workload.shard }),
    version: facts.version,
    pods: workload.pods.map((name) => ({
      name,
      ready: facts.ready(name),
      report: facts.report(name),
      shipping: facts.shipping(name),
    })),
    indexHash: facts.indexHash,
    updatedReplicas: Math.min(updated, workload.pods.length),
    observed: live !== undefined && (status.observedGeneration ?? 0) >= (live.metadata.generation ?? 0),
  };
}
