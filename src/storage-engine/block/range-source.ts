import { CorruptDataError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Bucket } from '../bucket/bucket.ts';
import type { DiskCache } from './disk-cache.ts';

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

/** The same source, its ranges kept in a cache under `key`; the object must never change under that name. */
export function cachedSource(source: RangeSource, cache: DiskCache, key: string): RangeSource {
  return {
    sizeBytes: source.sizeBytes,
    async read(offset, lengthBytes, signal) {
      const name = `${key} ${source.sizeBytes} ${offset} ${lengthBytes}`;
      const held = await cache.get(name);
      if (held !== undefined) return held;
      const bytes = await source.read(offset, lengthBytes, signal);
      await cache.put(name, bytes);
      return bytes;
    },
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

/**
 * Joins reads of a remote object further, nearest neighbours first, until they are as few as `limits.remoteReadRequests`
 * or the bytes that nobody asked for become too many: half of what is wanted and `limits.remoteWasteBytes` for each
 * request. A read never grows beyond `limits.readBytes`.
 */
export function joinRemote(reads: readonly CoalescedRead[]): readonly CoalescedRead[] {
  if (reads.length <= limits.remoteReadRequests) return reads;
  const wanted = reads.reduce((sum, read) => sum + read.end - read.offset, 0);
  const gaps = reads.slice(1).map((read, i) => ({ at: i + 1, bytes: read.offset - reads[i]!.end }));
  gaps.sort((a, b) => a.bytes - b.bytes);
  const bridged = new Set<number>();
  let wasted = 0;
  for (const { at, bytes } of gaps) {
    const left = reads.length - bridged.size - 1;
    if (left < limits.remoteReadRequests) break;
    wasted += bytes;
    if (wasted > wanted * limits.remoteWasteShare + left * limits.remoteWasteBytes) break;
    bridged.add(at);
  }
  const joined: CoalescedRead[] = [];
  reads.forEach((read, i) => {
    const last = joined.at(-1);
    if (last === undefined || !bridged.has(i) || read.end - last.offset > limits.readBytes) joined.push(read);
    else joined[joined.length - 1] = { ...last, end: read.end, last: read.last };
  });
  return joined;
}
