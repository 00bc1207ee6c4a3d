import type { AnyObject } from '../../kube/object.ts';

/** Whether an object is as declared, and one line about it. */
export interface ObjectState {
  readonly ready: boolean;
  readonly text: string;
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly observedGeneration?: number;
}

/** Kinds without a status that could say more are ready by being there. */
export function stateOf(object: AnyObject | undefined): ObjectState {
  if (object === undefined) return { ready: false, text: 'not there' };
  const status = (object.status ?? {}) as Record<string, unknown>;
  const spec = (object.spec ?? {}) as Record<string, unknown>;
  const observed = status.observedGeneration;
  const current = observed === undefined || Number(observed) >= (object.metadata.generation ?? 0);
  if (object.kind === 'Deployment' || object.kind === 'StatefulSet') {
    const wanted = Number(spec.replicas ?? 1);
    const counts = [status.updatedReplicas, status.readyReplicas, status.availableReplicas].map((n) =>
      Number(n ?? 0),
    );
    const ready = current && observed !== undefined && counts.every((count) => count >= wanted);
    return { ready, text: `${counts[1]}/${wanted} ready` };
  }
  if (object.kind === 'Pod') return byCondition(conditionOf(status, 'Ready'), true);
  if (!object.apiVersion.startsWith('promfleet.dev/')) return { ready: true, text: 'applied' };
  return byCondition(conditionOf(status, 'Ready'), current && observed !== undefined);
}

function conditionOf(status: Record<string, unknown>, type: string): Condition | undefined {
  const conditions = (status.conditions ?? []) as readonly Condition[];
  return conditions.find((condition) => condition.type === type);
}

function byCondition(condition: Condition | undefined, current: boolean): ObjectState {
  if (condition === undefined) return { ready: false, text: 'waiting to be seen' };
  const words = condition.message ?? condition.reason ?? condition.status;
  return {
    ready: condition.status === 'True' && current,
    text: words === '' ? (condition.reason ?? '') : words,
  };
}
