export type SweepReason = 'marked' | 'partial';

/** A folder of the bucket that is named as a block is. */
export interface SweepCandidate {
  readonly ulid: string;
  readonly hasMeta: boolean;
  /** When it was marked for deletion; undefined where it is not. */
  readonly markedMs: number | undefined;
  /** When the newest of its objects was written. */
  readonly modifiedMs: number;
  readonly sizeBytes: number;
}

export interface SweepItem {
  readonly ulid: string;
  readonly reason: SweepReason;
  readonly sizeBytes: number;
  /** When it may be deleted, milliseconds since the epoch. */
  readonly dueMs: number;
}

export interface SweepDelays {
  /** Age of a deletion mark at which its block goes. */
  readonly deletionDelayMs: number;
  /** Age of the newest object of a folder without meta.json at which it goes. */
  readonly partialDelayMs: number;
}

/**
 * What is to be deleted now and later: marked blocks after their delay, and parts of blocks that nobody completes. A part
 * that is marked is a deletion that was cut short. Pure; the compactor and `bucket cleanup` both plan by it.
 */
export function planSweep(
  candidates: Iterable<SweepCandidate>,
  nowMs: number,
  delays: SweepDelays,
): { readonly due: readonly SweepItem[]; readonly later: readonly SweepItem[] } {
  const items: SweepItem[] = [];
  for (const { ulid, hasMeta, markedMs, modifiedMs, sizeBytes } of candidates) {
    if (markedMs !== undefined)
      items.push({ ulid, reason: 'marked', sizeBytes, dueMs: markedMs + delays.deletionDelayMs });
    else if (!hasMeta)
      items.push({ ulid, reason: 'partial', sizeBytes, dueMs: modifiedMs + delays.partialDelayMs });
  }
  return {
    due: items.filter(({ dueMs }) => dueMs <= nowMs),
    later: items.filter(({ dueMs }) => dueMs > nowMs),
  };
}
