import { limits } from '../../base/limits.ts';
import type { Bucket } from '../bucket/bucket.ts';

/** Bytes of one object by range. A read may come back shorter only at the object's end. */
export interface RangeSource {
  readonly sizeBytes: number;
  read(offset: number, lengthBytes: number): Promise<Uint8Array>;
}

export function bucketSource(
  bucket: Bucket,
  key: string,
  sizeBytes: number,
  signal?: AbortSignal,
): RangeSource {
  return { sizeBytes, read: (offset, lengthBytes) => bucket.getRange(key, offset, lengthBytes, signal) };
}

/** One read that serves several wanted ranges: `first` to `last` (exclusive) number the ranges it covers. */
export interface CoalescedRead {
  readonly offset: number;
  readonly end: number;
  readonly first: number;
  readonly last: number;
}

/**
 * Joins wanted ranges, given in ascending order of their start, into few reads: neighbours are joined while the gap
 * between them and the whole read stay within the limits. A read's request costs more than some bytes too many.
 */
export function coalesce(
  starts: ArrayLike<number>,
  ends: ArrayLike<number>,
  options: { maxGapBytes?: number; maxReadBytes?: number } = {},
): CoalescedRead[] {
  const maxGapBytes = options.maxGapBytes ?? limits.readGapBytes;
  const maxReadBytes = options.maxReadBytes ?? limits.readBytes;
  const reads: CoalescedRead[] = [];
  let first = 0;
  for (let i = 1, end = ends[0] ?? 0; i <= starts.length; i++) {
    const next = starts[i];
    const offset = starts[first]!;
    if (next !== undefined && next - end <= maxGapBytes && Math.max(end, ends[i]!) - offset <= maxReadBytes) {
      end = Math.max(end, ends[i]!);
      continue;
    }
    reads.push({ offset, end, first, last: i });
    first = i;
    end = ends[i] ?? 0;
  }
  return starts.length === 0 ? [] : reads;
}
