import { CodedError, CorruptDataError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { type Bucket, getObject } from '../bucket/bucket.ts';
import type { BlockMeta } from '../format/block-meta.ts';
import { decodeTombstones, type Tombstone } from '../format/tombstones.ts';
import { blockFiles, segmentFile } from './block-files.ts';
import type { DiskCache } from './disk-cache.ts';
import type { BlockIndex, SelectedSeries } from './index/block-index.ts';
import { IndexFile } from './index/index-file.ts';
import { loadIndex } from './index/load-index.ts';
import { SectionIndex } from './index/section-index.ts';
import type { SymbolDictionary } from './index/symbol-dictionary.ts';
import type { SymbolMatcher } from './index/symbol-matcher.ts';
import { WholeIndex } from './index/whole-index.ts';
import { bucketSource, cachedSource } from './range-source.ts';
import type { ChunkFiles } from './selection.ts';

/** Sizes of a block's files in bytes, by path below the block: `index`, `chunks/000001`, `tombstones`. */
export type FileSizes = ReadonlyMap<string, number>;

export interface BlockOptions {
  readonly bucket: Bucket;
  readonly meta: BlockMeta;
  /** As a listing showed them: a file that is not named does not exist. */
  readonly sizes: FileSizes;
  readonly symbols: SymbolDictionary;
  /** For index parts of a remote bucket. */
  readonly cache?: DiskCache | undefined;
  /** An index above this size is read by section. */
  readonly wholeBytes: number;
  /** False where this block was verified before. */
  readonly verify: boolean;
  readonly pause: () => Promise<void> | undefined;
}

/** One block of a bucket, its index loaded. Faults carry the block's name. */
export class Block {
  readonly meta: BlockMeta;
  readonly symbols: SymbolDictionary;
  readonly files: ChunkFiles;
  private readonly index: BlockIndex;
  private readonly tombstones: ReadonlyMap<number, readonly Tombstone[]>;

  private constructor(options: BlockOptions, index: BlockIndex, tombstones: readonly Tombstone[]) {
    this.meta = options.meta;
    this.symbols = options.symbols;
    this.index = index;
    this.tombstones = Map.groupBy(tombstones, (tombstone) => tombstone.series);
    this.files = chunkFiles(options);
  }

  static open(options: BlockOptions): Promise<Block> {
    return named(options.meta.ulid, async () => {
      const [index, tombstones] = await Promise.all([openIndex(options), readTombstones(options)]);
      return new Block(options, index, tombstones);
    });
  }

  get sizeBytes(): number {
    return this.index.sizeBytes;
  }

  labelNames(): readonly string[] {
    return this.index.labelNames();
  }

  labelValues(name: string): readonly string[] {
    return this.index.labelValues(name);
  }

  select(matchers: readonly SymbolMatcher[], signal?: AbortSignal): Promise<SelectedSeries> {
    return named(this.meta.ulid, () => this.index.select(matchers, signal));
  }

  /** Deleted time of a series, by its reference; samples in it do not exist. Undefined: none. */
  deletedOf(reference: number): readonly Tombstone[] | undefined {
    return this.tombstones.get(reference);
  }

  get hasTombstones(): boolean {
    return this.tombstones.size > 0;
  }
}

async function openIndex(options: BlockOptions): Promise<BlockIndex> {
  const { bucket, cache, meta, sizes, symbols, wholeBytes, verify, pause } = options;
  const key = blockFiles.index(meta.ulid);
  const sizeBytes = sizes.get('index');
  if (sizeBytes === undefined)
    throw new CodedError('ObjectNotFound', `${bucket.description}: no object ${key}`);
  const remote = bucket.localPath === undefined;
  const source = bucketSource(bucket, key, sizeBytes);
  const cached = cache !== undefined && remote ? cachedSource(source, cache, key) : source;
  const file = await IndexFile.open(cached, sizeBytes <= wholeBytes);
  const { numSeries = 0, numChunks = 0 } = meta.stats ?? {};
  const load = {
    symbols,
    baseMs: meta.minTime,
    hint: { series: numSeries, chunks: numChunks },
    segmentBytes: (segment: number) => sizes.get(segmentFile(segment)),
    remote,
    verify,
    pause,
  };
  if (sizeBytes > wholeBytes) return SectionIndex.open(file, load);
  return new WholeIndex(await loadIndex(file, load));
}

async function readTombstones({ bucket, meta, sizes }: BlockOptions): Promise<Tombstone[]> {
  if (!sizes.has('tombstones')) return [];
  return decodeTombstones(await getObject(bucket, blockFiles.tombstones(meta.ulid), limits.tombstonesBytes));
}

function chunkFiles({ bucket, meta: { ulid } }: BlockOptions): ChunkFiles {
  return {
    path: (segment) => bucket.localPath?.(blockFiles.segment(ulid, segment)),
    read: (segment, offset, lengthBytes, signal) =>
      bucket.getRange(blockFiles.segment(ulid, segment), offset, lengthBytes, signal),
  };
}

async function named<T>(ulid: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw namedFault(ulid, error);
  }
}

/** Corrupt data with the name of the block that holds it; other errors as they are. */
export function namedFault(ulid: string, error: unknown): unknown {
  return error instanceof CorruptDataError && !error.message.startsWith('block ')
    ? new CorruptDataError(`block ${ulid}: ${error.message}`, { cause: error })
    : error;
}
