import { limits } from '../../../base/limits.ts';
import type { Bucket } from '../../bucket/bucket.ts';
import type { BlockMeta } from '../../format/block-meta.ts';
import { type BlockTime, hiddenByVerdicts, type Retention } from '../../retention/retention.ts';
import { SymbolClasses } from '../../retention/symbol-classes.ts';
import { subtractRanges, type TimeRange } from '../../retention/time-ranges.ts';
import type { PlannedBlock } from '../plan/planned-block.ts';
import { blockTime, type Judgement, pastOf, retentionsOf } from '../plan/rewrites.ts';
import { BlockInput } from '../rewrite/block-input.ts';
import type { InputRemoval, SeriesJudge } from '../rewrite/removal.ts';
import { scanRemoval } from '../rewrite/scan-removal.ts';

/**
 * What is to be left out of a block that is written anew, by reading its index; undefined where nothing can be. With
 * `targetMs` the block is downsampled: what the coarser resolution does not keep, nor a yet coarser one waits for, goes.
 */
export async function removalOf(
  bucket: Bucket,
  meta: BlockMeta,
  block: PlannedBlock,
  judgement: Judgement,
  options: { readonly targetMs?: number; readonly signal?: AbortSignal | undefined },
): Promise<InputRemoval | undefined> {
  const concerned = retentionsOf(judgement.retentions, block);
  const { targetMs } = options;
  const time: BlockTime =
    targetMs === undefined
      ? blockTime(block, judgement.coverage)
      : { startMs: block.minTime, endMs: block.maxTime, resolutionMs: targetMs, coveredAt: () => [] };
  if (!canRemove(concerned, block, time, judgement.nowMs)) return undefined;
  const input = await BlockInput.open(bucket, meta, limits.rewriteWindowMinBytes * 16, options.signal);
  try {
    return await scanRemoval(input, judgeOf(concerned, block, time, judgement.nowMs));
  } finally {
    await input.close();
  }
}

/** Whether any answer of the documents takes anything of a block. */
function canRemove(
  retentions: readonly Retention[],
  { minTime, folded }: PlannedBlock,
  time: BlockTime,
  nowMs: number,
): boolean {
  const erases = retentions.some(({ document }) =>
    document.erasures.some(({ id, untilMs }) => minTime < untilMs && !folded.erasures.includes(id)),
  );
  if (erases) return true;
  return (
    retentions.length > 0 &&
    retentions.every(({ answers }) => answers.some((keep) => pastOf(keep, time, nowMs).length > 0))
  );
}

function judgeOf(
  retentions: readonly Retention[],
  block: PlannedBlock,
  time: BlockTime,
  nowMs: number,
): SeriesJudge {
  const external = Object.fromEntries(JSON.parse(block.labels) as [string, string][]);
  const classes = new SymbolClasses(retentions, external);
  const removed: (readonly TimeRange[] | undefined)[] = [];
  const covered: (readonly TimeRange[] | undefined)[] = [];
  const removedOf = (number: number) =>
    (removed[number] ??= hiddenByVerdicts(classes.verdicts(number), time, nowMs));
  const uncovered: BlockTime = { ...time, coveredAt: () => [] };
  return {
    note: (number, text) => classes.note(number, text),
    classOf: (labels) => classes.classOf(labels),
    removed: removedOf,
    covered(number) {
      covered[number] ??= removedOf(number).flatMap((range) =>
        subtractRanges(range, hiddenByVerdicts(classes.verdicts(number), uncovered, nowMs)),
      );
      return covered[number];
    },
  };
}
