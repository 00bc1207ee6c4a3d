import { CodedError, CorruptDataError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { type Bucket, getObject } from '../bucket/bucket.ts';
import { type BlockMeta, parseBlockMeta } from '../format/block-meta.ts';
import type { ChunkMeta } from '../format/index-series.ts';
import { decodeTombstones, type Tombstone } from '../format/tombstones.ts';
import type { LabelMatcher } from '../promql/syntax/ast.ts';
import { blockFiles } from './block-files.ts';
import { BlockIndex } from './block-index.ts';
import { ChunkReader, type RawChunk } from './chunk-reader.ts';
import { bucketSource } from './range-source.ts';
import { selectSeries } from './select.ts';

/** A series of a block with those of its chunks that overlap the asked time. */
export interface BlockSeries {
  readonly reference: number;
  /** Name and value pairs, sorted by name in byte order; external labels are not among them. */
  readonly labels: readonly (readonly [string, string])[];
  readonly chunks: readonly ChunkMeta[];
}

/** One block of a bucket, opened. Faults carry the block's name. */
export class Block {
  readonly meta: BlockMeta;
  private readonly index: BlockIndex;
  private readonly chunks: ChunkReader;
  private readonly tombstones: ReadonlyMap<number, readonly Tombstone[]>;

  private constructor(
    meta: BlockMeta,
    index: BlockIndex,
    chunks: ChunkReader,
    tombstones: readonly Tombstone[],
  ) {
    this.meta = meta;
    this.index = index;
    this.chunks = chunks;
    this.tombstones = Map.groupBy(tombstones, (tombstone) => tombstone.series);
  }

  static open(bucket: Bucket, ulid: string, signal?: AbortSignal): Promise<Block> {
    return named(ulid, async () => {
      const metaText = await getObject(bucket, blockFiles.meta(ulid), limits.blockMetaBytes, signal);
      const meta = parseBlockMeta(new TextDecoder().decode(metaText), 'meta.json');
      if (meta.ulid !== ulid) throw new CorruptDataError(`meta.json names block ${meta.ulid}`);
      const index = await BlockIndex.open(await objectSource(bucket, blockFiles.index(ulid), signal));
      const chunks = new ChunkReader((segment) =>
        objectSource(bucket, blockFiles.segment(ulid, segment), signal),
      );
      return new Block(meta, index, chunks, await readTombstones(bucket, ulid, signal));
    });
  }

  labelNames(): string[] {
    return this.index.postingsTable.labelNames();
  }

  labelValues(name: string): string[] {
    return this.index.postingsTable.labelValues(name);
  }

  /** Series that all matchers take, with their chunks that overlap [minTime, maxTime], in batches in index order. */
  async *select(
    matchers: readonly LabelMatcher[],
    minTime: number,
    maxTime: number,
  ): AsyncIterable<readonly BlockSeries[]> {
    const { symbols } = this.index;
    const text = (reference: number) => symbols.textAt(symbols.indexOf(reference));
    const references = await named(this.meta.ulid, () => selectSeries(this.index, matchers));
    for await (const batch of namedEach(this.meta.ulid, this.index.series(references))) {
      const series: BlockSeries[] = [];
      for (const entry of batch) {
        const chunks = entry.chunks.filter((chunk) => chunk.minTime <= maxTime && chunk.maxTime >= minTime);
        if (chunks.length === 0) continue;
        const labels: [string, string][] = [];
        for (let i = 0; i < entry.labels.length; i += 2)
          labels.push([text(entry.labels[i]!), text(entry.labels[i + 1]!)]);
        series.push({ reference: entry.reference, labels, chunks });
      }
      if (series.length > 0) yield series;
    }
  }

  /** Bytes of chunks, in the order of the references. */
  readChunks(references: readonly number[]): Promise<RawChunk[]> {
    return named(this.meta.ulid, () => this.chunks.read(references));
  }

  /** Deleted time of a series; samples in it do not exist. */
  tombstonesOf(reference: number): readonly Tombstone[] {
    return this.tombstones.get(reference) ?? [];
  }
}

async function objectSource(bucket: Bucket, key: string, signal: AbortSignal | undefined) {
  const info = await bucket.head(key, signal);
  if (info === undefined) throw new CodedError('ObjectNotFound', `${bucket.description}: no object ${key}`);
  return bucketSource(bucket, key, info.sizeBytes, signal);
}

async function readTombstones(
  bucket: Bucket,
  ulid: string,
  signal: AbortSignal | undefined,
): Promise<Tombstone[]> {
  const key = blockFiles.tombstones(ulid);
  if ((await bucket.head(key, signal)) === undefined) return [];
  return decodeTombstones(await getObject(bucket, key, limits.tombstonesBytes, signal));
}

async function named<T>(ulid: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw withName(ulid, error);
  }
}

async function* namedEach<T>(ulid: string, items: AsyncIterable<T>): AsyncIterable<T> {
  try {
    yield* items;
  } catch (error) {
    throw withName(ulid, error);
  }
}

function withName(ulid: string, error: unknown): unknown {
  return error instanceof CorruptDataError
    ? new CorruptDataError(`block ${ulid}: ${error.message}`, { cause: error })
    : error;
}
