import { CorruptDataError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Bucket } from '../bucket/bucket.ts';

/** Bytes of one object by range. A read may come back shorter only at the object's end. */
export interface RangeSource {
  readonly sizeBytes: number;
  read(offset: number, lengthBytes: number, signal?: AbortSignal): Promise<Uint8Array>;
}

/** `signal` ends reads that bring none of their own. */
export function bucketSource(
  bucket: Bucket,
  key: string,
  sizeBytes: number,
  signal?: AbortSignal,
): RangeSource {
  return {
    sizeBytes,
    read: (offset, lengthBytes, own = signal) => bucket.getRange(key, offset, lengthBytes, own),
  };
}

/** A range of any length below 1 GiB, split into reads at the same time where it is long; all of it must be there. */
export async function readLarge(source: RangeSource, offset: number, sizeBytes: number): Promise<Uint8Array> {
  if (sizeBytes <= limits.readBytes) return whole(await source.read(offset, sizeBytes), sizeBytes);
  const bytes = new Uint8Array(sizeBytes);
  const parts = Math.ceil(sizeBytes / limits.readBytes);
  await Promise.all(
    Array.from({ length: parts }, async (_, i) => {
      const start = i * limits.readBytes;
      const length = Math.min(limits.readBytes, sizeBytes - start);
      bytes.set(whole(await source.read(offset + start, length), length), start);
    }),
  );
  return bytes;
}

function whole(bytes: Uint8Array, sizeBytes: number): Uint8Array {
  if (bytes.length === sizeBytes) return bytes;
  throw new CorruptDataError(`object ends ${sizeBytes - bytes.length} bytes early`);
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
