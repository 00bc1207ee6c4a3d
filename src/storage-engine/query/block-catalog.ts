import type { Clock } from '../../base/clock.ts';
import { CodedError, describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { Block } from '../block/block.ts';
import { blockFiles } from '../block/block-files.ts';
import { type Bucket, getObject } from '../bucket/bucket.ts';
import {
  type BlockMeta,
  blockResolutionMs,
  externalLabels,
  isUlid,
  parseBlockMeta,
} from '../format/block-meta.ts';

/** A reader leaves a marked block alone this long after it was marked; by then its replacement is visible everywhere. */
const markedBlockMs = 24 * 3600 * 1000;

interface Known {
  readonly meta: BlockMeta;
  /** Of its meta.json: a changed one is read again. */
  readonly modifiedMs: number;
  block: Promise<Block> | undefined;
}

/**
 * The blocks of a bucket: the set of `meta.json` is the state. One flat listing per refresh finds new and gone blocks;
 * metas are read once, indexes when a query first needs them.
 */
export class BlockCatalog {
  private readonly bucket: Bucket;
  private readonly clock: Clock;
  private known = new Map<string, Known>();
  private faults: readonly string[] = [];
  private refreshedMs = Number.NEGATIVE_INFINITY;
  private refreshing: Promise<void> | undefined;

  constructor(bucket: Bucket, clock: Clock) {
    this.bucket = bucket;
    this.clock = clock;
  }

  /** Blocks that overlap [startMs, endMs], oldest first, and what of the bucket could not be read. */
  async blocks(startMs: number, endMs: number): Promise<{ metas: BlockMeta[]; faults: readonly string[] }> {
    if (this.clock.monotonicMs() - this.refreshedMs > limits.catalogRefreshMs) await this.refresh();
    const metas = [...this.known.values()]
      .map(({ meta }) => meta)
      .filter((meta) => meta.minTime <= endMs && meta.maxTime > startMs);
    return {
      metas: visible(metas).sort((a, b) => a.minTime - b.minTime || (a.ulid < b.ulid ? -1 : 1)),
      faults: this.faults,
    };
  }

  /** Opens a block once; a failed opening is tried again by the next query. */
  open(ulid: string): Promise<Block> {
    const entry = this.known.get(ulid);
    if (entry === undefined)
      throw new CodedError('ObjectNotFound', `${this.bucket.description}: no block ${ulid}`);
    entry.block ??= Block.open(this.bucket, ulid).catch((error) => {
      entry.block = undefined;
      throw error;
    });
    return entry.block;
  }

  /** Lists the bucket and reads new metas. Calls at the same time share one listing. */
  refresh(): Promise<void> {
    this.refreshing ??= this.list().finally(() => {
      this.refreshing = undefined;
    });
    return this.refreshing;
  }

  private async list(): Promise<void> {
    const faults: string[] = [];
    const next = new Map<string, Known>();
    const metas = new Map<string, number>();
    const markedMs = new Map<string, number>();
    for await (const page of this.bucket.list('')) {
      for (const { key, modifiedMs } of page.objects) {
        const ulid = key.slice(0, key.indexOf('/'));
        if (!isUlid(ulid)) continue;
        if (key === blockFiles.meta(ulid)) metas.set(ulid, modifiedMs);
        else if (key === blockFiles.deletionMark(ulid)) markedMs.set(ulid, modifiedMs);
      }
    }
    for (const [ulid, modifiedMs] of metas) {
      if (this.clock.nowMs() - (markedMs.get(ulid) ?? Number.POSITIVE_INFINITY) > markedBlockMs) continue;
      const known = this.known.get(ulid);
      try {
        next.set(ulid, known?.modifiedMs === modifiedMs ? known : await this.read(ulid, modifiedMs));
      } catch (error) {
        // A block that was deleted since the listing is gone; anything else is a fault that the query names.
        if (!(error instanceof CodedError && error.code === 'ObjectNotFound'))
          faults.push(describeError(error));
      }
    }
    this.known = next;
    this.faults = faults;
    this.refreshedMs = this.clock.monotonicMs();
  }

  private async read(ulid: string, modifiedMs: number): Promise<Known> {
    const key = blockFiles.meta(ulid);
    const text = new TextDecoder().decode(await getObject(this.bucket, key, limits.blockMetaBytes));
    return { meta: parseBlockMeta(text, `${this.bucket.description}: ${key}`), modifiedMs, block: undefined };
  }
}

/** Without blocks whose samples another block of the same labels and resolution holds: that one descends from more. */
export function visible(metas: readonly BlockMeta[]): BlockMeta[] {
  const groupOf = (meta: BlockMeta) =>
    JSON.stringify([blockResolutionMs(meta), Object.entries(externalLabels(meta)).sort()]);
  const groups = Map.groupBy(metas, groupOf);
  return [...groups.values()].flatMap((group) =>
    group.filter((meta) => !group.some((other) => covers(other, meta))),
  );
}

function covers(other: BlockMeta, meta: BlockMeta): boolean {
  const sources = meta.compaction.sources ?? [];
  const wider = new Set(other.compaction.sources ?? []);
  if (other === meta || sources.length === 0 || wider.size < sources.length) return false;
  if (!sources.every((source) => wider.has(source))) return false;
  // With equal sources the older block stays, unless it is the same block.
  return wider.size > sources.length || other.ulid < meta.ulid;
}
