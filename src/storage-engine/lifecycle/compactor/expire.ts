import type { PlannedBlock } from '../plan/planned-block.ts';
import { blockTime, isWhollyPast, type Judgement, retentionsOf } from '../plan/rewrites.ts';

/**
 * Blocks of which nothing is left to show, whatever series they hold: past their retention by every rule that there is.
 * Pure. Where a series may live for ever, or another document keeps it, the block stays.
 */
export function expiredBlocks(
  blocks: readonly PlannedBlock[],
  { retentions, coverage, nowMs }: Judgement,
): readonly PlannedBlock[] {
  if (retentions.length === 0) return [];
  return blocks.filter((block) => {
    if (block.marks.deletion) return false;
    const concerned = retentionsOf(retentions, block);
    const time = blockTime(block, coverage);
    return (
      concerned.length > 0 &&
      concerned.every((retention) =>
        retention.answers.every((_, at) => isWhollyPast(retention, at, time, nowMs)),
      )
    );
  });
}
