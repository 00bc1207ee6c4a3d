import { CodedError } from '../../base/errors.ts';
import { ByteWriter } from '../format/byte-writer.ts';
import { crc32c } from '../format/crc32c.ts';
import { compareBytes } from '../format/index-symbols.ts';
import { FileSink } from './file-sink.ts';
import { PostingsSorter } from './postings-sorter.ts';
import { SymbolSpool } from './symbol-spool.ts';

const indexHeader = Uint8Array.of(0xba, 0xaa, 0xd7, 0x00, 2);
const seriesAlignment = 16;
const postingsAlignment = 4;
const maxSectionBytes = 0xffff_ffff;

/** Chunks of a series as its index entry lists them, built as bytes in ascending order of time and reference. */
export class ChunkList {
  readonly out = new ByteWriter(4096);
  count = 0;
  private lastMaxTime = 0;
  private lastReference = 0;

  clear(): void {
    this.out.clear();
    this.count = 0;
  }

  add(minTime: number, maxTime: number, reference: number): void {
    const { out } = this;
    if (this.count++ === 0) {
      out.varint(minTime);
      out.uvarint(maxTime - minTime);
      out.uvarint(reference);
    } else {
      out.uvarint(minTime - this.lastMaxTime);
      out.uvarint(maxTime - minTime);
      out.varint(reference - this.lastReference);
    }
    this.lastMaxTime = maxTime;
    this.lastReference = reference;
  }

  /** Appends `count` entries as they are coded already: differences only, ending at the given chunk. */
  addCoded(
    bytes: Uint8Array,
    start: number,
    end: number,
    count: number,
    last: { maxTime: number; reference: number },
  ) {
    const at = this.out.reserve(end - start);
    this.out.bytes.set(bytes.subarray(start, end), at);
    this.count += count;
    this.lastMaxTime = last.maxTime;
    this.lastReference = last.reference;
  }
}

/**
 * Writes a block's index, version 2, in one pass: symbols in byte order, then series in the order of their labels, then
 * posting lists, which are sorted with bounded memory. Source of the format: Prometheus tsdb/docs/format/index.md.
 */
export class IndexWriter {
  private readonly sink: FileSink;
  private readonly symbols: SymbolSpool;
  private readonly postings: PostingsSorter;
  private readonly symbolsStart: number;
  private lastSymbol: Uint8Array | undefined;
  private seriesStart = 0;
  private lastLabels = new Uint32Array(0);
  private readonly entry = new ByteWriter(4096);
  seriesCount = 0;
  maxEntryBytes = 0;

  /** `folder` takes the parts that do not fit into `memoryBytes`. */
  constructor(path: string, folder: string, memoryBytes: number) {
    this.sink = new FileSink(path);
    this.symbols = new SymbolSpool(this.sink, memoryBytes / 4);
    this.postings = new PostingsSorter(folder, memoryBytes / 2);
    this.sink.raw(indexHeader);
    this.symbolsStart = this.sink.position;
    // Length and number of symbols are known at the end.
    this.sink.out.uint32(0);
    this.sink.out.uint32(0);
    this.addSymbol(new Uint8Array(0));
  }

  /** Adds a symbol above all before it; returns its number. The empty text is there from the start. */
  addSymbol(text: Uint8Array): number {
    if (this.lastSymbol !== undefined && compareBytes(this.lastSymbol, text) >= 0)
      throw new Error('BUG: symbols are not added in byte order');
    this.lastSymbol = text;
    this.symbols.add(this.sink.position);
    this.sink.out.uvarint(text.length);
    this.sink.raw(text);
    return this.symbols.length - 1;
  }

  finishSymbols(): void {
    const end = this.sink.position;
    checkSection(end - this.symbolsStart, 'symbol table');
    this.sink.patchUint32(this.symbolsStart, end - this.symbolsStart - 4);
    this.sink.patchUint32(this.symbolsStart + 4, this.symbols.length);
    this.sink.out.uint32(this.sink.checksum(this.symbolsStart + 4, end));
    this.sink.pad(seriesAlignment);
    this.seriesStart = this.sink.position;
    this.sink.flush();
  }

  /** Adds a series above all before it: numbers of name and value symbols in turn, and its chunks. */
  addSeries(labels: Uint32Array, chunks: ChunkList): void {
    if (this.seriesCount > 0 && compareLabels(this.lastLabels, labels) >= 0)
      throw new Error('BUG: series are not added in the order of their labels');
    this.lastLabels = labels.slice();
    const { sink, entry } = this;
    sink.pad(seriesAlignment);
    const reference = sink.position / seriesAlignment;
    if (reference > 0xffff_ffff)
      throw new CodedError('LimitExceeded', 'the index of a block would be larger than 64 GiB');
    entry.clear();
    entry.uvarint(labels.length / 2);
    this.postings.add(0, 0, reference);
    for (let i = 0; i < labels.length; i += 2) {
      entry.uvarint(labels[i]!);
      entry.uvarint(labels[i + 1]!);
      this.postings.add(labels[i]!, labels[i + 1]!, reference);
    }
    entry.uvarint(chunks.count);
    const list = chunks.out.written();
    const length = entry.length + list.length;
    this.maxEntryBytes = Math.max(this.maxEntryBytes, length);
    sink.out.uvarint(length);
    sink.raw(entry.written());
    sink.raw(list);
    sink.out.uint32(crc32c(list, 0, list.length, crc32c(entry.bytes, 0, entry.length)));
    sink.flushIfFull();
    this.seriesCount++;
  }

  /** Writes posting lists, their table and the table of contents. Returns the size of the index. */
  finish(): number {
    const { sink } = this;
    const seriesEnd = sink.position;
    sink.pad(postingsAlignment);
    const postingsStart = sink.position;
    const table = new FileSink(`${sink.path}.table`);
    const list = { name: -1, value: -1, start: -1, count: 0 };
    let rows = 0;
    this.postings.forEach((name, value, series) => {
      if (name !== list.name || value !== list.value) {
        this.endList(list);
        sink.pad(postingsAlignment);
        Object.assign(list, { name, value, start: sink.position, count: 0 });
        sink.out.uint32(0);
        sink.out.uint32(0);
        this.addRow(table, list);
        rows++;
      }
      sink.out.uint32(series);
      sink.flushIfFull();
      list.count++;
    });
    this.endList(list);
    this.postings.close();
    const tableStart = this.writeTable(table, rows);
    table.discard();
    const toc = new ByteWriter(64);
    // Label indices are no longer written; their places are those that Prometheus gives to the empty sections.
    for (const at of [this.symbolsStart, this.seriesStart, seriesEnd, tableStart, postingsStart, tableStart])
      toc.uint64(at);
    toc.uint32(crc32c(toc.bytes, 0, toc.length));
    sink.raw(toc.written());
    const sizeBytes = sink.position;
    sink.close();
    return sizeBytes;
  }

  /** A list's length and count are known at its end; both stand before it and the count is in the checksum. */
  private endList({ start, count }: { start: number; count: number }): void {
    if (start < 0) return;
    const { sink } = this;
    checkSection(4 + count * 4, 'posting list');
    sink.patchUint32(start, 4 + count * 4);
    sink.patchUint32(start + 4, count);
    sink.out.uint32(sink.checksum(start + 4, sink.position));
    sink.flushIfFull();
  }

  private addRow(
    table: FileSink,
    { name, value, start }: { name: number; value: number; start: number },
  ): void {
    table.out.uint8(2);
    for (const symbol of [name, value]) {
      const text = this.symbols.bytesOf(symbol);
      table.out.uvarint(text.length);
      table.raw(text);
    }
    table.out.uvarint(start);
    table.flushIfFull();
  }

  private writeTable(table: FileSink, rows: number): number {
    const { sink } = this;
    const start = sink.position;
    checkSection(table.position + 4, 'postings offset table');
    sink.out.uint32(table.position + 4);
    sink.out.uint32(rows);
    sink.append(table);
    sink.out.uint32(sink.checksum(start + 4, sink.position));
    return start;
  }

  /** Gives up: closes and removes what was begun. */
  abandon(): void {
    this.sink.discard();
    this.postings.close();
  }
}

function checkSection(bytes: number, what: string): void {
  if (bytes > maxSectionBytes)
    throw new CodedError('LimitExceeded', `the ${what} of an index would be larger than 4 GiB`);
}

function compareLabels(a: Uint32Array, b: Uint32Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
