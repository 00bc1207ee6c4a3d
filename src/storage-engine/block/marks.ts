import type { Clock } from '../../base/clock.ts';
import { CodedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { type Bucket, getObject } from '../bucket/bucket.ts';
import { type BlockMark, encodeBlockMark, type MarkKind, parseBlockMark } from '../format/block-mark.ts';
import { blockFiles } from './block-files.ts';

export const markKey: Readonly<Record<MarkKind, (ulid: string) => string>> = {
  deletion: blockFiles.deletionMark,
  'no-compact': blockFiles.noCompactMark,
  'no-downsample': blockFiles.noDownsampleMark,
};

/**
 * Marks a block. A mark that is there already stays, with its time: delays count from the first one. False where it was
 * there.
 */
export async function markBlock(
  bucket: Bucket,
  clock: Clock,
  mark: Omit<BlockMark, 'markedMs'>,
  signal?: AbortSignal,
): Promise<boolean> {
  const key = markKey[mark.kind](mark.ulid);
  if ((await bucket.head(key, signal)) !== undefined) return false;
  const text = encodeBlockMark({ ...mark, markedMs: clock.nowMs() });
  await bucket.put(key, new TextEncoder().encode(text), signal);
  return true;
}

/** The mark of a kind on a block, or undefined. */
export async function readMark(
  bucket: Bucket,
  kind: MarkKind,
  ulid: string,
  signal?: AbortSignal,
): Promise<BlockMark | undefined> {
  const key = markKey[kind](ulid);
  try {
    const bytes = await getObject(bucket, key, limits.blockMarkBytes, signal);
    return parseBlockMark(kind, new TextDecoder().decode(bytes), `${bucket.description}: ${key}`);
  } catch (error) {
    if (error instanceof CodedError && error.code === 'ObjectNotFound') return undefined;
    throw error;
  }
}

/** Takes a mark away; one that is absent is no error. */
export function unmarkBlock(
  bucket: Bucket,
  kind: MarkKind,
  ulid: string,
  signal?: AbortSignal,
): Promise<void> {
  return bucket.delete(markKey[kind](ulid), signal);
}
