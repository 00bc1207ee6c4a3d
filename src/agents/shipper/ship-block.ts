import { CodedError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import { checkBlock } from '../../storage-engine/block/health.ts';
import { type UploadOptions, uploadBlock } from '../../storage-engine/block/upload.ts';
import type { Bucket } from '../../storage-engine/bucket/bucket.ts';
import { FilesystemBucket } from '../../storage-engine/bucket/filesystem-bucket.ts';
import type { BlockMeta, ThanosMeta } from '../../storage-engine/format/block-meta.ts';
import type { DataFolder, StagedBlock } from './data-folder.ts';

export type ShipOutcome =
  /** `irregular`: what is wrong with its order, time or counts; it can be read nevertheless. */
  | { readonly state: 'uploaded' | 'present'; readonly irregular: readonly string[] }
  /** Prometheus deleted the block before it could be staged. */
  | { readonly state: 'gone' };

/** Names of the program that made a block, as Thanos's `meta.json` has them. */
export type BlockSource = 'sidecar' | 'import';

interface ShipTo {
  readonly bucket: Bucket;
  readonly labels: Readonly<Record<string, string>>;
  readonly source: BlockSource;
  readonly random: Random;
}

/**
 * Brings one block into the bucket: second names for its files, every checksum, then the upload. Raises `BlockRefused` for
 * one that cannot be read. Called again after a crash at any point it goes on where it was.
 */
export async function shipBlock(
  ulid: string,
  { folder, ...to }: ShipTo & { readonly folder: DataFolder },
  options: UploadOptions = {},
): Promise<ShipOutcome> {
  const staged = await folder.stage(ulid);
  if (staged === undefined) return { state: 'gone' };
  try {
    return await sendBlock(ulid, folder.stagingPath, staged, to, options);
  } finally {
    await folder.unstage();
  }
}

/** Checks a block that lies in `parent/<ULID>` and stores it. Raises `BlockRefused` for one that cannot be read. */
export async function sendBlock(
  ulid: string,
  parent: string,
  files: StagedBlock,
  { bucket, labels, source, random }: ShipTo,
  options: UploadOptions = {},
): Promise<Exclude<ShipOutcome, { state: 'gone' }>> {
  const local = new FilesystemBucket(parent, random);
  const health = await checkBlock(local, ulid, 'chunks', options.signal);
  if (health.corrupt)
    throw new CodedError('BlockRefused', `block ${ulid} is corrupt: ${health.faults.join('; ')}`);
  const meta = shippedMeta(health.meta, files, labels, source, {
    series_max_size: health.seriesMaxBytes,
    chunk_max_size: health.chunkMaxBytes,
  });
  const state = await uploadBlock(bucket, { folder: files.folder, meta, files: files.files }, options);
  return { state, irregular: health.faults };
}

/** The meta.json of a block in the bucket. What other programs put into it stays; labels and files are the shipper's. */
function shippedMeta(
  meta: BlockMeta,
  { files, sizes }: StagedBlock,
  labels: Readonly<Record<string, string>>,
  source: BlockSource,
  indexStats: Readonly<Record<string, number>>,
): BlockMeta {
  const thanos: ThanosMeta = {
    ...meta.thanos,
    version: 1,
    labels,
    downsample: meta.thanos?.downsample ?? { resolution: 0 },
    source,
    segment_files: files.filter((file) => file.startsWith('chunks/')).map((file) => file.slice(7)),
    files: [
      ...files.map((file) => ({ rel_path: file, size_bytes: sizes.get(file)! })),
      { rel_path: 'meta.json' },
    ].sort((a, b) => (a.rel_path < b.rel_path ? -1 : 1)),
    index_stats: indexStats,
  };
  return { ...meta, thanos };
}
