import type { ScannedBlock } from '../block/bucket-scan.ts';

export type SweepReason = 'marked' | 'partial';

export interface SweepItem {
  readonly ulid: string;
  readonly reason: SweepReason;
  readonly sizeBytes: number;
  /** When it may be deleted, milliseconds since the epoch. */
  readonly dueMs: number;
}

/**
 * What is to be deleted now and later: marked blocks after their delay, and parts of blocks that nobody completes. A part
 * that is marked is a deletion that was cut short. A block whose mark or meta.json cannot be read stays: a person decides.
 */
export function planSweep(
  blocks: readonly ScannedBlock[],
  nowMs: number,
  delays: { readonly deletionDelayMs: number; readonly partialDelayMs: number },
): { readonly due: readonly SweepItem[]; readonly later: readonly SweepItem[] } {
  const items = blocks.flatMap((block): SweepItem[] => {
    const { ulid, sizeBytes, fault, hasMeta, marks, modifiedMs } = block;
    if (fault !== undefined) return [];
    const mark = marks.find(({ kind }) => kind === 'deletion');
    if (mark !== undefined)
      return [{ ulid, reason: 'marked', sizeBytes, dueMs: mark.markedMs + delays.deletionDelayMs }];
    return hasMeta ? [] : [{ ulid, reason: 'partial', sizeBytes, dueMs: modifiedMs + delays.partialDelayMs }];
  });
  return {
    due: items.filter(({ dueMs }) => dueMs <= nowMs),
    later: items.filter(({ dueMs }) => dueMs > nowMs),
  };
}
