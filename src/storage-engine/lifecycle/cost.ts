import { CodedError } from '../../base/errors.ts';
import { blockFiles } from '../block/block-files.ts';
import { IndexWalk } from '../block/index-walk.ts';
import { bucketSource } from '../block/range-source.ts';
import type { Bucket } from '../bucket/bucket.ts';
import { type BlockMeta, blockResolutionMs, externalLabels } from '../format/block-meta.ts';
import { chunkLocation } from '../format/chunk.ts';

export interface CostRow {
  /** Value of the label that is asked for, such as a team; empty where a series has none. */
  readonly owner: string;
  readonly metric: string;
  readonly resolutionMs: number;
}

export interface Cost {
  series: number;
  chunks: number;
  bytes: number;
}

/** Bytes by owner, metric and resolution. */
export class CostTable {
  readonly rows = new Map<string, CostRow & Cost>();

  add(row: CostRow, cost: Cost): void {
    const key = JSON.stringify([row.owner, row.metric, row.resolutionMs]);
    const known = this.rows.get(key) ?? { ...row, series: 0, chunks: 0, bytes: 0 };
    known.series += cost.series;
    known.chunks += cost.chunks;
    known.bytes += cost.bytes;
    this.rows.set(key, known);
  }

  /** Sums over some of the columns, largest first. */
  by(...columns: readonly (keyof CostRow)[]): (Partial<CostRow> & Cost)[] {
    const sums = new Map<string, Partial<CostRow> & Cost>();
    for (const row of this.rows.values()) {
      const part = Object.fromEntries(columns.map((column) => [column, row[column]])) as Partial<CostRow>;
      const key = JSON.stringify(part);
      const sum = sums.get(key) ?? { ...part, series: 0, chunks: 0, bytes: 0 };
      sum.series += row.series;
      sum.chunks += row.chunks;
      sum.bytes += row.bytes;
      sums.set(key, sum);
    }
    return [...sums.values()].sort((a, b) => b.bytes - a.bytes);
  }
}

/**
 * Adds one block to the table. A chunk is as long as the way to the next one, so its bytes follow from the index alone and no
 * chunk is read. What series share (symbols, postings) is divided among them by their bytes: the sum is the size of the block.
 */
export async function addBlockCost(
  table: CostTable,
  bucket: Bucket,
  meta: BlockMeta,
  ownerLabel: string,
  sizeBytes: number,
  signal?: AbortSignal,
): Promise<void> {
  const { ulid } = meta;
  const sizeOf = async (key: string) => {
    const info = await bucket.head(key, signal);
    if (info === undefined) throw new CodedError('ObjectNotFound', `${bucket.description}: no object ${key}`);
    return info.sizeBytes;
  };
  const key = blockFiles.index(ulid);
  const index = await IndexWalk.open(bucketSource(bucket, key, await sizeOf(key), signal));
  const wanted = await index.symbolNumbers(['__name__', ownerLabel]);
  const [nameSymbol, ownerSymbol] = [wanted.get('__name__'), wanted.get(ownerLabel)];
  const external = externalLabels(meta);
  // By symbols of owner and metric; -1 where the series has no such label.
  const costs = new Map<number, Map<number, Cost>>();
  let open: { reference: number; cost: Cost } | undefined;
  const close = async (next: number | undefined) => {
    if (open === undefined) return;
    const from = chunkLocation(open.reference);
    const to = next === undefined ? undefined : chunkLocation(next);
    const end =
      to?.segment === from.segment ? to.offset : await sizeOf(blockFiles.segment(ulid, from.segment));
    open.cost.bytes += Math.max(0, end - from.offset);
  };
  for await (const { labels, chunks, sizeBytes: entryBytes } of index.series()) {
    signal?.throwIfAborted();
    let [metric, owner] = [-1, -1];
    for (let i = 0; i < labels.length; i += 2) {
      if (labels[i] === nameSymbol) metric = labels[i + 1]!;
      if (labels[i] === ownerSymbol) owner = labels[i + 1]!;
    }
    const metrics = costs.get(owner) ?? new Map<number, Cost>();
    costs.set(owner, metrics);
    const cost = metrics.get(metric) ?? { series: 0, chunks: 0, bytes: 0 };
    metrics.set(metric, cost);
    cost.series++;
    cost.chunks += chunks.length;
    cost.bytes += entryBytes;
    for (const { reference } of chunks) {
      await close(reference);
      open = { reference, cost };
    }
  }
  await close(undefined);
  const texts = await index.symbolTexts(new Set([...costs].flatMap(([owner, of]) => [owner, ...of.keys()])));
  const own = [...costs.values()]
    .flatMap((of) => [...of.values()])
    .reduce((sum, { bytes }) => sum + bytes, 0);
  const share = own === 0 ? 1 : sizeBytes / own;
  for (const [owner, metrics] of costs) {
    for (const [metric, cost] of metrics)
      table.add(
        {
          owner: external[ownerLabel] ?? texts.get(owner) ?? '',
          metric: texts.get(metric) ?? '',
          resolutionMs: blockResolutionMs(meta),
        },
        { ...cost, bytes: cost.bytes * share },
      );
  }
}
