import { CodedError, CorruptDataError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { type Bucket, getObject } from '../bucket/bucket.ts';
import { type BlockMeta, parseBlockMeta } from '../format/block-meta.ts';
import type { ChunkMeta, IndexSeries } from '../format/index-series.ts';
import { decodeTombstones } from '../format/tombstones.ts';
import { blockFiles } from './block-files.ts';
import { IndexWalk } from './index-walk.ts';
import { bucketSource } from './range-source.ts';
import { SegmentWalk } from './segment-walk.ts';

/** `meta`: meta.json alone; `index`: all of the index too; `chunks`: every chunk that the index names too. */
export type HealthDepth = 'meta' | 'index' | 'chunks';

/** What a block holds and what is wrong with it. */
export interface BlockHealth {
  readonly meta: BlockMeta;
  /** Why the block is not what it should be, at most `limits.blockFaults`; empty for a sound one. */
  readonly faults: readonly string[];
  /** Whether some of it cannot be read at all; else every fault is one of order, time or counts. */
  readonly corrupt: boolean;
  readonly seriesCount: number;
  readonly chunkCount: number;
  /** Of the chunks' headers; 0 unless chunks were read. */
  readonly sampleCount: number;
  /** Chunk encodings that occur; empty unless chunks were read. */
  readonly encodings: ReadonlySet<number>;
  readonly seriesMaxBytes: number;
  readonly chunkMaxBytes: number;
}

interface Counts {
  seriesCount: number;
  chunkCount: number;
  sampleCount: number;
  seriesMaxBytes: number;
  chunkMaxBytes: number;
}

/**
 * Reads a block from front to back and says what is wrong with it: checksums, order and bounds, and that the counts agree
 * with `meta.json`. Holds a small part of it at any time. Raises only where the store fails, or for a block without a
 * `meta.json` (`ObjectNotFound`).
 */
export async function checkBlock(
  bucket: Bucket,
  ulid: string,
  depth: HealthDepth,
  signal?: AbortSignal,
): Promise<BlockHealth> {
  const faults = new FaultList();
  const encodings = new Set<number>();
  const counts: Counts = {
    seriesCount: 0,
    chunkCount: 0,
    sampleCount: 0,
    seriesMaxBytes: 0,
    chunkMaxBytes: 0,
  };
  const text = new TextDecoder().decode(
    await getObject(bucket, blockFiles.meta(ulid), limits.blockMetaBytes, signal),
  );
  const meta = parseBlockMeta(text, `block ${ulid}: meta.json`);
  if (meta.ulid !== ulid) faults.add(`meta.json names block ${meta.ulid}`);
  if (depth !== 'meta') {
    await faults.collect(async () => {
      await checkContent(bucket, meta, depth, { faults, counts, encodings, signal });
    });
    await faults.collect(() => checkTombstones(bucket, ulid, signal));
  }
  return { meta, faults: faults.list, corrupt: faults.corrupt, ...counts, encodings };
}

async function checkContent(
  bucket: Bucket,
  meta: BlockMeta,
  depth: HealthDepth,
  to: {
    readonly faults: FaultList;
    readonly counts: Counts;
    readonly encodings: Set<number>;
    readonly signal: AbortSignal | undefined;
  },
): Promise<void> {
  const { faults, counts, encodings, signal } = to;
  const { ulid } = meta;
  const source = async (key: string) => {
    const info = await bucket.head(key, signal);
    if (info === undefined) throw new CorruptDataError(`${key.slice(27)} is absent`);
    return bucketSource(bucket, key, info.sizeBytes, signal);
  };
  const index = await IndexWalk.open(await source(blockFiles.index(ulid)));
  const segments = new SegmentWalk((segment) => source(blockFiles.segment(ulid, segment)));
  let before: Uint32Array | undefined;
  for await (const series of index.series()) {
    if (faults.full) return;
    counts.seriesCount++;
    counts.seriesMaxBytes = Math.max(counts.seriesMaxBytes, series.sizeBytes);
    checkSeries(series, before, index, meta, faults);
    before = series.labels;
    for (const chunk of series.chunks) {
      counts.chunkCount++;
      if (depth !== 'chunks') continue;
      await faults.collect(async () => {
        const { encoding, data, sizeBytes } = await segments.chunk(chunk.reference);
        encodings.add(encoding);
        counts.chunkMaxBytes = Math.max(counts.chunkMaxBytes, sizeBytes);
        counts.sampleCount += sampleCount(encoding, data);
      });
      if (faults.full) return;
    }
  }
  const listed = await index.checkPostings();
  if (listed !== counts.seriesCount)
    faults.add(`index: ${counts.seriesCount} series, but the list of all series names ${listed}`);
  const { numSeries, numChunks, numSamples } = meta.stats ?? {};
  const compare = (what: string, said: number | undefined, found: number) => {
    if (said !== undefined && said !== found)
      faults.add(`meta.json says ${said} ${what}, there are ${found}`);
  };
  compare('series', numSeries, counts.seriesCount);
  compare('chunks', numChunks, counts.chunkCount);
  // A downsampled block counts windows, and the counts of its chunks are those of five aggregates.
  if (depth === 'chunks' && !faults.corrupt && !encodings.has(255))
    compare('samples', numSamples, counts.sampleCount);
}

function checkSeries(
  series: IndexSeries,
  before: Uint32Array | undefined,
  index: IndexWalk,
  meta: BlockMeta,
  faults: FaultList,
): void {
  const { labels, chunks } = series;
  const name = () => `series of symbols ${[...labels.subarray(0, 8)].join(',')}`;
  if (index.version !== 1) {
    if (labels.some((symbol) => symbol >= index.symbolCount))
      faults.add(`index: ${name()} refers to a symbol beyond ${index.symbolCount}`);
    for (let i = 2; i < labels.length; i += 2)
      if (labels[i]! <= labels[i - 2]!) faults.add(`index: the labels of ${name()} are not in order`);
    if (before !== undefined && compareLabels(before, labels) >= 0)
      faults.add(`index: ${name()} is not above the series before it`);
  }
  let previous: ChunkMeta | undefined;
  for (const chunk of chunks) {
    if (chunk.minTime > chunk.maxTime) faults.add(`index: a chunk of ${name()} ends before it begins`);
    if (previous !== undefined && chunk.minTime <= previous.maxTime)
      faults.add(`index: chunks of ${name()} overlap at ${chunk.minTime}`);
    if (chunk.minTime < meta.minTime || chunk.maxTime >= meta.maxTime)
      faults.add(
        `index: a chunk of ${name()} covers ${chunk.minTime} to ${chunk.maxTime}, outside of the block's time`,
      );
    previous = chunk;
  }
}

/** Order of label sets by their symbols, which are in byte order. */
function compareLabels(a: Uint32Array, b: Uint32Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Every encoding but the aggregate one begins with its number of samples, 16 bits. */
function sampleCount(encoding: number, data: Uint8Array): number {
  if (encoding === 255) return 0;
  if (data.length < 2) throw new CorruptDataError('chunk: it is too short for its number of samples');
  const count = data[0]! * 256 + data[1]!;
  if (count === 0) throw new CorruptDataError('chunk: it holds no sample');
  return count;
}

async function checkTombstones(bucket: Bucket, ulid: string, signal: AbortSignal | undefined): Promise<void> {
  const key = blockFiles.tombstones(ulid);
  if ((await bucket.head(key, signal)) === undefined) return;
  decodeTombstones(await getObject(bucket, key, limits.tombstonesBytes, signal));
}

/** Faults of one block, as many as a reader can use. */
class FaultList {
  readonly list: string[] = [];
  corrupt = false;

  get full(): boolean {
    return this.list.length >= limits.blockFaults;
  }

  add(fault: string): void {
    if (!this.full && !this.list.includes(fault)) this.list.push(fault);
  }

  /** Notes corrupt data and goes on; what the store or the caller did wrong goes up. */
  async collect(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof CodedError && error.code === 'CorruptData')) throw error;
      this.corrupt = true;
      this.add(error.message);
    }
  }
}
