import type { Pod } from '../types.ts';

/** Questions about one Pod that every controller asks the same way (Kubernetes `podutil`). */

export function conditionOf(pod: Pod, type: string): 'True' | 'False' | 'Unknown' {
  return pod.status?.conditions?.find((condition) => condition.type === type)?.status ?? 'Unknown';
}

export function isReady(pod: Pod): boolean {
  return conditionOf(pod, 'Ready') === 'True';
}

export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

export function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** Neither finished nor on its way out: it counts as a replica. */
export function isActive(pod: Pod): boolean {
  return !isFinished(pod) && !isTerminating(pod);
}

/** Ready for at least `minReadySeconds`. */
export function isAvailable(pod: Pod, minReadySeconds: number, nowMs: number): boolean {
  if (!isReady(pod)) return false;
  if (minReadySeconds === 0) return true;
  const since = pod.status?.conditions?.find((condition) => condition.type === 'Ready')?.lastTransitionTime;
  return since !== undefined && nowMs - Date.parse(since) >= minReadySeconds * 1000;
}

/** An absolute number, or a percentage of `total` rounded up or down. */
export function resolveShare(
  value: number | string | undefined,
  total: number,
  round: 'up' | 'down',
  fallback: number | string,
): number {
  const given = value ?? fallback;
  if (typeof given === 'number') return given;
  const percent = /^(\d{1,3})%$/.exec(given)?.[1];
  if (percent === undefined) return 0;
  const share = (Number(percent) * total) / 100;
  return round === 'up' ? Math.ceil(share) : Math.floor(share);
}
