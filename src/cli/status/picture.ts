import type { AlertRoute } from '../../crds/alert-route.ts';
import type { AlertRuleSet } from '../../crds/alert-rule-set.ts';
import type { Condition } from '../../crds/condition.ts';
import type { KindName } from '../../crds/kinds.ts';
import type { ObjectMeta } from '../../crds/metadata.ts';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { RetentionPolicy } from '../../crds/retention-policy.ts';
import type { Fault } from '../../crds/selection-status.ts';
import type { Silence } from '../../crds/silence.ts';
import { ports } from '../../render/names.ts';
import { schemeAnnotation } from '../../render/workload/tls.ts';

/** What was read from the cluster. */
export interface ObservedCluster {
  readonly stacks: readonly MonitoringStack[];
  readonly ruleSets: readonly AlertRuleSet[];
  readonly routes: readonly AlertRoute[];
  readonly silences: readonly Silence[];
  readonly policies: readonly RetentionPolicy[];
  readonly pods: readonly ObservedPod[];
}

/** The part of a pod that the picture shows. */
export interface ObservedPod {
  readonly metadata: ObjectMeta;
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

interface ContainerStatus {
  readonly name: string;
  readonly restartCount?: number;
  readonly state?: { readonly waiting?: { readonly reason?: string } };
}

/** One object of ours, in the words of its own status. */
export interface ObjectPicture {
  readonly kind: KindName;
  readonly namespace: string;
  readonly name: string;
  /** Ready, as far as the status speaks of the newest generation; else Unknown. */
  readonly ready: Condition['status'];
  readonly suspended: boolean;
  readonly stalled: boolean;
  readonly reason: string;
  readonly message: string;
  /** When Ready last changed (RFC 3339). */
  readonly since?: string;
  readonly createdAt?: string;
  /** Values of the stage columns, by name. */
  readonly stages: Readonly<Record<string, string>>;
  readonly faults: readonly Fault[];
  /** What is worth knowing although it does not make the object unready: a rule that fails, shards. */
  readonly notes: readonly { readonly code: string; readonly message: string }[];
}

export interface PodPicture {
  readonly name: string;
  readonly ready: boolean;
  /** Phase, or why a container waits. */
  readonly state: string;
  readonly restarts: number;
  /** Where its server answers: `http://ADDRESS:PORT`. */
  readonly url?: string;
  /** Whether it reports the stack's current content; undefined where the stack says nothing of it. */
  readonly loaded?: boolean;
  readonly error?: string;
}

export interface StackPicture extends ObjectPicture {
  readonly pods: readonly PodPicture[];
}

export interface StatusPicture {
  readonly stacks: readonly StackPicture[];
  readonly ruleSets: readonly ObjectPicture[];
  readonly routes: readonly ObjectPicture[];
  readonly silences: readonly ObjectPicture[];
  readonly policies: readonly ObjectPicture[];
}

/** The picture that `promfleet status` shows: only what the objects themselves report, nothing guessed. */
export function pictureOf(cluster: ObservedCluster): StatusPicture {
  return {
    stacks: cluster.stacks.map((stack) => ({
      ...objectPicture(stack, stack.status?.faults ?? [], {
        PROMETHEUS: versioned(stack.status?.ready?.prometheus, stack.status?.prometheus?.version),
        ALERTMANAGER: versioned(stack.status?.ready?.alertmanager, stack.status?.alertmanager?.version),
        QUERY: stack.status?.ready?.query ?? '-',
        LOADED: stack.status?.ready?.loaded ?? '-',
      }),
      pods: podsOf(stack, cluster.pods),
    })),
    ruleSets: cluster.ruleSets.map((set) =>
      objectPicture(set, faultsOf(set.status), {
        ACCEPTED: stageOf(set, 'Accepted'),
        LOADED: set.status?.loaded ?? '-',
        HEALTHY: stageOf(set, 'Healthy'),
      }),
    ),
    routes: cluster.routes.map((route) =>
      objectPicture(route, faultsOf(route.status), {
        ACCEPTED: stageOf(route, 'Accepted'),
        LOADED: route.status?.loaded ?? '-',
      }),
    ),
    silences: cluster.silences.map((silence) =>
      objectPicture(silence, faultsOf(silence.status), {
        STATE: silence.status?.state ?? '-',
        UNTIL: silence.status?.endsAt ?? '-',
        CONFIRMED: silence.status?.confirmed ?? '-',
      }),
    ),
    policies: cluster.policies.map((policy) =>
      objectPicture(policy, policy.status?.faults ?? [], {
        STACK: policy.spec.stack.name,
        STATE: policy.status?.state ?? '-',
        SERIES: countText(policy.status?.preview?.series),
        BYTES: countText(policy.status?.preview?.sizeBytes),
        PURGED: purgedText(policy.status?.erasures),
      }),
    ),
  };
}

/** Whether everything is as it should be; what is suspended is left out. */
export function allReady(picture: StatusPicture): boolean {
  return objectsOf(picture).every((object) => object.suspended || object.ready === 'True');
}

export function objectsOf(picture: StatusPicture): readonly ObjectPicture[] {
  return [
    ...picture.stacks,
    ...picture.ruleSets,
    ...picture.routes,
    ...picture.silences,
    ...picture.policies,
  ];
}

type AnyKind = MonitoringStack | AlertRuleSet | AlertRoute | Silence | RetentionPolicy;

function objectPicture(
  object: AnyKind,
  faults: readonly Fault[],
  stages: Readonly<Record<string, string>>,
): ObjectPicture {
  const { metadata } = object;
  const ready = conditionOf(object, 'Ready');
  const current = isCurrent(object, ready);
  return {
    kind: object.kind,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    ready: current ? ready!.status : 'Unknown',
    suspended: object.spec?.suspend === true,
    stalled: current && conditionOf(object, 'Stalled')?.status === 'True',
    reason: current ? ready!.reason : 'NotYetReported',
    message: current
      ? ready!.message
      : 'the operator has not reported on the newest version of the object yet',
    ...(ready === undefined ? {} : { since: ready.lastTransitionTime }),
    ...(metadata.creationTimestamp === undefined ? {} : { createdAt: metadata.creationTimestamp }),
    stages,
    notes: notesOf(object),
    faults,
  };
}

function conditionOf(object: AnyKind, type: string): Condition | undefined {
  return object.status?.conditions?.find((condition) => condition.type === type);
}

/** Whether the status speaks of the spec as it is now. */
function isCurrent(object: AnyKind, ready: Condition | undefined): boolean {
  if (ready === undefined) return false;
  const seen = ready.observedGeneration ?? object.status?.observedGeneration;
  const { generation } = object.metadata;
  return generation === undefined || seen === undefined || seen >= generation;
}

/** Conditions that are no part of Ready. */
const informing = ['Healthy', 'SeesAllTargets'];
/** The same of those that say something when they are true. */
const warning = ['WaitingForDownsample', 'Conflicting'];

function notesOf(object: AnyKind): ObjectPicture['notes'] {
  const conditions: readonly Condition[] = object.status?.conditions ?? [];
  return conditions
    .filter(
      ({ type, status }) =>
        (informing.includes(type) && status === 'False') || (warning.includes(type) && status === 'True'),
    )
    .map(({ reason, message }) => ({ code: reason, message }));
}

function stageOf(object: AnyKind, type: string): string {
  return { True: 'yes', False: 'no', Unknown: '?' }[conditionOf(object, type)?.status ?? 'Unknown'];
}

const countText = (count: number | undefined) => (count === undefined ? '-' : String(count));

/** Erasures that are purged, of all. */
function purgedText(erasures: NonNullable<RetentionPolicy['status']>['erasures']): string {
  if (erasures === undefined || erasures.length === 0) return '-';
  return `${erasures.filter(({ state }) => state === 'Purged').length}/${erasures.length}`;
}

const versioned = (count: string | undefined, version: string | undefined) =>
  [count ?? '-', version].filter((part) => part !== undefined).join(' ');

function faultsOf(
  status: { readonly faults?: readonly Fault[]; readonly stacks?: readonly StackEntry[] } | undefined,
): Fault[] {
  const own = status?.faults ?? [];
  const ofStacks = (status?.stacks ?? []).flatMap((stack) =>
    (stack.faults ?? []).map((fault) => ({
      ...fault,
      message: `stack ${stack.namespace}/${stack.name}: ${fault.message}`,
    })),
  );
  return [...own, ...ofStacks];
}

interface StackEntry {
  readonly namespace: string;
  readonly name: string;
  readonly faults?: readonly Fault[];
}

const stackLabel = 'promfleet.dev/stack';
const serverPorts: Readonly<Record<string, number>> = {
  prometheus: ports.prometheus.number,
  alertmanager: ports.alertmanager.number,
  'promfleet-query': ports.query.number,
};
/** On one machine, where such a pod is read without a certificate. */
const loopbackPorts: Readonly<Record<string, number>> = {
  prometheus: ports.loopback.prometheus,
  alertmanager: ports.loopback.alertmanager,
  'promfleet-query': ports.loopback.query,
};

function urlOf(app: string, address: string | undefined, isTls: boolean): string | undefined {
  const port = serverPorts[app];
  if (port === undefined || address === undefined || address === '') return undefined;
  if (isTls && address.startsWith('127.')) return `http://${address}:${loopbackPorts[app]}`;
  return `${isTls ? 'https' : 'http'}://${address.includes(':') ? `[${address}]` : address}:${port}`;
}

function podsOf(stack: MonitoringStack, pods: readonly ObservedPod[]): PodPicture[] {
  const { namespace, name } = stack.metadata;
  const replicas = new Map((stack.status?.replicas ?? []).map((replica) => [replica.pod, replica]));
  return pods
    .filter(({ metadata }) => metadata.namespace === namespace && metadata.labels?.[stackLabel] === name)
    .map(({ metadata, status }): PodPicture => {
      const replica = replicas.get(metadata.name);
      const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
      const waiting = containers.find((container) => container.state?.waiting?.reason !== undefined);
      const url = urlOf(
        metadata.labels?.['app.kubernetes.io/name'] ?? '',
        status?.podIP,
        metadata.annotations?.[schemeAnnotation] === 'https',
      );
      return {
        name: metadata.name,
        ready:
          status?.conditions?.some(({ type, status: state }) => type === 'Ready' && state === 'True') ??
          false,
        state:
          metadata.deletionTimestamp === undefined
            ? (waiting?.state?.waiting?.reason ?? status?.phase ?? 'Unknown')
            : 'Terminating',
        restarts: containers.reduce((sum, container) => sum + (container.restartCount ?? 0), 0),
        ...(url === undefined ? {} : { url }),
        ...(replica === undefined ? {} : { loaded: replica.loaded }),
        ...(replica?.error === undefined ? {} : { error: replica.error }),
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
