import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { CodedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { type Bucket, getObject, type Pace } from '../bucket/bucket.ts';
import { type BlockMeta, encodeBlockMeta, parseBlockMeta } from '../format/block-meta.ts';
import { blockFiles } from './block-files.ts';
import { FileDigest, holds } from './object-digest.ts';

/** A block in a folder of this machine that is to be stored. */
export interface LocalBlock {
  readonly folder: string;
  /** As it is to be stored; the folder's own meta.json is not looked at. */
  readonly meta: BlockMeta;
  /** Paths below the folder in the order of upload, without `meta.json`: segments, index, tombstones. */
  readonly files: readonly string[];
}

export interface UploadOptions {
  readonly signal?: AbortSignal;
  /** Waits before each part of a file, for a limit of the rate. */
  readonly pace?: Pace;
  /** Told after each object: bytes stored, 0 where an earlier try had stored it. */
  readonly onObject?: (key: string, sentBytes: number) => void;
}

/**
 * Stores a block: its files, each compared with what the store holds afterwards, then `meta.json`, which makes it exist.
 * Started again after a crash at any byte it sends only what is missing. `present` means that the whole block was there.
 *
 * A writer that was paused before its `meta.json` may find, awake again, that the unfinished block was cleaned up: all
 * sizes are looked at once more afterwards, and a block with holes is taken back (`BlockUploadIncomplete`) before the
 * next try.
 */
export async function uploadBlock(
  bucket: Bucket,
  block: LocalBlock,
  options: UploadOptions = {},
): Promise<'uploaded' | 'present'> {
  const { signal } = options;
  const { ulid } = block.meta;
  const sizes = new Map<string, number>();
  for (const path of block.files) sizes.set(`${ulid}/${path}`, (await stat(join(block.folder, path))).size);
  const metaKey = blockFiles.meta(ulid);
  if (await sameMeta(bucket, block.meta, signal)) {
    if ((await missing(bucket, sizes, signal)).length === 0) return 'present';
  }
  for (const path of block.files) {
    signal?.throwIfAborted();
    const sent = await uploadFile(bucket, block, path, options);
    options.onObject?.(`${ulid}/${path}`, sent);
  }
  const meta = new TextEncoder().encode(encodeBlockMeta(block.meta));
  await bucket.put(metaKey, meta, signal);
  const stored = await getObject(bucket, metaKey, limits.blockMetaBytes, signal);
  const holes = await missing(bucket, sizes, signal);
  if (holes.length === 0 && Buffer.compare(stored, meta) === 0) {
    options.onObject?.(metaKey, meta.length);
    return 'uploaded';
  }
  await bucket.delete(metaKey, signal);
  throw new CodedError(
    'BlockUploadIncomplete',
    `${bucket.description}: block ${ulid} was changed by another while it was stored (${holes[0] ?? metaKey}); its meta.json is taken back`,
  );
}

/** Whether the store holds a meta.json that says the same; one that was cut short or damaged does not. */
async function sameMeta(bucket: Bucket, meta: BlockMeta, signal: AbortSignal | undefined): Promise<boolean> {
  const key = blockFiles.meta(meta.ulid);
  if ((await bucket.head(key, signal)) === undefined) return false;
  const gist = ({ ulid, minTime, maxTime, compaction, thanos }: BlockMeta) => [
    [ulid, minTime, maxTime, compaction.level, compaction.sources],
    Object.entries(thanos?.labels ?? {}).sort(),
    [thanos?.downsample, thanos?.files],
  ];
  try {
    const text = new TextDecoder().decode(await getObject(bucket, key, limits.blockMetaBytes, signal));
    return isDeepStrictEqual(gist(parseBlockMeta(text, key)), gist(meta));
  } catch (error) {
    if (
      error instanceof CodedError &&
      ['CorruptData', 'ObjectNotFound', 'LimitExceeded'].includes(error.code)
    )
      return false;
    throw error;
  }
}

/** Stores one file unless it is there; returns the bytes sent. */
async function uploadFile(
  bucket: Bucket,
  { folder, meta }: LocalBlock,
  path: string,
  { signal, pace }: UploadOptions,
): Promise<number> {
  const key = `${meta.ulid}/${path}`;
  const file = join(folder, path);
  const digest = await FileDigest.of(file);
  if (await holds(bucket, await bucket.head(key, signal), digest, signal)) return 0;
  await bucket.put(key, pace === undefined ? { file } : { file, pace }, signal);
  if (await holds(bucket, await bucket.head(key, signal), digest, signal)) return digest.sizeBytes;
  throw new CodedError(
    'BlockUploadIncomplete',
    `${bucket.description}: ${key} is not what was sent, ${digest.sizeBytes} bytes`,
  );
}

/** Keys whose stored size is not the wanted one. */
async function missing(
  bucket: Bucket,
  sizes: ReadonlyMap<string, number>,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const [key, size] of sizes) {
    if ((await bucket.head(key, signal))?.sizeBytes !== size) wrong.push(key);
  }
  return wrong;
}
