import type { Clock } from '../../../base/clock.ts';
import { CodedError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/log.ts';
import { deleteBlock } from '../../block/delete.ts';
import { readMark, unmarkBlock } from '../../block/marks.ts';
import type { Bucket } from '../../bucket/bucket.ts';
import { lineageOf, relation } from '../../format/block-lineage.ts';
import type { PlannedBlock } from '../plan/planned-block.ts';
import type { SweepItem } from '../sweep-plan.ts';
import { readMeta } from './bucket-view.ts';
import { replacementOf } from './run-job.ts';

export interface SweepContext {
  readonly bucket: Bucket;
  readonly clock: Clock;
  readonly log: Logger;
  readonly fence: () => Promise<void>;
}

/**
 * Deletes what is due. A mark that names a replacement is obeyed only while some block holds all that the marked one does:
 * a mark that a paused writer set late, when its replacement was gone again, is taken away instead.
 */
export async function sweep(
  due: readonly SweepItem[],
  blocks: readonly PlannedBlock[],
  context: SweepContext,
  signal?: AbortSignal,
): Promise<{ deleted: string[]; kept: string[] }> {
  const { bucket, log } = context;
  const deleted: string[] = [];
  const kept: string[] = [];
  // All are judged before the first goes: what holds one of them may be due with it.
  const lost = new Map<string, string>();
  const marked = due.filter(({ reason }) => reason === 'marked');
  for (const { ulid } of marked) {
    signal?.throwIfAborted();
    const mark = await readMark(bucket, 'deletion', ulid, signal);
    if (mark === undefined) lost.set(ulid, '');
    else if (replacementOf(mark.details) !== undefined && !(await isHeld(bucket, ulid, blocks, signal)))
      lost.set(ulid, mark.details);
  }
  for (const { ulid } of marked) {
    signal?.throwIfAborted();
    const mark = lost.get(ulid);
    if (mark === '') continue;
    if (mark !== undefined) {
      log.warn({ block: ulid, mark }, 'no block holds what this one does: its deletion mark is taken away');
      await context.fence();
      await unmarkBlock(bucket, 'deletion', ulid, signal);
      kept.push(ulid);
      continue;
    }
    await context.fence();
    await deleteBlock(bucket, ulid, signal);
    deleted.push(ulid);
  }
  for (const { ulid, reason } of due) {
    if (reason !== 'partial') continue;
    signal?.throwIfAborted();
    await context.fence();
    await deleteBlock(bucket, ulid, signal);
    deleted.push(ulid);
  }
  return { deleted, kept };
}

/**
 * Whether a block that is to stay, or one that is deleted for its own sake, holds all that the given one does. One without
 * meta.json is being deleted already.
 */
async function isHeld(
  bucket: Bucket,
  ulid: string,
  blocks: readonly PlannedBlock[],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const own = blocks.find((block) => block.ulid === ulid);
  if (own === undefined) return true;
  const meta = await metaOf(bucket, ulid, signal);
  if (meta === undefined) return true;
  const candidates = blocks
    .filter((block) => block !== own && block.group === own.group)
    .filter(({ lineage }) => relation(lineage, own.lineage) !== undefined)
    .sort((a, b) => Number(a.marks.deletion) - Number(b.marks.deletion));
  for (const block of candidates) {
    const theirs = await metaOf(bucket, block.ulid, signal);
    if (theirs === undefined || relation(lineageOf(theirs), lineageOf(meta)) === undefined) continue;
    if (!block.marks.deletion) return true;
    // What is past its retention or erased is gone with the block that had replaced it.
    const mark = await readMark(bucket, 'deletion', block.ulid, signal);
    if (mark !== undefined && replacementOf(mark.details) === undefined) return true;
  }
  return false;
}

/** Undefined for a block that is gone since the listing. */
async function metaOf(bucket: Bucket, ulid: string, signal: AbortSignal | undefined) {
  try {
    return await readMeta(bucket, ulid, signal);
  } catch (error) {
    if (error instanceof CodedError && error.code === 'ObjectNotFound') return undefined;
    throw error;
  }
}
