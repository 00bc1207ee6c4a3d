import { CodedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Bucket } from '../bucket/bucket.ts';
import { type BlockMeta, externalLabels } from '../format/block-meta.ts';
import type { LabelMatcher } from '../promql/syntax/ast.ts';
import { resolveMatchers } from '../promql/syntax/matcher.ts';
import { Block, type FileSizes } from './block.ts';
import type { DiskCache } from './disk-cache.ts';
import { eachAtOnce } from './each-at-once.ts';
import { compactSelection } from './index/compact-selection.ts';
import { columnsBytes } from './index/index-columns.ts';
import { SymbolDictionary } from './index/symbol-dictionary.ts';
import { SymbolMatcher } from './index/symbol-matcher.ts';
import { type BlockAnswer, MergedSeries } from './merge/merged-series.ts';

/** A block as the catalog knows it. */
export interface KnownBlock {
  readonly meta: BlockMeta;
  readonly sizes: FileSizes;
}

export interface BlockStoreOptions {
  readonly bucket: Bucket;
  /** For indexes, symbols and selections together. */
  readonly budgetBytes?: number;
  /** Indexes above this size are read by section. */
  readonly wholeBytes?: number;
  /** For index parts of a remote bucket. */
  readonly cache?: DiskCache | undefined;
  readonly pause: () => Promise<void> | undefined;
}

/** Series that are merged with those of blocks, as if they were one more. */
export interface BesideBlocks {
  answer(symbols: SymbolDictionary): BlockAnswer;
}

/** Hears of a block that could not be read; without it the fault is thrown. */
export type OnFault = (meta: BlockMeta, error: unknown) => void;

/**
 * The loaded blocks of a bucket in one budget of memory: the least recently used go first and are loaded again when they
 * are needed. What a running query holds stays until the query ends.
 */
export class BlockStore {
  private readonly options: BlockStoreOptions;
  private readonly budgetBytes: number;
  private symbols = new SymbolDictionary();
  /** Least recently used first, as a Map keeps the order of insertion. */
  private readonly blocks = new Map<string, Promise<Block>>();
  private readonly loaded = new Map<string, Block>();
  private readonly selections = new Map<string, MergedSeries>();
  private readonly verified = new Set<string>();
  private evicted = 0;

  constructor(options: BlockStoreOptions) {
    this.options = options;
    this.budgetBytes = options.budgetBytes ?? limits.indexMemoryBytes;
  }

  /** Bytes of everything held. */
  get sizeBytes(): number {
    let bytes = this.symbols.sizeBytes;
    for (const block of this.loaded.values()) bytes += block.sizeBytes;
    for (const selection of this.selections.values()) bytes += selection.sizeBytes;
    return bytes;
  }

  /** The loaded block; concurrent calls share one loading, a failed one is tried again by the next call. */
  async open(known: KnownBlock): Promise<Block> {
    const block = await this.openWith(this.symbols, known);
    this.evict();
    return block;
  }

  /** The series that all matchers take, over blocks that are given oldest first, and of what stands `beside` them. */
  async select(
    blocks: readonly KnownBlock[],
    matchers: readonly LabelMatcher[],
    dropLabels: readonly string[],
    signal: AbortSignal,
    onFault: OnFault,
    beside: readonly BesideBlocks[] = [],
  ): Promise<MergedSeries> {
    if (beside.length > 0) {
      const { symbols } = this;
      const answers = await this.answers(symbols, blocks, matchers, signal, onFault);
      return new MergedSeries(
        symbols,
        [...answers, ...beside.map(({ answer }) => answer(symbols))],
        dropLabels,
      );
    }
    const key = JSON.stringify([
      blocks.map(({ meta }) => meta.ulid),
      matchers.map(({ name, op, value }) => [name, op, value]),
      dropLabels,
    ]);
    const cached = this.selections.get(key);
    if (cached !== undefined) {
      this.selections.delete(key);
      this.selections.set(key, cached);
      // It may have grown since it was kept.
      this.evict();
      return cached;
    }
    const { symbols } = this;
    let faults = 0;
    const answers = await this.answers(symbols, blocks, matchers, signal, (meta, error) => {
      faults++;
      onFault(meta, error);
    });
    const merged = new MergedSeries(symbols, answers, dropLabels);
    if (faults === 0 && symbols === this.symbols && merged.sizeBytes < this.budgetBytes / 8)
      this.selections.set(key, merged);
    this.evict();
    return merged;
  }

  /** Forgets blocks that are no longer there. */
  keep(ulids: ReadonlySet<string>): void {
    for (const ulid of this.blocks.keys()) if (!ulids.has(ulid)) this.drop(ulid);
    // A selection of blocks that are gone is not asked for again; it goes as others come.
  }

  private async answers(
    symbols: SymbolDictionary,
    blocks: readonly KnownBlock[],
    matchers: readonly LabelMatcher[],
    signal: AbortSignal,
    onFault: OnFault,
  ): Promise<BlockAnswer[]> {
    const compiled = new Map<LabelMatcher, SymbolMatcher>();
    const onSymbols = (matcher: LabelMatcher) => {
      let found = compiled.get(matcher);
      if (found === undefined) {
        found = new SymbolMatcher(matcher, symbols);
        compiled.set(matcher, found);
      }
      return found;
    };
    const answers = new Array<BlockAnswer | undefined>(blocks.length);
    let heldBytes = 0;
    let ownBytes = 0;
    const answer = async (i: number) => {
      const known = blocks[i]!;
      const external = Object.entries(externalLabels(known.meta));
      const left = resolveMatchers(matchers, new Map(external));
      if (left === undefined) return;
      const block = await this.openWith(symbols, known);
      let selected = await block.select(left.map(onSymbols), signal);
      if (selected.series.length === 0) return;
      heldBytes += block.sizeBytes;
      // A query over more blocks than the budget holds keeps only what it selected of each.
      if (heldBytes > this.budgetBytes / 2) selected = compactSelection(selected);
      if (selected.owned) ownBytes += columnsBytes(selected.columns);
      if (ownBytes > this.budgetBytes / 2)
        throw new CodedError(
          'LimitExceeded',
          `a selector meets more chunks than the index memory of ${this.budgetBytes} bytes can hold`,
        );
      answers[i] = { block, selected, external };
    };
    await eachAtOnce(blocks.length, limits.blockOpenConcurrency, async (i) => {
      signal.throwIfAborted();
      try {
        await answer(i);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof CodedError) || error.code === 'LimitExceeded') throw error;
        onFault(blocks[i]!.meta, error);
      }
    });
    return answers.filter((found) => found !== undefined);
  }

  private async openWith(symbols: SymbolDictionary, known: KnownBlock): Promise<Block> {
    const { ulid } = known.meta;
    const held = this.blocks.get(ulid);
    if (held !== undefined) {
      const block = await held;
      if (block.symbols === symbols) {
        if (this.blocks.get(ulid) === held) {
          this.blocks.delete(ulid);
          this.blocks.set(ulid, held);
        }
        return block;
      }
    }
    const loading = this.load(symbols, known);
    if (symbols !== this.symbols) return loading;
    this.blocks.set(ulid, loading);
    try {
      const block = await loading;
      if (this.blocks.get(ulid) === loading) this.loaded.set(ulid, block);
      this.verified.add(ulid);
      return block;
    } catch (error) {
      if (this.blocks.get(ulid) === loading) this.drop(ulid);
      throw error;
    }
  }

  private load(symbols: SymbolDictionary, { meta, sizes }: KnownBlock): Promise<Block> {
    const { bucket, cache, pause } = this.options;
    return Block.open({
      bucket,
      cache,
      meta,
      sizes,
      symbols,
      wholeBytes: Math.min(this.options.wholeBytes ?? limits.indexWholeBytes, this.budgetBytes / 4),
      verify: !this.verified.has(meta.ulid),
      pause,
    });
  }

  private evict(): void {
    let bytes = this.sizeBytes;
    for (const [key, selection] of this.selections) {
      if (bytes <= this.budgetBytes && this.selections.size <= limits.selectionCacheEntries) break;
      bytes -= selection.sizeBytes;
      this.selections.delete(key);
    }
    for (const ulid of [...(bytes <= this.budgetBytes ? [] : this.blocks.keys())]) {
      if (bytes <= this.budgetBytes) break;
      const block = this.loaded.get(ulid);
      if (block === undefined) continue;
      bytes -= block.sizeBytes;
      this.drop(ulid);
      this.evicted++;
    }
    const stale = this.symbols.sizeBytes > limits.staleSymbolsBytes && this.evicted > 2 * this.loaded.size;
    if (stale || this.symbols.sizeBytes > this.budgetBytes / 2) this.renewSymbols();
  }

  /** Symbols of blocks that are gone are never taken out one by one: all starts anew with an empty dictionary. */
  private renewSymbols(): void {
    this.symbols = new SymbolDictionary();
    this.blocks.clear();
    this.loaded.clear();
    this.selections.clear();
    this.evicted = 0;
  }

  private drop(ulid: string): void {
    this.blocks.delete(ulid);
    this.loaded.delete(ulid);
  }
}
