import { CodedError, describeError } from '../../../base/errors.ts';
import { limits } from '../../../base/limits.ts';
import { blockFiles } from '../../block/block-files.ts';
import { type Bucket, getObject } from '../../bucket/bucket.ts';
import { type BlockMeta, isUlid, parseBlockMeta } from '../../format/block-meta.ts';
import { type BlockMarks, type PlannedBlock, planBlock } from '../plan/planned-block.ts';

/** One folder of the bucket that is named as a block is. */
export interface BlockFolder {
  readonly ulid: string;
  /** When the store says that meta.json was written; undefined where there is none. */
  readonly metaMs: number | undefined;
  /** When the deletion mark was set. */
  readonly deletionMs: number | undefined;
  readonly marks: BlockMarks;
  /** Of all its objects. */
  readonly newestMs: number;
  readonly sizeBytes: number;
}

export interface ViewOptions {
  readonly replicaLabels: readonly string[];
  readonly consistencyDelayMs: number;
}

/** What a compactor sees of its bucket: one flat listing a look, each meta.json read once. */
export class BucketView {
  folders: ReadonlyMap<string, BlockFolder> = new Map();
  blocks: readonly PlannedBlock[] = [];
  /** Blocks whose meta.json cannot be understood, and why. */
  faults: ReadonlyMap<string, string> = new Map();
  private readonly bucket: Bucket;
  private readonly options: ViewOptions;
  private known = new Map<string, { metaMs: number; block: PlannedBlock }>();

  constructor(bucket: Bucket, options: ViewOptions) {
    this.bucket = bucket;
    this.options = options;
  }

  async refresh(signal?: AbortSignal): Promise<void> {
    const folders = await listFolders(this.bucket, signal);
    const next = new Map<string, { metaMs: number; block: PlannedBlock }>();
    const faults = new Map<string, string>();
    for (const { ulid, metaMs, marks } of folders.values()) {
      if (metaMs === undefined) continue;
      const known = this.known.get(ulid);
      if (known?.metaMs === metaMs) {
        next.set(ulid, { metaMs, block: { ...known.block, marks } });
        continue;
      }
      try {
        const meta = await readMeta(this.bucket, ulid, signal);
        next.set(ulid, { metaMs, block: planBlock(meta, { ...this.options, modifiedMs: metaMs, marks }) });
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        // Deleted since the listing.
        if (error.code === 'ObjectNotFound') continue;
        if (error.code !== 'CorruptData' && error.code !== 'LimitExceeded') throw error;
        faults.set(ulid, describeError(error));
      }
    }
    this.known = next;
    this.folders = folders;
    this.faults = faults;
    this.blocks = [...next.values()].map(({ block }) => block);
  }
}

async function listFolders(
  bucket: Bucket,
  signal: AbortSignal | undefined,
): Promise<Map<string, BlockFolder>> {
  const found = new Map<string, BlockFolder>();
  for await (const page of bucket.list('', signal === undefined ? {} : { signal })) {
    for (const { key, modifiedMs, sizeBytes } of page.objects) {
      const ulid = key.slice(0, key.indexOf('/'));
      if (!isUlid(ulid)) continue;
      const before = found.get(ulid);
      const deletion = key === blockFiles.deletionMark(ulid);
      found.set(ulid, {
        ulid,
        metaMs: key === blockFiles.meta(ulid) ? modifiedMs : before?.metaMs,
        deletionMs: deletion ? modifiedMs : before?.deletionMs,
        marks: {
          deletion: deletion || (before?.marks.deletion ?? false),
          noCompact: key === blockFiles.noCompactMark(ulid) || (before?.marks.noCompact ?? false),
          noDownsample: key === blockFiles.noDownsampleMark(ulid) || (before?.marks.noDownsample ?? false),
        },
        newestMs: Math.max(modifiedMs, before?.newestMs ?? 0),
        sizeBytes: sizeBytes + (before?.sizeBytes ?? 0),
      });
    }
  }
  return found;
}

export async function readMeta(bucket: Bucket, ulid: string, signal?: AbortSignal): Promise<BlockMeta> {
  const key = blockFiles.meta(ulid);
  const bytes = await getObject(bucket, key, limits.blockMetaBytes, signal);
  const meta = parseBlockMeta(new TextDecoder().decode(bytes), `${bucket.description}: ${key}`);
  if (meta.ulid !== ulid)
    throw new CodedError('CorruptData', `${bucket.description}: ${key} names block ${meta.ulid}`);
  return meta;
}
