import { describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { type Bucket, getObject } from '../bucket/bucket.ts';
import type { BlockMark, MarkKind } from '../format/block-mark.ts';
import { type BlockMeta, isUlid, parseBlockMeta } from '../format/block-meta.ts';
import { blockFiles } from './block-files.ts';
import { markKey, readMark } from './marks.ts';

/** A block of a bucket, or what is left or not yet there of one. */
export interface ScannedBlock {
  readonly ulid: string;
  /** Absent for a part of a block, and where it cannot be read. */
  readonly meta: BlockMeta | undefined;
  readonly hasMeta: boolean;
  /** Why meta.json or a mark cannot be read. */
  readonly fault: string | undefined;
  readonly marks: readonly BlockMark[];
  readonly sizeBytes: number;
  readonly objectCount: number;
  /** Of the newest object. */
  readonly modifiedMs: number;
  /** Objects that meta.json names and the bucket lacks or holds in another size. */
  readonly missing: readonly string[];
}

const kinds: readonly MarkKind[] = ['deletion', 'no-compact', 'no-downsample'];

/** Everything in a bucket that belongs to blocks, from one listing and the metas and marks in it; oldest first. */
export async function scanBucket(
  bucket: Bucket,
  options: { readonly signal?: AbortSignal; readonly onBlock?: (done: number, all: number) => void } = {},
): Promise<ScannedBlock[]> {
  const { signal } = options;
  const found = new Map<string, Map<string, number>>();
  const newest = new Map<string, number>();
  for await (const page of bucket.list('', signal === undefined ? {} : { signal })) {
    for (const { key, sizeBytes, modifiedMs } of page.objects) {
      const ulid = key.slice(0, key.indexOf('/'));
      if (!isUlid(ulid)) continue;
      const objects = found.get(ulid) ?? new Map();
      found.set(ulid, objects.set(key, sizeBytes));
      newest.set(ulid, Math.max(newest.get(ulid) ?? 0, modifiedMs));
    }
  }
  const blocks: ScannedBlock[] = [];
  const rest = [...found].reverse();
  const work = async () => {
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      signal?.throwIfAborted();
      const [ulid, objects] = next;
      blocks.push({ ...(await readBlock(bucket, ulid, objects, signal)), modifiedMs: newest.get(ulid)! });
      options.onBlock?.(blocks.length, found.size);
    }
  };
  await Promise.all(Array.from({ length: limits.bucketScanConcurrency }, work));
  return blocks.sort(
    (a, b) =>
      (a.meta?.minTime ?? 0) - (b.meta?.minTime ?? 0) || (a.ulid < b.ulid ? -1 : a.ulid === b.ulid ? 0 : 1),
  );
}

async function readBlock(
  bucket: Bucket,
  ulid: string,
  objects: ReadonlyMap<string, number>,
  signal: AbortSignal | undefined,
): Promise<Omit<ScannedBlock, 'modifiedMs'>> {
  const metaKey = blockFiles.meta(ulid);
  const hasMeta = objects.has(metaKey);
  let meta: BlockMeta | undefined;
  let fault: string | undefined;
  const marks: BlockMark[] = [];
  const attempt = async (work: () => Promise<void>) => {
    await work().catch((error) => {
      signal?.throwIfAborted();
      fault ??= describeError(error);
    });
  };
  if (hasMeta)
    await attempt(async () => {
      const text = new TextDecoder().decode(await getObject(bucket, metaKey, limits.blockMetaBytes, signal));
      meta = parseBlockMeta(text, metaKey);
    });
  for (const kind of kinds) {
    if (!objects.has(markKey[kind](ulid))) continue;
    await attempt(async () => {
      const mark = await readMark(bucket, kind, ulid, signal);
      if (mark !== undefined) marks.push(mark);
    });
  }
  const missing = (meta?.thanos?.files ?? [])
    .filter(({ rel_path, size_bytes }) => {
      const size = objects.get(`${ulid}/${rel_path}`);
      return size === undefined || (size_bytes !== undefined && size !== size_bytes);
    })
    .map(({ rel_path }) => rel_path);
  if (meta !== undefined && !objects.has(blockFiles.index(ulid)) && !missing.includes('index'))
    missing.push('index');
  return {
    ulid,
    meta,
    hasMeta,
    fault,
    marks,
    sizeBytes: [...objects.values()].reduce((sum, size) => sum + size, 0),
    objectCount: objects.size,
    missing,
  };
}
