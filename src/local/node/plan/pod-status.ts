import type { Container, ContainerStatus, Pod, PodCondition, PodStatus } from '../types.ts';
import { isSidecar, type PodPlan } from './pod.ts';

export interface PodStatusInput {
  readonly pod: Pod;
  readonly plan: Pick<PodPlan, 'finished' | 'initialized'>;
  readonly containers: ReadonlyMap<string, ContainerStatus>;
  readonly podIP: string;
  readonly hostIP: string;
  readonly startTime: string;
  /** RFC 3339, for conditions that change. */
  readonly now: string;
}

/** The status a kubelet would report. A condition keeps its transition time until its status changes. */
export function podStatus(input: PodStatusInput): PodStatus {
  const { pod, plan, now } = input;
  const status = (container: Container) => input.containers.get(container.name) ?? unknownStatus(container);
  const inits = pod.spec.initContainers ?? [];
  const sidecarsReady = inits.filter(isSidecar).every((container) => status(container).ready);
  const notReady = pod.spec.containers
    .filter((container) => !status(container).ready)
    .map(({ name }) => name);
  const containersReady = plan.initialized && sidecarsReady && notReady.length === 0;
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const unready =
    plan.finished !== null
      ? { reason: 'PodCompleted' }
      : { reason: 'ContainersNotReady', message: `containers with unready status: [${notReady.join(' ')}]` };
  const condition = (type: string, holds: boolean, detail: { reason?: string; message?: string } = {}) => {
    const before = pod.status?.conditions?.find((candidate) => candidate.type === type);
    const value = holds ? 'True' : 'False';
    return {
      type,
      status: value,
      ...(holds ? {} : detail),
      lastTransitionTime: before?.status === value ? (before.lastTransitionTime ?? now) : now,
    } satisfies PodCondition;
  };
  const anyRan = pod.spec.containers.some((container) => {
    const { state, restartCount } = status(container);
    return state.running !== undefined || state.terminated !== undefined || restartCount > 0;
  });
  return {
    phase: plan.finished ?? (plan.initialized && anyRan ? 'Running' : 'Pending'),
    conditions: [
      condition('PodReadyToStartContainers', plan.finished === null),
      condition('Initialized', plan.initialized, { reason: 'ContainersNotInitialized' }),
      condition('Ready', containersReady && !terminating && plan.finished === null, unready),
      condition('ContainersReady', containersReady && plan.finished === null, unready),
      condition('PodScheduled', true),
    ],
    hostIP: input.hostIP,
    podIP: input.podIP,
    podIPs: [{ ip: input.podIP }],
    startTime: input.startTime,
    ...(inits.length === 0 ? {} : { initContainerStatuses: inits.map(status) }),
    containerStatuses: pod.spec.containers.map(status),
  };
}

function unknownStatus(container: Container): ContainerStatus {
  return {
    name: container.name,
    image: container.image ?? '',
    imageID: '',
    ready: false,
    started: false,
    restartCount: 0,
    state: { waiting: { reason: 'PodInitializing' } },
    lastState: {},
  };
}
