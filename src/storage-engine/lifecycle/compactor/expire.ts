import { type BlockTime, hiddenTime, type Retention } from '../../retention/retention.ts';
import { intersectRanges } from '../../retention/time-ranges.ts';
import { type PlannedBlock, plannedCoverable, plannedCoverage } from '../plan/planned-block.ts';

/**
 * Blocks of which nothing is left to show, whatever series they hold: past their retention by every rule that there is.
 * Pure. Where a series may live for ever, or another document keeps it, the block stays.
 */
export function expiredBlocks(
  blocks: readonly PlannedBlock[],
  retentions: readonly Retention[],
  nowMs: number,
): readonly PlannedBlock[] {
  if (retentions.length === 0) return [];
  const usable = blocks.filter(({ marks }) => !marks.deletion);
  const coverage = plannedCoverage(usable, nowMs);
  return usable.filter((block) => {
    const external = Object.fromEntries(JSON.parse(block.labels) as [string, string][]);
    const concerned = retentions.filter((retention) => retention.concerns(external));
    const time: BlockTime = {
      startMs: block.minTime,
      endMs: block.maxTime,
      resolutionMs: block.resolutionMs,
      coveredAt: (resolutionMs) => coverage.of(plannedCoverable(block), resolutionMs),
    };
    return concerned.length > 0 && concerned.every((retention) => isPast(retention, time, nowMs));
  });
}

/** Whether every answer that a document can give for a series lets the whole block go. */
function isPast({ answers }: Retention, block: BlockTime, nowMs: number): boolean {
  return answers.every((keep) => {
    if (keep === undefined) return false;
    const verdict = { keep, erasures: [], erasedUntilMs: Number.NEGATIVE_INFINITY, conflicts: [] };
    const whole = { startMs: block.startMs, endMs: block.endMs };
    const [past, ...more] = intersectRanges(hiddenTime(verdict, block, nowMs).past, [whole]);
    return more.length === 0 && past?.startMs === whole.startMs && past.endMs === whole.endMs;
  });
}
