import type { Condition } from '../crds/condition.ts';

/** What a decision says of one condition; the time is filled in by `mergeConditions`. */
export type ConditionDraft = Omit<Condition, 'lastTransitionTime' | 'observedGeneration'>;

/** Longest condition message that a Kubernetes API accepts by convention (meta/v1 Condition: 32768). */
const maxMessageChars = 4096;

/** Milliseconds since the epoch as the API's time text (RFC 3339, whole seconds, UTC). */
export function timeText(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
}

/**
 * The next list of conditions: in the order of `drafts`, each with the time of its last change of status; types
 * that `drafts` does not name are dropped. Equal input gives an equal result, so an unchanged status writes nothing.
 */
export function mergeConditions(
  previous: readonly Condition[] | undefined,
  drafts: readonly ConditionDraft[],
  generation: number | undefined,
  nowMs: number,
): Condition[] {
  return drafts.map((draft) => {
    const before = previous?.find((condition) => condition.type === draft.type);
    const message =
      draft.message.length <= maxMessageChars
        ? draft.message
        : `${draft.message.slice(0, maxMessageChars - 1)}…`;
    return {
      type: draft.type,
      status: draft.status,
      reason: draft.reason,
      message,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      lastTransitionTime: before?.status === draft.status ? before.lastTransitionTime : timeText(nowMs),
    };
  });
}

export function conditionOf(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}
