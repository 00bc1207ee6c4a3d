import type { Clock } from '../../base/clock.ts';
import { CodedError, describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Block, BlockSeries } from '../block/block.ts';
import type { Bucket } from '../bucket/bucket.ts';
import { type BlockMeta, blockResolutionMs, externalLabels } from '../format/block-meta.ts';
import { Labels } from '../promql/exec/labels.ts';
import type { SelectHints } from '../promql/exec/sample-source.ts';
import type { LabelMatcher } from '../promql/syntax/ast.ts';
import {
  decodeChunk,
  filterColumns,
  mergeColumns,
  type SampleColumns,
  sliceColumns,
} from '../samples/sample-columns.ts';
import { BlockCatalog } from './block-catalog.ts';
import { attachLabels, resolveMatchers } from './external-labels.ts';
import type { QueryScope, SeriesHolder, StoredSeries } from './source.ts';
import type { SelectionEstimate, SourceDescription } from './source-description.ts';

/** The blocks of a bucket as a holder of series. A block that cannot be read is named and left out. */
export class BlockHolder implements SeriesHolder {
  readonly name: string;
  readonly catalog: BlockCatalog;
  private readonly bucket: Bucket;

  constructor(bucket: Bucket, clock: Clock) {
    this.bucket = bucket;
    this.name = bucket.description;
    this.catalog = new BlockCatalog(bucket, clock);
  }

  async select(
    matchers: readonly LabelMatcher[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<readonly StoredSeries[]> {
    const parts = new Map<string, { labels: Labels; columns: SampleColumns[] }>();
    await this.eachBlock(hints, scope, async (block, meta) => {
      const external = Labels.from(Object.entries(externalLabels(meta)));
      const left = resolveMatchers(matchers, external);
      if (left === undefined) return;
      for await (const batch of block.select(left, hints.startMs, hints.endMs)) {
        scope.signal.throwIfAborted();
        for (const { labels, columns } of await decodeBatch(block, batch, hints)) {
          const attached = attachLabels(labels, external);
          const entry = parts.get(attached.key);
          if (entry === undefined) parts.set(attached.key, { labels: attached, columns: [columns] });
          else entry.columns.push(columns);
        }
      }
    });
    return [...parts.values()].map(({ labels, columns }) => ({ labels, columns: mergeColumns(columns) }));
  }

  async labelNames(
    selectors: readonly (readonly LabelMatcher[])[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<ReadonlySet<string>> {
    if (selectors.length > 0)
      return new Set(
        (await this.series(selectors, hints, scope)).flatMap((labels) =>
          [...labels.entries()].map(([name]) => name),
        ),
      );
    const names = new Set<string>();
    await this.eachBlock(hints, scope, async (block, meta) => {
      for (const name of [...block.labelNames(), ...Object.keys(externalLabels(meta))]) names.add(name);
    });
    return names;
  }

  async labelValues(
    name: string,
    selectors: readonly (readonly LabelMatcher[])[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<ReadonlySet<string>> {
    if (selectors.length > 0) {
      const found = (await this.series(selectors, hints, scope)).map((labels) => labels.get(name));
      return new Set(found.filter((value) => value !== ''));
    }
    const values = new Set<string>();
    await this.eachBlock(hints, scope, async (block, meta) => {
      const external = externalLabels(meta)[name];
      for (const value of external === undefined ? block.labelValues(name) : [external]) values.add(value);
    });
    return values;
  }

  async series(
    selectors: readonly (readonly LabelMatcher[])[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<readonly Labels[]> {
    const found = new Map<string, Labels>();
    await this.eachBlock(hints, scope, async (block, meta) => {
      const external = Labels.from(Object.entries(externalLabels(meta)));
      for (const matchers of selectors) {
        const left = resolveMatchers(matchers, external);
        if (left === undefined) continue;
        for await (const batch of block.select(left, hints.startMs, hints.endMs)) {
          scope.signal.throwIfAborted();
          for (const { labels } of batch) {
            const attached = attachLabels(Labels.from(labels), external);
            found.set(attached.key, attached);
          }
        }
      }
    });
    return [...found.values()];
  }

  async describe(): Promise<SourceDescription> {
    const { metas, faults } = await this.catalog.blocks(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
    if (metas.length === 0 && faults.length > 0) throw new CodedError('CorruptData', faults[0]!);
    const sets = new Map(metas.map((meta) => [JSON.stringify(externalLabels(meta)), externalLabels(meta)]));
    return {
      kind: 'bucket',
      labelSets: [...sets.values()].slice(0, limits.describedLabelSets),
      ...(metas.length > 0 && {
        minTimeMs: Math.min(...metas.map(({ minTime }) => minTime)),
        maxTimeMs: Math.max(...metas.map(({ maxTime }) => maxTime)),
      }),
      blocks: metas.length,
      faults: faults.slice(0, limits.describedFaults),
    };
  }

  async estimate(
    matchers: readonly LabelMatcher[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<SelectionEstimate> {
    if ('selectChunks' in this) {
      const selection = await (this as SeriesHolder).selectChunks!(matchers, hints, [], scope);
      return {
        source: this.name,
        path: 'blocks',
        blocks: new Set(selection.parts.map(({ ulid }) => ulid)).size,
        series: selection.count,
        chunks: selection.chunkCount,
        sizeBytes: selection.sizeBytes,
        maxSamples: selection.maxSamples,
      };
    }
    let [blocks, chunks] = [0, 0];
    const series = new Set<string>();
    await this.eachBlock(hints, scope, async (block, meta) => {
      const external = Labels.from(Object.entries(externalLabels(meta)));
      const left = resolveMatchers(matchers, external);
      if (left === undefined) return;
      blocks++;
      for await (const batch of block.select(left, hints.startMs, hints.endMs)) {
        scope.signal.throwIfAborted();
        for (const { labels, chunks: found } of batch) {
          series.add(attachLabels(Labels.from(labels), external).key);
          chunks += found.length;
        }
      }
    });
    return { source: this.name, path: 'blocks', blocks, series: series.size, chunks };
  }

  async close(): Promise<void> {
    await this.bucket.close();
  }

  /** Visits the blocks of a time; a block that vanished between listing and reading makes one new listing. */
  private async eachBlock(
    hints: SelectHints,
    scope: QueryScope,
    visit: (block: Block, meta: BlockMeta) => Promise<void>,
  ): Promise<void> {
    const seen = new Set<string>();
    for (let attempt = 0; attempt < 2; attempt++) {
      const { metas, faults } = await this.catalog.blocks(hints.startMs, hints.endMs);
      if (attempt === 0) for (const fault of faults) scope.partial(fault);
      let vanished = false;
      for (const meta of metas) {
        if (seen.has(meta.ulid)) continue;
        scope.signal.throwIfAborted();
        try {
          if (blockResolutionMs(meta) !== 0) {
            scope.partial(`${this.name}: block ${meta.ulid} is downsampled and is not read`);
          } else {
            await visit(await this.catalog.open(meta.ulid), meta);
          }
          seen.add(meta.ulid);
        } catch (error) {
          scope.signal.throwIfAborted();
          if (!(error instanceof CodedError)) throw error;
          if (attempt === 0 && error.code === 'ObjectNotFound') {
            vanished = true;
            continue;
          }
          seen.add(meta.ulid);
          scope.partial(describeError(error));
        }
      }
      if (!vanished) return;
      await this.catalog.refresh();
    }
  }
}

async function decodeBatch(
  block: Block,
  batch: readonly BlockSeries[],
  hints: SelectHints,
): Promise<{ labels: Labels; columns: SampleColumns }[]> {
  const chunks = await block.readChunks(
    batch.flatMap((series) => series.chunks.map((chunk) => chunk.reference)),
  );
  let at = 0;
  return batch.map((series) => {
    const parts = series.chunks.map(() => {
      const { encoding, data } = chunks[at++]!;
      return sliceColumns(decodeChunk(encoding, data), hints.startMs, hints.endMs);
    });
    const deleted = block.tombstonesOf(series.reference);
    const merged = mergeColumns(parts);
    const columns =
      deleted.length === 0
        ? merged
        : filterColumns(
            merged,
            (time) => !deleted.some(({ minTime, maxTime }) => time >= minTime && time <= maxTime),
          );
    return { labels: Labels.from(series.labels), columns };
  });
}
