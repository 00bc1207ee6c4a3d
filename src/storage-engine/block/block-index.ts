import { CorruptDataError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { allPostings, decodePostings } from '../format/index-postings.ts';
import { decodeSeries, type IndexSeries, seriesOffset } from '../format/index-series.ts';
import { SymbolTable } from '../format/index-symbols.ts';
import {
  type IndexToc,
  type IndexVersion,
  indexHeaderBytes,
  readIndexToc,
  readIndexVersion,
  tocBytes,
} from '../format/index-toc.ts';
import { unite } from './postings-sets.ts';
import { PostingsTable } from './postings-table.ts';
import { coalesce, type RangeSource } from './range-source.ts';

export interface SeriesEntry extends IndexSeries {
  readonly reference: number;
}

/**
 * A block's index over range reads: symbols and the postings offset table are held, posting lists and series are read
 * when asked for. Every section's checksum is verified when it is read.
 */
export class BlockIndex {
  readonly symbols: SymbolTable;
  readonly postingsTable: PostingsTable;
  private readonly source: RangeSource;
  private readonly version: IndexVersion;
  private readonly seriesEnd: number;

  private constructor(
    source: RangeSource,
    version: IndexVersion,
    toc: IndexToc,
    symbols: SymbolTable,
    table: PostingsTable,
  ) {
    this.source = source;
    this.version = version;
    this.symbols = symbols;
    this.postingsTable = table;
    this.seriesEnd = sectionEnd(toc, toc.series, source.sizeBytes);
  }

  static async open(source: RangeSource): Promise<BlockIndex> {
    if (source.sizeBytes < indexHeaderBytes + tocBytes)
      throw new CorruptDataError(`index: ${source.sizeBytes} bytes are no index`);
    const [head, tail] = await Promise.all([
      source.read(0, indexHeaderBytes),
      source.read(source.sizeBytes - tocBytes, tocBytes),
    ]);
    const version = readIndexVersion(head);
    const toc = readIndexToc(tail, source.sizeBytes);
    const section = (start: number) => readSection(source, toc, start);
    const [symbols, table] = await Promise.all([section(toc.symbols), section(toc.postingsOffsetTable)]);
    const postingsEnd = sectionEnd(toc, toc.postings, source.sizeBytes);
    return new BlockIndex(
      source,
      version,
      toc,
      new SymbolTable(symbols, version),
      new PostingsTable(table, postingsEnd),
    );
  }

  /** References of all series of the block, ascending. */
  allSeries(): Promise<Uint32Array> {
    return this.postings(allPostings.name, allPostings.value);
  }

  /** References of the series with a label pair, ascending; none where no series has it. */
  async postings(name: string, value: string): Promise<Uint32Array> {
    const range = this.postingsTable.find(name, value);
    return range === undefined
      ? new Uint32Array(0)
      : decodePostings(await this.source.read(range.offset, range.end - range.offset));
  }

  /** Union of the lists of all values of a label that `accept` takes, in coalesced reads. */
  async postingsWhere(name: string, accept: (value: string) => boolean): Promise<Uint32Array> {
    const ranges = this.postingsTable.select(name, accept).sort((a, b) => a.offset - b.offset);
    const starts = Float64Array.from(ranges, (range) => range.offset);
    const ends = Float64Array.from(ranges, (range) => range.end);
    const lists: Uint32Array[] = [];
    for (const read of coalesce(starts, ends)) {
      const bytes = await this.source.read(read.offset, read.end - read.offset);
      for (let i = read.first; i < read.last; i++)
        lists.push(decodePostings(bytes.subarray(starts[i]! - read.offset, ends[i]! - read.offset)));
    }
    return unite(lists);
  }

  /** The series of ascending references, in their order, batch by batch in coalesced reads. */
  async *series(references: Uint32Array): AsyncIterable<readonly SeriesEntry[]> {
    const starts = Float64Array.from(references, (reference) => seriesOffset(reference, this.version));
    // A series' length stands at its start only: reckon with a usual one, read again where it is longer.
    const ends = starts.map((start) => Math.min(start + limits.seriesEntryBytes, this.seriesEnd));
    for (const read of coalesce(starts, ends)) {
      const bytes = await this.source.read(read.offset, read.end - read.offset);
      const batch: SeriesEntry[] = [];
      for (let i = read.first; i < read.last; i++) {
        const at = starts[i]! - read.offset;
        const whole = at + entryBytes(bytes, at) <= bytes.length;
        const entry = whole
          ? decodeSeries(bytes, at)
          : await this.longSeries(starts[i]!, entryBytes(bytes, at));
        batch.push({ reference: references[i]!, ...entry });
      }
      yield batch;
    }
  }

  private async longSeries(start: number, lengthBytes: number): Promise<IndexSeries> {
    if (start + lengthBytes > this.seriesEnd)
      throw new CorruptDataError(
        `index: series at ${start} is ${lengthBytes} bytes long, beyond its section`,
      );
    return decodeSeries(await this.source.read(start, lengthBytes), 0);
  }
}

/** Length of the entry at `at` with its length field and checksum; Infinity where the field itself is cut off. */
function entryBytes(bytes: Uint8Array, at: number): number {
  let length = 0;
  for (let i = 0, scale = 1; i < 5; i++, scale *= 128) {
    const byte = bytes[at + i];
    if (byte === undefined) break;
    length += (byte & 0x7f) * scale;
    if (byte < 0x80) return i + 1 + length + 4;
  }
  throw new CorruptDataError(`index: series at ${at} has no length`);
}

async function readSection(source: RangeSource, toc: IndexToc, start: number): Promise<Uint8Array> {
  if (start === 0) throw new CorruptDataError('index: symbols or postings offset table are absent');
  const end = sectionEnd(toc, start, source.sizeBytes);
  if (end - start > limits.indexSectionBytes)
    throw new CorruptDataError(
      `index: a section of ${end - start} bytes is above the limit of ${limits.indexSectionBytes}`,
    );
  return source.read(start, end - start);
}

/** Where the section that starts at `start` ends at the latest: at the next one, or at the table of contents. */
function sectionEnd(toc: IndexToc, start: number, sizeBytes: number): number {
  return Math.min(sizeBytes - tocBytes, ...Object.values(toc).filter((other) => other > start));
}
