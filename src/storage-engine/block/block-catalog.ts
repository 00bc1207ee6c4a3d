import type { Clock } from '../../base/clock.ts';
import { CodedError, describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { type Bucket, getObject } from '../bucket/bucket.ts';
import { isUlid, parseBlockMeta } from '../format/block-meta.ts';
import {
  bucketIndexKey,
  decodeBucketIndex,
  encodeBucketIndex,
  type IndexedMeta,
} from '../format/bucket-index.ts';
import { blockFiles } from './block-files.ts';
import type { KnownBlock } from './block-store.ts';
import { eachAtOnce } from './each-at-once.ts';
import { visibleBlocks } from './visible-blocks.ts';

/** A reader leaves a marked block alone this long after it was marked; by then its replacement is visible everywhere. */
const markedBlockMs = 24 * 3600 * 1000;

interface Entry extends KnownBlock {
  /** Of its meta.json: a changed one is read again. */
  readonly modifiedMs: number;
}

interface ListedBlock {
  modifiedMs?: number;
  markedMs?: number;
  metaBytes: number;
  readonly sizes: Map<string, number>;
}

/** One look at the bucket: what blocks are to be read, and what could not be understood. */
interface Snapshot {
  readonly all: ReadonlyMap<string, Entry>;
  /** Oldest first. */
  readonly visible: readonly KnownBlock[];
  readonly faults: readonly string[];
  readonly takenMs: number;
}

/**
 * The blocks of a bucket: the set of `meta.json` is the state. One flat listing per sync finds new, changed, marked and
 * gone blocks and the sizes of all files; metas are read once. A sync is made when a query finds the last one older than
 * `catalogRefreshMs`; the query waits for it only where that one is twice as old. Without the bucket the last state
 * serves on, with a warning after three syncs, until it is `catalogMaxAgeMs` old.
 */
export class BlockCatalog {
  private readonly bucket: Bucket;
  private readonly clock: Clock;
  private snapshot: Snapshot | undefined;
  private syncing: Promise<void> | undefined;
  private fault: CodedError | undefined;
  /** Blocks, with the times of their metas, of the index that was stored last. */
  private published: string | undefined;

  private readonly onSync: ((ulids: ReadonlySet<string>) => void) | undefined;

  /** `onSync` is told after each listing which blocks there are, those that are hidden included. */
  constructor(bucket: Bucket, clock: Clock, onSync?: (ulids: ReadonlySet<string>) => void) {
    this.bucket = bucket;
    this.clock = clock;
    this.onSync = onSync;
  }

  /** Blocks that overlap [startMs, endMs], oldest first, and what of the bucket could not be read. */
  async blocks(startMs: number, endMs: number): Promise<{ blocks: KnownBlock[]; faults: readonly string[] }> {
    const { visible, faults, takenMs } = await this.current();
    const blocks = visible.filter(({ meta }) => meta.minTime <= endMs && meta.maxTime > startMs);
    const ageMs = this.clock.monotonicMs() - takenMs;
    if (ageMs <= 3 * limits.catalogRefreshMs) return { blocks, faults };
    const age = `the list of blocks is ${Math.round(ageMs / 1000)} s old`;
    const reason = this.fault === undefined ? '' : `: ${describeError(this.fault)}`;
    return { blocks, faults: [...faults, `${this.bucket.description}: ${age}${reason}`] };
  }

  /** Lists the bucket and reads new metas. Calls at the same time share one listing. */
  refresh(): Promise<void> {
    this.syncing ??= this.sync().finally(() => {
      this.syncing = undefined;
    });
    return this.syncing;
  }

  private async current(): Promise<Snapshot> {
    const ageMs = this.clock.monotonicMs() - (this.snapshot?.takenMs ?? Number.NEGATIVE_INFINITY);
    if (ageMs > limits.catalogRefreshMs) {
      const syncing = this.refresh().then(
        () => {
          this.fault = undefined;
        },
        (error: unknown) => {
          if (!(error instanceof CodedError)) throw error;
          this.fault = error;
        },
      );
      // An error that is not expected must reach somebody.
      if (this.snapshot === undefined || ageMs > 2 * limits.catalogRefreshMs) await syncing;
      else syncing.catch(() => undefined);
    }
    const { snapshot, fault } = this;
    if (snapshot !== undefined && this.clock.monotonicMs() - snapshot.takenMs <= limits.catalogMaxAgeMs)
      return snapshot;
    throw (
      fault ??
      new CodedError(
        'BucketUnavailable',
        `${this.bucket.description}: its blocks could not be listed for long`,
      )
    );
  }

  private async sync(): Promise<void> {
    const faults: string[] = [];
    const all = new Map<string, Entry>();
    const takenMs = this.clock.monotonicMs();
    const { blocks, indexBytes } = await this.list();
    const found = [...blocks].filter(
      ([, { markedMs }]) => this.clock.nowMs() - (markedMs ?? Number.POSITIVE_INFINITY) <= markedBlockMs,
    );
    const seed = this.snapshot?.all ?? (await this.readIndexObject(indexBytes));
    await eachAtOnce(found.length, limits.metaReadConcurrency, async (i) => {
      const [ulid, { modifiedMs, metaBytes, sizes }] = found[i]!;
      if (modifiedMs === undefined) return;
      const known = seed.get(ulid);
      try {
        const meta = known?.modifiedMs === modifiedMs ? known.meta : await this.readMeta(ulid, metaBytes);
        all.set(ulid, { meta, modifiedMs, sizes });
      } catch (error) {
        // A block that was deleted since the listing is gone; anything else is a fault that the query names.
        if (!(error instanceof CodedError)) throw error;
        if (error.code !== 'ObjectNotFound') faults.push(describeError(error));
      }
    });
    const metas = new Set(visibleBlocks([...all.values()].map(({ meta }) => meta)));
    const visible = [...all.values()]
      .filter(({ meta }) => metas.has(meta))
      .sort((a, b) => a.meta.minTime - b.meta.minTime || (a.meta.ulid < b.meta.ulid ? -1 : 1));
    this.snapshot = { all, visible, faults, takenMs };
    if (faults.length === 0) this.onSync?.(new Set(all.keys()));
  }

  private async list() {
    const blocks = new Map<string, ListedBlock>();
    let indexBytes = 0;
    for await (const page of this.bucket.list('')) {
      for (const { key, modifiedMs, sizeBytes } of page.objects) {
        if (key === bucketIndexKey) indexBytes = sizeBytes;
        const slash = key.indexOf('/');
        const ulid = key.slice(0, slash);
        if (!isUlid(ulid)) continue;
        const block = blocks.get(ulid) ?? { metaBytes: 0, sizes: new Map<string, number>() };
        blocks.set(ulid, block);
        if (key === blockFiles.meta(ulid)) {
          block.modifiedMs = modifiedMs;
          block.metaBytes = sizeBytes;
        } else if (key === blockFiles.deletionMark(ulid)) block.markedMs = modifiedMs;
        else block.sizes.set(key.slice(slash + 1), sizeBytes);
      }
    }
    return { blocks, indexBytes };
  }

  /**
   * What the bucket's own index says of blocks, so that a first sync need not read every meta. It is derived: an entry
   * counts only while the listing shows the same time of its meta.json, and one that cannot be read costs time only.
   */
  private async readIndexObject(sizeBytes: number): Promise<ReadonlyMap<string, IndexedMeta>> {
    if (sizeBytes === 0 || sizeBytes > limits.bucketIndexBytes) return new Map();
    try {
      return decodeBucketIndex(await getObject(this.bucket, bucketIndexKey, sizeBytes));
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      return new Map();
    }
  }

  /** Stores what this catalog knows as the bucket's index, for the first sync of other readers, where that has changed. */
  async publishIndex(signal?: AbortSignal): Promise<void> {
    await this.refresh();
    const { all } = this.snapshot!;
    const state = [...all].map(([ulid, { modifiedMs }]) => `${ulid} ${modifiedMs}`).join();
    if (state === this.published) return;
    await this.bucket.put(bucketIndexKey, encodeBucketIndex(all, this.clock.nowMs()), signal);
    this.published = state;
  }

  /** `sizeBytes` as the listing had it; one that was written anew since may be somewhat longer. */
  private async readMeta(ulid: string, sizeBytes: number) {
    const key = blockFiles.meta(ulid);
    const limitBytes = Math.min(limits.blockMetaBytes, sizeBytes + 64 * 1024);
    const text = new TextDecoder().decode(await getObject(this.bucket, key, limitBytes));
    const meta = parseBlockMeta(text, `${this.bucket.description}: ${key}`);
    if (meta.ulid !== ulid)
      throw new CodedError('CorruptData', `${this.bucket.description}: ${key} names block ${meta.ulid}`);
    return meta;
  }
}
