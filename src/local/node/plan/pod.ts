import type { Container, Pod } from '../types.ts';

/** What is known of one container on this node. */
export interface ContainerFacts {
  readonly state: 'waiting' | 'running' | 'terminated';
  /** Startup probe passed, or none is asked for; only meaningful while running. */
  readonly started: boolean;
  readonly ready: boolean;
  /** Exit code of the last run; null before the first end. */
  readonly exitCode: number | null;
  /** Earliest time of the next start (backoff); 0 when it may start at once. */
  readonly notBeforeMs: number;
  /** A stop was asked for and has not finished. */
  readonly stopping: boolean;
}

export const neverRun: ContainerFacts = {
  state: 'waiting',
  started: false,
  ready: false,
  exitCode: null,
  notBeforeMs: 0,
  stopping: false,
};

export type Facts = ReadonlyMap<string, ContainerFacts>;

export interface PodPlan {
  readonly start: readonly string[];
  readonly stop: readonly string[];
  /** The pod has ended for good: phase Succeeded or Failed. */
  readonly finished: 'Succeeded' | 'Failed' | null;
  /** Nothing runs any more and nothing will. */
  readonly stopped: boolean;
  /** When to look again for a backoff that ends; null when only events matter. */
  readonly wakeAtMs: number | null;
  readonly initialized: boolean;
}

/**
 * What to start and stop next, as the kubelet orders it: init containers one after the other, a sidecar (init container with
 * restartPolicy Always) lets the next begin once started; then all containers at once. On deletion the containers
 * stop first, then the sidecars from last to first.
 * @param terminating the pod is deleted, or the node stops it.
 * @param wasInitialized init containers ended before in this sandbox: they do not run again.
 */
export function planPod(
  pod: Pod,
  facts: Facts,
  options: { terminating: boolean; wasInitialized: boolean; nowMs: number },
): PodPlan {
  const of = (container: Container) => facts.get(container.name) ?? neverRun;
  const inits = pod.spec.initContainers ?? [];
  const sidecars = inits.filter(isSidecar);
  const mains = pod.spec.containers;
  const restart = pod.spec.restartPolicy ?? 'Always';
  const finished = finishOf(pod, facts);

  if (options.terminating || finished !== null) {
    const once = [...mains, ...inits.filter((init) => !isSidecar(init))].filter(
      (c) => of(c).state === 'running',
    );
    const lastSidecar = [...sidecars].reverse().find((c) => of(c).state === 'running');
    const next = once.length > 0 ? once : lastSidecar === undefined ? [] : [lastSidecar];
    return {
      start: [],
      stop: next.filter((c) => !of(c).stopping).map((c) => c.name),
      finished: options.terminating ? null : finished,
      stopped: next.length === 0,
      wakeAtMs: null,
      initialized: options.wasInitialized,
    };
  }

  const start: string[] = [];
  let wakeAtMs: number | null = null;
  const tryStart = (container: Container) => {
    const { notBeforeMs } = of(container);
    if (notBeforeMs <= options.nowMs) start.push(container.name);
    else wakeAtMs = Math.min(wakeAtMs ?? Number.POSITIVE_INFINITY, notBeforeMs);
  };
  let blocked = false;
  for (const init of inits) {
    const container = of(init);
    if (isSidecar(init)) {
      if (container.state !== 'running') tryStart(init);
      if (!options.wasInitialized && !(container.state === 'running' && container.started)) blocked = true;
    } else if (!options.wasInitialized && !(container.state === 'terminated' && container.exitCode === 0)) {
      if (container.state !== 'running') tryStart(init);
      blocked = true;
    }
    if (blocked) break;
  }
  if (!blocked) {
    for (const main of mains) {
      const { state, exitCode } = of(main);
      if (state === 'running') continue;
      if (state === 'terminated' && (restart === 'Never' || (restart === 'OnFailure' && exitCode === 0)))
        continue;
      tryStart(main);
    }
  }
  return {
    start,
    stop: [],
    finished: null,
    stopped: false,
    wakeAtMs,
    initialized: options.wasInitialized || !blocked,
  };
}

export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

function finishOf(pod: Pod, facts: Facts): 'Succeeded' | 'Failed' | null {
  const restart = pod.spec.restartPolicy ?? 'Always';
  if (restart === 'Always') return null;
  const failedInit = (pod.spec.initContainers ?? []).some((init) => {
    const container = facts.get(init.name) ?? neverRun;
    return (
      !isSidecar(init) && restart === 'Never' && container.state === 'terminated' && container.exitCode !== 0
    );
  });
  if (failedInit) return 'Failed';
  const ends = pod.spec.containers.map((container) => facts.get(container.name) ?? neverRun);
  if (ends.some((end) => end.state !== 'terminated')) return null;
  if (ends.every((end) => end.exitCode === 0)) return 'Succeeded';
  return restart === 'Never' ? 'Failed' : null;
}
