import type { MonitoringStack, MonitoringStackStatus, ReplicaStatus } from '../../crds/monitoring-stack.ts';
import { type Fault, maxFaultsInStatus } from '../../crds/selection-status.ts';
import type { Report } from '../../render/bundle/report.ts';
import type { ShipperReport } from '../../render/bundle/shipper-report.ts';
import type { Server } from '../../render/names.ts';
import { type ConditionDraft, mergeConditions } from '../conditions.ts';
import { agentsOutdated } from './agents-outdated.ts';
import type { ObservedQuery } from './query-servers.ts';

/** What the API and the pods say of one StatefulSet of a stack. */
export interface ObservedWorkload {
  readonly server: Server;
  readonly shard?: number;
  readonly version: string;
  /** Pods that should run. */
  readonly pods: readonly ObservedPod[];
  /** Hash of the index that its replicas should load. */
  readonly indexHash: string | undefined;
  /** Replicas of the current pod template; the rollout has ended when it equals the number of pods. */
  readonly updatedReplicas: number;
  /** The StatefulSet controller has seen the current spec. */
  readonly observed: boolean;
}

export interface ObservedPod {
  readonly name: string;
  readonly ready: boolean;
  readonly report: Report | undefined;
  /** Absent where no shipper runs. */
  readonly shipping?: ShipperReport | undefined;
}

/** What keeps the stack from being as declared until somebody changes something. */
export interface StackFault {
  /** Absent: it is not about one field. */
  readonly path?: string;
  readonly code: string;
  readonly message: string;
}

export interface ObservedStackState {
  readonly object: MonitoringStack;
  readonly workloads: readonly ObservedWorkload[];
  /** Absent: the stack runs no query servers. */
  readonly query: ObservedQuery | undefined;
  readonly faults: readonly StackFault[];
  /** Pods that are to go and are not drained yet. */
  readonly draining?: readonly { readonly pod: string; readonly state: string }[] | undefined;
  readonly ruleSets: NonNullable<MonitoringStackStatus['ruleSets']>;
  readonly routes: NonNullable<MonitoringStackStatus['routes']>;
  readonly agentImage: string | undefined;
  /** Version of the operator. */
  readonly operatorVersion?: string | undefined;
}

/** Replicas listed in a status. */
const maxReplicas = 128;

export function decideStackStatus(observed: ObservedStackState, nowMs: number): MonitoringStackStatus {
  const { object, workloads, query } = observed;
  const of = (server: Server) => workloads.filter((workload) => workload.server === server);
  const replicas = workloads.flatMap(replicasOf);
  const [prometheus, alertmanager] = [summaryOf(of('prometheus')), summaryOf(of('alertmanager'))];
  const total = summaryOf(workloads);
  const generation = object.metadata.generation;
  const alertmanagerIndexHash = of('alertmanager')[0]?.indexHash;
  const outdated = agentsOutdated(
    observed.operatorVersion,
    workloads.flatMap(({ pods }) =>
      pods.map(({ name, report }) => ({ name, agentVersion: report?.agentVersion })),
    ),
  );
  const drafts = [...conditionsOf(observed, total), ...(outdated === undefined ? [] : [outdated])];
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    conditions: mergeConditions(object.status?.conditions, drafts, generation, nowMs),
    ...(observed.faults.length === 0
      ? {}
      : { faults: observed.faults.slice(0, maxFaultsInStatus).map(statusFault) }),
    prometheus,
    alertmanager,
    ...(query === undefined
      ? {}
      : {
          query: {
            replicas: query.replicas,
            readyReplicas: query.readyReplicas,
            updatedReplicas: query.updatedReplicas,
          },
        }),
    shards: of('prometheus').map((workload) => {
      const { replicas: count, readyReplicas, loadedReplicas } = summaryOf([workload]);
      const hash = workload.indexHash === undefined ? {} : { indexHash: workload.indexHash };
      return { shard: workload.shard ?? 0, replicas: count, readyReplicas, loadedReplicas, ...hash };
    }),
    ...(alertmanagerIndexHash === undefined ? {} : { alertmanagerIndexHash }),
    replicas: [...replicas].sort((a, b) => trouble(b) - trouble(a)).slice(0, maxReplicas),
    ruleSets: observed.ruleSets,
    routes: observed.routes,
    ready: {
      prometheus: `${prometheus.readyReplicas}/${prometheus.replicas}`,
      alertmanager: `${alertmanager.readyReplicas}/${alertmanager.replicas}`,
      query: `${query?.readyReplicas ?? 0}/${query?.replicas ?? 0}`,
      loaded: `${total.loadedReplicas}/${total.replicas}`,
    },
    ...(observed.agentImage === undefined ? {} : { agentImage: observed.agentImage }),
  };
}

/** No longer than the schema takes. */
function statusFault({ path = 'spec', code, message }: StackFault): Fault {
  return { path: path.slice(0, 1024), code, message: message.slice(0, 4096) };
}

/** Hash of the index of one workload, as the status told it last. */
export function toldIndexHash(
  { status }: Pick<MonitoringStack, 'status'>,
  { server, shard = 0 }: Pick<ObservedWorkload, 'server' | 'shard'>,
): string | undefined {
  return server === 'alertmanager'
    ? status?.alertmanagerIndexHash
    : status?.shards?.find((each) => each.shard === shard)?.indexHash;
}

function trouble(replica: ReplicaStatus): number {
  return (replica.ready ? 0 : 2) + (replica.loaded ? 0 : 1);
}

function isLoaded(pod: ObservedPod, indexHash: string | undefined): boolean {
  return indexHash !== undefined && pod.report?.indexHash === indexHash && pod.report.error === undefined;
}

function replicasOf(workload: ObservedWorkload): ReplicaStatus[] {
  return workload.pods.map((pod) => {
    const { report } = pod;
    return {
      pod: pod.name,
      component: workload.server,
      ...(workload.shard === undefined ? {} : { shard: workload.shard }),
      ready: pod.ready,
      loaded: isLoaded(pod, workload.indexHash),
      ...(report === undefined
        ? {}
        : {
            indexHash: report.indexHash,
            serverVersion: report.serverVersion.slice(0, 64),
            agentVersion: report.agentVersion.slice(0, 64),
            quarantined: report.quarantined.length,
            ...(report.error === undefined ? {} : { error: report.error.slice(0, 2048) }),
          }),
      ...(pod.shipping === undefined ? {} : { shipping: shippingOf(pod.shipping) }),
    };
  });
}

function shippingOf(report: ShipperReport): NonNullable<ReplicaStatus['shipping']> {
  const { waitingBlocks, heldBlocks, oldestWaitingMs, lastUploadMs, troubles } = report;
  const time = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
  const error = report.error?.message ?? troubles[0]?.error;
  return {
    waitingBlocks,
    heldBlocks,
    ...(oldestWaitingMs === undefined ? {} : { oldestWaiting: time(oldestWaitingMs) }),
    ...(lastUploadMs === undefined ? {} : { lastUpload: time(lastUploadMs) }),
    ...(error === undefined ? {} : { error: error.slice(0, 2048) }),
  };
}

interface Summary {
  readonly version?: string;
  readonly replicas: number;
  readonly readyReplicas: number;
  readonly updatedReplicas: number;
  readonly loadedReplicas: number;
}

function summaryOf(workloads: readonly ObservedWorkload[]): Summary {
  const version = workloads[0]?.version;
  const sum = (count: (workload: ObservedWorkload) => number) =>
    workloads.reduce((total, workload) => total + count(workload), 0);
  return {
    ...(version === undefined ? {} : { version }),
    replicas: sum((workload) => workload.pods.length),
    readyReplicas: sum((workload) => workload.pods.filter((pod) => pod.ready).length),
    updatedReplicas: sum((workload) => workload.updatedReplicas),
    loadedReplicas: sum(
      (workload) => workload.pods.filter((pod) => isLoaded(pod, workload.indexHash)).length,
    ),
  };
}

function conditionsOf(observed: ObservedStackState, total: Summary): ConditionDraft[] {
  const draft = (type: string, status: boolean, reason: string, message: string): ConditionDraft => ({
    type,
    status: status ? 'True' : 'False',
    reason,
    message,
  });
  const { object, workloads, query, faults, draining = [] } = observed;
  if (object.spec.suspend === true)
    return [
      draft('Ready', false, 'Suspended', 'spec.suspend is true: nothing is changed'),
      draft('Reconciling', false, 'Suspended', ''),
      draft('Stalled', false, 'Suspended', ''),
    ];
  const { partial = 0 } = observed.ruleSets;
  const text =
    `${total.readyReplicas}/${total.replicas} replicas ready, ${total.updatedReplicas} updated, ` +
    `${total.loadedReplicas} with the current configuration` +
    (query === undefined ? '' : `; ${query.readyReplicas}/${query.replicas} query servers ready`) +
    (partial === 0 ? '' : `; ${partial} rule sets combine targets, and each shard sees its own only`);
  const queryLags = (field: 'updatedReplicas' | 'readyReplicas') =>
    query !== undefined && query[field] < query.replicas;
  const [fault] = faults;
  if (fault !== undefined) {
    const place = fault.path === undefined ? '' : `${fault.path}: `;
    const more = faults.length === 1 ? '' : ` (and ${faults.length - 1} more)`;
    const message = `${place}${fault.message}${more}`;
    return [
      draft('Ready', false, fault.code, message),
      draft('Reconciling', false, 'Stalled', ''),
      draft('Stalled', true, fault.code, message),
    ];
  }
  const refused = workloads
    .flatMap((workload) => workload.pods)
    .find((pod) => pod.report?.error !== undefined);
  const reason =
    !workloads.every((workload) => workload.observed) || query?.observed === false
      ? 'Applying'
      : total.updatedReplicas < total.replicas || queryLags('updatedReplicas')
        ? 'RollingOut'
        : total.readyReplicas < total.replicas || queryLags('readyReplicas')
          ? 'PodsNotReady'
          : refused !== undefined
            ? 'ConfigRefused'
            : total.loadedReplicas < total.replicas
              ? 'Loading'
              : draining.length > 0
                ? 'Draining'
                : undefined;
  if (reason === undefined)
    return [
      draft('Ready', true, 'Ready', text),
      draft('Reconciling', false, 'Ready', ''),
      draft('Stalled', false, 'Ready', ''),
    ];
  const message =
    reason === 'ConfigRefused'
      ? `${refused!.name}: ${refused!.report!.error}`
      : reason === 'Draining'
        ? `${draining[0]!.pod} goes when its samples are in the bucket: ${draining[0]!.state}`
        : text;
  return [
    draft('Ready', false, reason, message),
    draft('Reconciling', true, reason, message),
    draft('Stalled', false, 'Reconciling', ''),
  ];
}
