import type { Clock } from '../../base/clock.ts';
import { CodedError, describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { pauses } from '../../base/pauses.ts';
import { BlockCatalog } from '../block/block-catalog.ts';
import { BlockStore, type BlockStoreOptions, type KnownBlock } from '../block/block-store.ts';
import { eachAtOnce } from '../block/each-at-once.ts';
import type { MergedSeries } from '../block/merge/merged-series.ts';
import { type HiddenTime, narrow } from '../block/merge/narrow.ts';
import type { Selection, SelectionPart } from '../block/selection.ts';
import type { Bucket } from '../bucket/bucket.ts';
import { blockResolutionMs, externalLabels } from '../format/block-meta.ts';
import { Labels } from '../promql/exec/labels.ts';
import type { SelectHints } from '../promql/exec/sample-source.ts';
import type { LabelMatcher } from '../promql/syntax/ast.ts';
import type { RetentionStore } from '../retention/retention-store.ts';
import { type TimeRange, uniteRanges } from '../retention/time-ranges.ts';
import { isNearlyExact } from '../samples/aggregate-columns.ts';
import { memoryOf, mergeColumns, type SampleColumns } from '../samples/sample-columns.ts';
import { decodePart } from './block-samples.ts';
import type { BlockTime } from './coverage.ts';
import type { LiveTail } from './live-tail.ts';
import type { QueryBudget } from './query-budget.ts';
import { preferredResolutionMs, servingBlocks } from './resolution.ts';
import { hidingOf } from './retention-hiding.ts';
import type { QueryScope, SeriesHolder, StoredSeries } from './source.ts';
import type { SelectionEstimate, SourceDescription } from './source-description.ts';
import { TextLists } from './text-lists.ts';

export interface BlockHolderOptions extends Pick<BlockStoreOptions, 'budgetBytes' | 'wholeBytes' | 'cache'> {
  /** What of the bucket is not to be shown; without it everything is. */
  readonly retention?: RetentionStore;
}

/** How the series of a selector are hidden; undefined where nothing is. */
type Hiding = ((merged: MergedSeries) => HiddenTime) | undefined;

/** The blocks of a bucket as a holder of series. A block that cannot be read is named and left out. */
export class BlockHolder implements SeriesHolder {
  readonly name: string;
  private readonly bucket: Bucket;
  private readonly catalog: BlockCatalog;
  private readonly store: BlockStore;
  private readonly texts = new TextLists();
  private readonly clock: Clock;
  private readonly retention: RetentionStore | undefined;
  private readonly pause: () => Promise<void> | undefined;

  constructor(bucket: Bucket, clock: Clock, options: BlockHolderOptions = {}) {
    this.bucket = bucket;
    this.name = bucket.description;
    this.clock = clock;
    this.retention = options.retention;
    const { cache } = options;
    this.catalog = new BlockCatalog(bucket, clock, (ulids) => void cache?.retain(ulids));
    this.pause = pauses(clock, limits.querySliceMs);
    this.store = new BlockStore({ bucket, ...options, pause: this.pause });
  }

  selectChunks(
    matchers: readonly LabelMatcher[],
    hints: SelectHints,
    dropLabels: readonly string[],
    scope: QueryScope,
    beside: readonly LiveTail[] = [],
  ): Promise<Selection> {
    return this.onBlocks(hints, scope, async (blocks, onFault, hiding) => {
      const merged = await this.store.select(blocks, matchers, dropLabels, scope.signal, onFault, beside);
      return narrow(merged, hints.startMs, hints.endMs, hiding?.(merged));
    });
  }

  async select(
    matchers: readonly LabelMatcher[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<readonly StoredSeries[]> {
    let before: ReturnType<typeof reserve> | undefined;
    const found = await this.onBlocks(hints, scope, async (blocks, onFault, hiding) => {
      before?.discard();
      const merged = await this.store.select(blocks, matchers, [], scope.signal, onFault);
      const selection = narrow(merged, hints.startMs, hints.endMs, hiding?.(merged));
      const samples = new Map<number, SampleColumns[]>();
      const { parts } = selection;
      const held = reserve(selection, scope.budget);
      await eachAtOnce(parts.length, limits.blockReadConcurrency, async (i) => {
        const read = await this.partSamples(parts[i]!, hints, scope, held.hold, (error) =>
          onFault(parts[i]!.ulid, error),
        );
        for (const [id, columns] of read) {
          const list = samples.get(id);
          if (list === undefined) samples.set(id, [columns]);
          else list.push(columns);
        }
      });
      before = held;
      const ids = [...samples.keys()].sort((a, b) => a - b);
      return ids.map((id) => ({
        labels: Labels.ofSorted(selection.pairs(id)),
        columns: mergeColumns(samples.get(id)!),
      }));
    });
    before?.settle();
    return found;
  }

  async labelNames(
    selectors: readonly (readonly LabelMatcher[])[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<ReadonlySet<string>> {
    if (selectors.length > 0) {
      const selections = await this.selections(selectors, hints, scope);
      return new Set(selections.flatMap((selection) => selection.labelNames()));
    }
    if (await this.hides()) return this.labelNames([[]], hints, scope);
    return this.textsOf('', hints, scope, (block, external) => [
      ...block.labelNames(),
      ...Object.keys(external),
    ]);
  }

  async labelValues(
    name: string,
    selectors: readonly (readonly LabelMatcher[])[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<ReadonlySet<string>> {
    if (selectors.length > 0) {
      const selections = await this.selections(selectors, hints, scope);
      return new Set(selections.flatMap((selection) => selection.labelValues(name)));
    }
    if (await this.hides()) return this.labelValues(name, [[]], hints, scope);
    return this.textsOf(name, hints, scope, (block, external) => {
      const own = external[name];
      return own === undefined ? block.labelValues(name) : [own];
    });
  }

  /** Texts that are found in each block of a time; kept by the blocks and `key`, unless one of them has a fault. */
  private textsOf(
    key: string,
    hints: SelectHints,
    scope: QueryScope,
    find: (
      block: Awaited<ReturnType<BlockStore['open']>>,
      external: Readonly<Record<string, string>>,
    ) => readonly string[],
  ): Promise<ReadonlySet<string>> {
    return this.onBlocks(hints, scope, async (blocks, onFault) => {
      const kept = JSON.stringify([key, ...blocks.map(({ meta }) => [meta.ulid, externalLabels(meta)])]);
      const known = this.texts.get(kept);
      if (known !== undefined) return known;
      const found = new Set<string>();
      let faults = 0;
      const onAnyFault = (ulid: string, error: unknown) => {
        faults++;
        onFault(ulid, error);
      };
      await this.eachBlock(blocks, scope, onAnyFault, (block, external) => {
        for (const text of find(block, external)) found.add(text);
      });
      return faults > 0 ? found : this.texts.put(kept, found);
    });
  }

  async series(
    selectors: readonly (readonly LabelMatcher[])[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<readonly Labels[]> {
    const found = new Map<string, Labels>();
    for (const selection of await this.selections(selectors, hints, scope)) {
      scope.budget?.take({ bytes: selection.count * limits.seriesMemoryBytes });
      for (let id = 0; id < selection.count; id++) {
        if (selection.present[id] === 0) continue;
        const labels = Labels.ofSorted(selection.pairs(id));
        found.set(labels.key, labels);
      }
    }
    return [...found.values()];
  }

  /** Whether some of the bucket is hidden, so that only series tell what is there. */
  private async hides(): Promise<boolean> {
    const retentions = (await this.retention?.current()) ?? [];
    return retentions.some((retention) => !retention.isEmpty);
  }

  async stateOf(startMs: number, endMs: number): Promise<string | undefined> {
    const { blocks, faults } = await this.catalog.blocks(startMs, endMs);
    // What is past its retention moves with the clock: nobody can say for how long an answer holds.
    if (faults.length > 0 || (await this.hides())) return undefined;
    return `${this.retention?.generation ?? ''}:${blocks.map(({ meta }) => meta.ulid).join()}`;
  }

  async blockTimes(external: Labels): Promise<readonly BlockTime[]> {
    const { blocks } = await this.catalog.blocks(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
    return blocks
      .filter(
        ({ meta }) =>
          blockResolutionMs(meta) === 0 &&
          Labels.from(Object.entries(externalLabels(meta))).key === external.key,
      )
      .map(({ meta }) => ({ minTimeMs: meta.minTime, maxTimeMs: meta.maxTime }));
  }

  listAgain(): Promise<void> {
    return this.catalog.refresh();
  }

  async check(): Promise<void> {
    await this.catalog.blocks(0, 0);
  }

  async describe(): Promise<SourceDescription> {
    const { blocks, faults } = await this.catalog.blocks(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
    const metas = blocks.map(({ meta }) => meta);
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
    const selection = await this.selectChunks(matchers, hints, [], scope);
    return {
      source: this.name,
      path: 'blocks',
      blocks: new Set(selection.parts.map(({ ulid }) => ulid)).size,
      series: selection.present.reduce((sum, present) => sum + present, 0),
      chunks: selection.chunkCount,
      sizeBytes: selection.sizeBytes,
      maxSamples: selection.maxSamples,
    };
  }

  private async selections(
    selectors: readonly (readonly LabelMatcher[])[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<readonly Selection[]> {
    const found: Selection[] = [];
    for (const matchers of selectors) found.push(await this.selectChunks(matchers, hints, [], scope));
    return found;
  }

  async close(): Promise<void> {
    await this.bucket.close();
  }

  private async eachBlock(
    blocks: readonly KnownBlock[],
    scope: QueryScope,
    onFault: (ulid: string, error: unknown) => void,
    visit: (
      block: Awaited<ReturnType<BlockStore['open']>>,
      external: Readonly<Record<string, string>>,
    ) => void,
  ): Promise<void> {
    await eachAtOnce(blocks.length, limits.blockOpenConcurrency, async (i) => {
      scope.signal.throwIfAborted();
      const { meta } = blocks[i]!;
      try {
        visit(await this.store.open(blocks[i]!), externalLabels(meta));
      } catch (error) {
        scope.signal.throwIfAborted();
        onFault(meta.ulid, error);
      }
    });
  }

  /** Samples of one part by series id; none of them where the block has a fault. */
  private async partSamples(
    part: SelectionPart,
    hints: SelectHints,
    scope: QueryScope,
    hold: (columns: SampleColumns) => void,
    onFault: (error: unknown) => void,
  ): Promise<ReadonlyMap<number, SampleColumns>> {
    try {
      return await decodePart(part, hints, scope.signal, this.pause, hold);
    } catch (error) {
      scope.signal.throwIfAborted();
      onFault(error);
      return new Map();
    }
  }

  /**
   * Works on the blocks of a time. A block that vanished between listing and reading makes all be planned once more on a
   * new listing; other faults are told, and the block is left out.
   */
  private async onBlocks<T>(
    hints: SelectHints,
    scope: QueryScope,
    work: (
      blocks: readonly KnownBlock[],
      onFault: (block: string | KnownBlock['meta'], error: unknown) => void,
      hiding: Hiding,
    ) => Promise<T>,
  ): Promise<T> {
    const retentions = (await this.retention?.current()) ?? [];
    for (let attempt = 1; ; attempt++) {
      const { blocks, faults } = await this.catalog.blocks(hints.startMs, hints.endMs);
      const told = new Map<string, string>();
      const metas = blocks.map(({ meta }) => meta);
      const preferredMs = preferredResolutionMs(scope.maxSourceResolution, hints);
      const isRaw = metas.every((meta) => blockResolutionMs(meta) === 0);
      const serving = isRaw ? [] : servingBlocks(metas, hints.startMs, hints.endMs, preferredMs);
      const served = new Map(serving.map(({ meta, covered }) => [meta, covered]));
      const read = isRaw ? blocks : blocks.filter(({ meta }) => served.has(meta));
      const isCut = serving.some(({ covered }) => covered.length > 0);
      let vanished = false;
      const onFault = (block: string | KnownBlock['meta'], error: unknown) => {
        if (!(error instanceof CodedError) || error.code === 'LimitExceeded') throw error;
        if (error.code === 'ObjectNotFound') vanished = true;
        const ulid = typeof block === 'string' ? block : block.ulid;
        told.set(ulid, describeError(error));
      };
      const hiding = hidingOf(retentions, metas, this.clock.nowMs());
      const result = await work(read, onFault, isCut ? withCovered(hiding, served) : hiding);
      if (vanished && attempt === 1) {
        await this.catalog.refresh();
        continue;
      }
      for (const fault of [...faults, ...told.values()]) scope.partial(fault);
      for (const resolutionMs of new Set(serving.map(({ meta }) => blockResolutionMs(meta))))
        if (resolutionMs > preferredMs) scope.partial(coarseWarning(this.name, resolutionMs, hints.func));
        else if (resolutionMs > 0 && hints.func !== undefined && !isNearlyExact(hints.func))
          scope.warn?.(inexactWarning(this.name, resolutionMs, hints.func));
      return result;
    }
  }
}

function coarseWarning(name: string, resolutionMs: number, func: string | undefined): string {
  const minutes = `${name}: for a part of the time only samples of ${resolutionMs / 60_000} minutes are left`;
  if (isNearlyExact(func)) return `${minutes}: the edges of windows are inexact`;
  return `${minutes}: ${func === undefined ? 'values are means' : `${func}() is inexact`}`;
}

function inexactWarning(name: string, resolutionMs: number, func: string): string {
  return `${name}: ${func}() is inexact on samples of ${resolutionMs / 60_000} minutes, which max_source_resolution asks for`;
}

/** Hides of blocks also what preferred ones of another resolution serve. */
function withCovered(
  hiding: Hiding,
  served: ReadonlyMap<KnownBlock['meta'], readonly TimeRange[]>,
): NonNullable<Hiding> {
  return (merged) => {
    const inner = hiding?.(merged);
    return (part) => {
      const covered = served.get(part.block.meta);
      const hidden = inner?.(part);
      if (covered === undefined || covered.length === 0) return hidden;
      return (id) => (hidden === undefined ? covered : uniteRanges([...covered, ...hidden(id)]));
    };
  };
}

/**
 * Takes from the budget what is known before a chunk is read: series, chunks, and the least memory that so many bytes of
 * chunks can decode to. What decoding really takes is taken as it comes, and the rest given back in the end.
 */
function reserve(selection: Selection, budget: QueryBudget | undefined) {
  const { count, chunkCount, sizeBytes } = selection;
  const leastSamples = Math.floor(sizeBytes / limits.longestSampleBytes);
  const reservedBytes = count * limits.seriesMemoryBytes + leastSamples * limits.sampleMemoryBytes;
  budget?.take({ series: count, chunks: chunkCount, bytes: reservedBytes });
  let actualBytes = 0;
  let samples = 0;
  return {
    hold(columns: SampleColumns): void {
      samples += columns.timestamps.length;
      const before = Math.max(reservedBytes, actualBytes);
      actualBytes += memoryOf(columns);
      const bytes = Math.max(reservedBytes, actualBytes) - before;
      budget?.take({ samples: columns.timestamps.length, bytes });
    },
    /** What was read is thrown away. */
    discard(): void {
      const bytes = Math.max(reservedBytes, actualBytes);
      budget?.correct({ series: count, chunks: chunkCount, samples, bytes }, {});
    },
    settle(): void {
      if (actualBytes < reservedBytes) budget?.correct({ bytes: reservedBytes }, { bytes: actualBytes });
    },
  };
}
