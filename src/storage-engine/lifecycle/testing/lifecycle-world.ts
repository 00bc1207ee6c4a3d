import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { silentLogger } from '../../../base/log.ts';
import { seededRandom } from '../../../base/random.ts';
import { BlockCatalog } from '../../block/block-catalog.ts';
import type { Bucket } from '../../bucket/bucket.ts';
import { MemoryBucket } from '../../bucket/memory-bucket.ts';
import { decodeAggregateChunk } from '../../format/aggregate-chunk.ts';
import {
  type BlockMeta,
  blockResolutionMs,
  encodeBlockMeta,
  externalLabels,
} from '../../format/block-meta.ts';
import { bitsOfFloat, floatOfBits } from '../../format/histogram-layout.ts';
import type { RetentionDocument } from '../../format/retention-document.ts';
import { coverableOf, coverageOfMetas } from '../../retention/coverage.ts';
import { hiddenByAll } from '../../retention/retention.ts';
import { publishRetention, RetentionStore } from '../../retention/retention-store.ts';
import { labelLookup } from '../../retention/series-labels.ts';
import { Compactor, type CompactorOptions } from '../compactor/compactor.ts';
import { Lease } from '../compactor/lease.ts';
import { inlinePool } from '../rewrite/batch-pool.ts';
import { decodeRaw } from '../rewrite/decoded-chunk.ts';
import { makeBlock, type ReadSeries, readBlockBytes, type TestSamples } from './make-block.ts';

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;
/** Begins an aligned fortnight. */
export const originMs = 1400 * 14 * dayMs;

export class WorldClock implements Clock {
  now = originMs + 30 * dayMs;
  nowMs = () => this.now;
  monotonicMs = () => this.now;
  sleep = async (delayMs: number) => {
    this.now += delayMs;
  };
}

/** A block that a Prometheus would ship: one sample every `stepMs` of each user's series. */
export interface Shipment {
  readonly fromMs: number;
  readonly toMs: number;
  readonly users: readonly string[];
  readonly stepMs: number;
  readonly offsetMs?: number;
  readonly replica?: string;
}

/** What a reader sees of one user's series: times of raw samples, repeated where it sees them twice; and, by resolution, the
 * number of samples by window. */
export interface Seen {
  readonly raw: Map<string, number[]>;
  readonly windows: Map<number, Map<string, Map<number, number>>>;
  /** Texts of the indexes of all blocks that exist, marked ones and superseded ones too. */
  readonly blocks: readonly BlockMeta[];
}

/**
 * A bucket with its writers, compactors and readers in one process and a time that moves only when told. Readers here are
 * the catalog and the rules of hiding that queries use, over blocks that are decoded whole.
 */
export class LifecycleWorld {
  readonly clock = new WorldClock();
  readonly store = new MemoryBucket(this.clock);
  /** Times of acknowledged samples by user. */
  readonly given = new Map<string, Set<number>>();
  /** Objects of shipped blocks by their ULID, to be delivered a second time. */
  readonly shipped = new Map<string, Map<string, Uint8Array>>();
  readonly folder: string;
  #made = 0;
  readonly #decoded = new Map<string, Promise<Map<string, ReadSeries>>>();

  constructor(root: string) {
    this.folder = mkdtempSync(join(root, 'world-'));
    mkdirSync(join(this.folder, 'work'));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Stores a block and takes its samples for acknowledged. */
  async ship(shipment: Shipment): Promise<string> {
    const { ulid, objects } = this.make(shipment);
    await this.deliver(ulid, objects);
    const { fromMs, toMs, stepMs, offsetMs = 0, users } = shipment;
    for (const user of users) {
      const times = this.given.get(user) ?? new Set();
      this.given.set(user, times);
      for (let time = fromMs + offsetMs; time < toMs; time += stepMs) times.add(time);
    }
    return ulid;
  }

  /** Puts the objects of a block, `meta.json` last. */
  async deliver(ulid: string, objects = this.shipped.get(ulid)!): Promise<void> {
    for (const [key, bytes] of objects) await this.store.put(key, bytes);
  }

  private make(shipment: Shipment): { ulid: string; objects: Map<string, Uint8Array> } {
    const ulid = `01W${String(++this.#made).padStart(23, '0')}`;
    const { fromMs, toMs, stepMs, offsetMs = 0, users, replica } = shipment;
    const samples: (readonly [number, bigint])[] = [];
    for (let time = fromMs + offsetMs; time < toMs; time += stepMs)
      samples.push([time, bitsOfFloat((time - originMs) / minuteMs)]);
    const chunks: TestSamples[] = [];
    for (let at = 0; at < samples.length; at += 8) chunks.push(samples.slice(at, at + 8));
    const meta = makeBlock(
      this.folder,
      users.map((user) => ({ labels: { __name__: 'm', user }, chunks })),
      {
        ulid,
        minTime: fromMs,
        maxTime: toMs,
        compaction: { level: 1, sources: [ulid] },
        thanos: {
          version: 1,
          labels: { cluster: 'eu', ...(replica !== undefined && { replica }) },
          downsample: { resolution: 0 },
          source: 'sidecar',
        },
      },
    );
    const objects = new Map<string, Uint8Array>();
    for (const path of ['chunks/000001', 'index'])
      objects.set(`${ulid}/${path}`, new Uint8Array(readFileSync(join(this.folder, ulid, path))));
    objects.set(`${ulid}/meta.json`, new TextEncoder().encode(encodeBlockMeta(meta)));
    rmSync(join(this.folder, ulid), { recursive: true });
    this.shipped.set(ulid, objects);
    return { ulid, objects };
  }

  compactor(bucket: Bucket, seed: number, options: Partial<CompactorOptions> = {}): Compactor {
    const random = seededRandom(seed);
    const { clock } = this;
    return new Compactor({
      bucket,
      clock,
      random,
      log: silentLogger,
      pool: inlinePool,
      workFolder: join(this.folder, 'work'),
      memoryBytes: 8 * 1024 * 1024,
      concurrency: 1,
      replicaLabels: ['replica'],
      native: false,
      consistencyDelayMs: 0,
      deletionDelayMs: 48 * hourMs,
      partialDelayMs: 48 * hourMs,
      downsample: true,
      retention: new RetentionStore(bucket, clock),
      lease: new Lease({ bucket, clock, random, expiryMs: 10 * minuteMs }),
      ...options,
    });
  }

  publish(parts: Partial<RetentionDocument>): Promise<RetentionDocument> {
    return publishRetention(this.store, {
      version: 1,
      generation: 1,
      writtenAtMs: this.clock.nowMs(),
      stack: 'a/b',
      scope: {},
      policies: [],
      erasures: [],
      ...parts,
    });
  }

  /** What a reader that starts now sees. */
  async look(): Promise<Seen> {
    const { clock, store } = this;
    const { blocks, faults } = await new BlockCatalog(store, clock).blocks(
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    );
    if (faults.length > 0) throw new Error(faults.join());
    const retentions = await new RetentionStore(store, clock).current();
    const metas = blocks.map(({ meta }) => meta);
    const coverage = coverageOfMetas(metas);
    const seen: Seen = { raw: new Map(), windows: new Map(), blocks: metas };
    const replicas = new Map<string, Map<string, number[]>>();
    for (const meta of metas) {
      const external = externalLabels(meta);
      const resolutionMs = blockResolutionMs(meta);
      for (const [labels, series] of await this.decoded(meta)) {
        const own = JSON.parse(labels) as { user: string };
        const hidden = hiddenByAll(
          retentions.filter((retention) => retention.concerns(external)),
          labelLookup(external, Object.entries(own).flat()),
          {
            startMs: meta.minTime,
            endMs: meta.maxTime,
            resolutionMs,
            coveredAt: (coarser) => coverage.of(coverableOf(meta), coarser),
          },
          clock.nowMs(),
        );
        const isHidden = (time: number) =>
          hidden.some(({ startMs, endMs }) => time >= startMs && time < endMs);
        if (resolutionMs === 0) {
          const key = external.replica ?? '';
          const byUser = replicas.get(key) ?? new Map<string, number[]>();
          replicas.set(key, byUser);
          const times = byUser.get(own.user) ?? [];
          byUser.set(own.user, times);
          for (const [time, bits] of series.samples) {
            if (isHidden(time)) continue;
            if (floatOfBits(bits) !== (time - originMs) / minuteMs)
              throw new Error(`block ${meta.ulid}: the sample of ${time} has another value`);
            times.push(time);
          }
          continue;
        }
        const byUser = seen.windows.get(resolutionMs) ?? new Map<string, Map<number, number>>();
        seen.windows.set(resolutionMs, byUser);
        const windows = byUser.get(own.user) ?? new Map<number, number>();
        byUser.set(own.user, windows);
        for (const { data } of series.chunks) {
          const { count } = decodeAggregateChunk(data);
          if (count === undefined) continue;
          const { timestamps, bits } = decodeRaw(count.encoding, count.data);
          timestamps.forEach((time, i) => {
            if (isHidden(time)) return;
            const window = Math.floor(time / resolutionMs) * resolutionMs;
            windows.set(window, (windows.get(window) ?? 0) + floatOfBits(bits[i]!));
          });
        }
      }
    }
    // Replicas are told apart by their labels and seen once each; a time twice within one of them stays.
    for (const byUser of replicas.values())
      for (const [user, times] of byUser) {
        const before = seen.raw.get(user) ?? [];
        const known = new Set(before);
        seen.raw.set(user, [...before, ...times.filter((time) => !known.has(time))]);
      }
    return seen;
  }

  private decoded({ ulid, thanos }: BlockMeta): Promise<Map<string, ReadSeries>> {
    let found = this.#decoded.get(ulid);
    if (found === undefined) {
      found = this.decode(ulid, thanos?.segment_files?.length ?? 1);
      this.#decoded.set(ulid, found);
    }
    return found;
  }

  private async decode(ulid: string, segments: number): Promise<Map<string, ReadSeries>> {
    const read = async (path: string) => this.store.getRange(`${ulid}/${path}`, 0, 10 ** 8);
    const names = Array.from({ length: segments }, (_, i) => `chunks/${String(i + 1).padStart(6, '0')}`);
    return readBlockBytes(ulid, await read('index'), await Promise.all(names.map(read)));
  }

  /** Whether any object below a block's folder holds a text, in the order of keys. */
  async objectsWith(text: string): Promise<string[]> {
    const found: string[] = [];
    for await (const page of this.store.list(''))
      for (const { key, sizeBytes } of page.objects)
        if (/^[0-9A-Z]{26}\//.test(key))
          if (Buffer.from(await this.store.getRange(key, 0, sizeBytes)).includes(text)) found.push(key);
    return found;
  }
}
