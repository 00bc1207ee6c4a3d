import { CorruptDataError } from '../../../base/errors.ts';
import { limits } from '../../../base/limits.ts';
import { ByteReader } from '../../format/byte-reader.ts';
import { allPostings, decodePostings } from '../../format/index-postings.ts';
import { seriesChecksumBytes, seriesEntry, seriesOffset, verifySeries } from '../../format/index-series.ts';
import { SymbolTable } from '../../format/index-symbols.ts';
import type { IndexVersion } from '../../format/index-toc.ts';
import { type CoalescedRead, coalesce, joinRemote } from '../range-source.ts';
import { ascending } from './ascending.ts';
import type { BlockIndex, SelectedSeries } from './block-index.ts';
import { ColumnsBuilder } from './index-columns.ts';
import type { IndexFile } from './index-file.ts';
import type { LoadOptions } from './load-index.ts';
import { intersect, subtract, unite } from './postings-sets.ts';
import { PostingsTable } from './postings-table.ts';
import type { SymbolMatcher } from './symbol-matcher.ts';

/**
 * An index too large to be held: symbols and the postings offset table are, posting lists and series are read when asked
 * for. Every section's checksum is verified when it is read.
 */
export class SectionIndex implements BlockIndex {
  private readonly file: IndexFile;
  private readonly version: IndexVersion;
  private readonly options: LoadOptions;
  private readonly symbols: SymbolTable;
  private readonly table: PostingsTable;
  private readonly seriesEnd: number;
  /** Ids of the dictionary of those symbols that some query has met. */
  private readonly ids = new Map<number, number>();

  private constructor(
    file: IndexFile,
    version: IndexVersion,
    options: LoadOptions,
    symbols: SymbolTable,
    table: PostingsTable,
  ) {
    this.file = file;
    this.version = version;
    this.options = options;
    this.symbols = symbols;
    this.table = table;
    this.seriesEnd = file.endOf(file.toc.series);
  }

  static async open(file: IndexFile, options: LoadOptions): Promise<SectionIndex> {
    const { toc } = file;
    const [{ version, section }, table] = await Promise.all([
      file.front(toc.symbols),
      file.section(toc.postingsOffsetTable),
    ]);
    // What was read before the symbols, of an index in another order, need not stay.
    const symbols = section(toc.symbols).slice();
    return new SectionIndex(
      file,
      version,
      options,
      new SymbolTable(symbols, version),
      new PostingsTable(table, file.endOf(toc.postings)),
    );
  }

  get sizeBytes(): number {
    const { bytes, starts, ends } = this.symbols;
    return bytes.length + starts.byteLength + ends.byteLength + this.table.sizeBytes + this.ids.size * 40;
  }

  labelNames(): readonly string[] {
    return this.table.labelNames();
  }

  labelValues(name: string): readonly string[] {
    return this.table.labelValues(name);
  }

  async select(matchers: readonly SymbolMatcher[], signal?: AbortSignal): Promise<SelectedSeries> {
    const references = await this.references(matchers, signal);
    const builder = new ColumnsBuilder({
      symbols: this.options.symbols,
      idOf: (reference) => this.ids.get(this.symbols.indexOf(reference))!,
      baseMs: this.options.baseMs,
      hint: { series: references.length, chunks: references.length * 8 },
    });
    await this.readSeries(references, builder, signal);
    const columns = builder.finish(this.options.segmentBytes, false);
    return { columns, series: ascending(columns.count), owned: true };
  }

  /**
   * References of the series that all matchers take, ascending. A matcher that takes the empty value is answered by
   * leaving out the series whose value it refuses.
   */
  private async references(
    matchers: readonly SymbolMatcher[],
    signal: AbortSignal | undefined,
  ): Promise<Uint32Array> {
    // Values that can be listed first: they read few lists and may end the work.
    const including = matchers
      .filter(({ takesEmpty }) => !takesEmpty)
      .sort((a, b) => Number(a.listed === undefined) - Number(b.listed === undefined));
    let selected: Uint32Array | undefined;
    for (const { matcher, listed, test } of including) {
      const found = await this.postings(matcher.name, listed ?? test, signal);
      selected = selected === undefined ? found : intersect(selected, found);
      if (selected.length === 0) return selected;
    }
    selected ??= await this.postings(allPostings.name, [allPostings.value], signal);
    for (const { matcher, takesEmpty, test } of matchers) {
      if (!takesEmpty || selected.length === 0) continue;
      selected = subtract(selected, await this.postings(matcher.name, (value) => !test(value), signal));
    }
    return selected;
  }

  /** Union of the lists of the given values of a label, or of those that a test takes, in coalesced reads. */
  private async postings(
    name: string,
    values: readonly string[] | ((value: string) => boolean),
    signal: AbortSignal | undefined,
  ): Promise<Uint32Array> {
    const ranges =
      typeof values === 'function'
        ? this.table.select(name, values)
        : values.map((value) => this.table.find(name, value)).filter((range) => range !== undefined);
    ranges.sort((a, b) => a.offset - b.offset);
    const starts = Float64Array.from(ranges, (range) => range.offset);
    const ends = Float64Array.from(ranges, (range) => range.end);
    const lists: Uint32Array[] = [];
    for (const read of this.reads(starts, ends)) {
      const bytes = await this.file.source.read(read.offset, read.end - read.offset, signal);
      for (let i = read.first; i < read.last; i++)
        lists.push(decodePostings(bytes.subarray(starts[i]! - read.offset, ends[i]! - read.offset)));
    }
    return unite(lists);
  }

  private reads(starts: Float64Array, ends: Float64Array): readonly CoalescedRead[] {
    const reads = coalesce(starts, ends);
    return this.options.remote ? joinRemote(reads) : reads;
  }

  /** Reads the series of ascending references into columns, in coalesced reads. */
  private async readSeries(
    references: Uint32Array,
    builder: ColumnsBuilder,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const starts = Float64Array.from(references, (reference) => seriesOffset(reference, this.version));
    // A series' length stands at its start only: reckon with a usual one, read again where it is longer.
    const ends = starts.map((start) => Math.min(start + limits.seriesEntryBytes, this.seriesEnd));
    for (const read of this.reads(starts, ends)) {
      const bytes = await this.file.source.read(read.offset, read.end - read.offset, signal);
      const entries: { bytes: Uint8Array; start: number; end: number; reference: number }[] = [];
      for (let i = read.first; i < read.last; i++) {
        const entry = await this.entry(bytes, read.offset, starts[i]!, signal);
        entries.push({ ...entry, reference: references[i]! });
      }
      this.internSymbols(entries);
      for (const entry of entries) builder.add(entry.bytes, entry.start, entry.end, entry.reference);
      await this.options.pause();
    }
  }

  /** The verified entry at byte `start` of the index, out of bytes that begin at `base`. */
  private async entry(bytes: Uint8Array, base: number, start: number, signal: AbortSignal | undefined) {
    let found = seriesEntry(bytes, start - base, base);
    let source = bytes;
    let sourceBase = base;
    if (!found.whole) {
      const lengthBytes = found.end + seriesChecksumBytes - (start - base);
      if (start + lengthBytes > this.seriesEnd)
        throw new CorruptDataError(
          `index: series at ${start} is ${lengthBytes} bytes long, beyond its section`,
        );
      source = await this.file.source.read(start, lengthBytes, signal);
      sourceBase = start;
      found = seriesEntry(source, 0, start);
      if (!found.whole) throw new CorruptDataError(`index: series at ${start} is cut off`);
    }
    verifySeries(source, found.start, found.end, sourceBase);
    return { bytes: source, start: found.start, end: found.end };
  }

  /** Puts the symbols of entries into the dictionary that were not met before. */
  private internSymbols(entries: readonly { bytes: Uint8Array; start: number; end: number }[]): void {
    const missing = new Set<number>();
    for (const { bytes, start, end } of entries) {
      for (const reference of labelReferences(bytes, start, end)) {
        const index = this.symbols.indexOf(reference);
        if (!this.ids.has(index)) missing.add(index);
      }
    }
    if (missing.size === 0) return;
    const order = [...missing].sort((a, b) => a - b);
    const ids = this.options.symbols.intern({
      bytes: this.symbols.bytes,
      starts: Uint32Array.from(order, (index) => this.symbols.starts[index]!),
      ends: Uint32Array.from(order, (index) => this.symbols.ends[index]!),
    });
    order.forEach((index, i) => {
      this.ids.set(index, ids[i]!);
    });
  }
}

/** Symbol references of an entry's labels. */
function* labelReferences(bytes: Uint8Array, start: number, end: number): Generator<number> {
  const reader = new ByteReader(bytes, 'index series', start, end);
  const pairs = reader.uvarint();
  if (pairs * 2 > reader.remaining())
    throw reader.corrupt(`${pairs} labels cannot lie in ${reader.remaining()} bytes`);
  for (let i = 0; i < pairs * 2; i++) yield reader.uvarint();
}
