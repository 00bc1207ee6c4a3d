import { CorruptDataError } from '../../base/errors.ts';
import { decodeSeries, type IndexSeries, seriesAlignmentBytes } from '../format/index-series.ts';
import {
  type IndexToc,
  type IndexVersion,
  indexHeaderBytes,
  readIndexToc,
  readIndexVersion,
  tocBytes,
} from '../format/index-toc.ts';
import type { RangeSource } from './range-source.ts';
import { SequentialReader } from './sequential-reader.ts';

/** Sections of an index, read from front to back with a small part of it in memory, every checksum verified. */
export class IndexWalk {
  readonly version: IndexVersion;
  readonly symbolCount: number;
  private readonly reader: SequentialReader;
  private readonly toc: IndexToc;

  private constructor(reader: SequentialReader, version: IndexVersion, toc: IndexToc, symbolCount: number) {
    this.reader = reader;
    this.version = version;
    this.toc = toc;
    this.symbolCount = symbolCount;
  }

  static async open(source: RangeSource): Promise<IndexWalk> {
    const { sizeBytes } = source;
    if (sizeBytes < indexHeaderBytes + tocBytes)
      throw new CorruptDataError(`index: ${sizeBytes} bytes are no index`);
    const toc = readIndexToc(await source.read(sizeBytes - tocBytes, tocBytes), sizeBytes);
    const reader = new SequentialReader(source, 'index');
    const version = readIndexVersion(await reader.at(0, indexHeaderBytes));
    for (const section of ['symbols', 'series', 'postings', 'postingsOffsetTable'] as const)
      if (toc[section] === 0) throw new CorruptDataError(`index: section ${section} is absent`);
    const end = await reader.checkFramed(toc.symbols, 'symbols');
    if (end > toc.series) throw new CorruptDataError('index: symbols reach into the series');
    const count = await source.read(toc.symbols + 4, 4);
    const symbolCount = new DataView(count.buffer, count.byteOffset, 4).getUint32(0);
    return new IndexWalk(reader, version, toc, symbolCount);
  }

  /** Numbers of those of these symbols that occur; versions 2 and 3 refer to symbols by number. */
  async symbolNumbers(texts: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const wanted = new Set(texts);
    const found = new Map<string, number>();
    for await (const { number, text } of this.symbols(() => true))
      if (wanted.has(text)) found.set(text, number);
    return found;
  }

  /** Texts of some symbols by their numbers. */
  async symbolTexts(numbers: ReadonlySet<number>): Promise<ReadonlyMap<number, string>> {
    const found = new Map<number, string>();
    for await (const { number, text } of this.symbols((each) => numbers.has(each))) found.set(number, text);
    return found;
  }

  /** Symbols that are asked for by number, in their order. */
  private async *symbols(accept: (number: number) => boolean) {
    if (this.version === 1) throw new CorruptDataError('index: version 1 has no numbered symbols');
    const reader = this.reader.again();
    let at = this.toc.symbols + 8;
    for (let number = 0; number < this.symbolCount; number++) {
      const { length, prefix } = varint(await reader.upTo(at, 5), at);
      if (accept(number)) {
        const bytes = await reader.at(at + prefix, length);
        yield { number, text: Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('utf8') };
      }
      at += prefix + length;
    }
  }

  /** Every series in the order of the file, with its bytes in it. */
  async *series(): AsyncGenerator<IndexSeries & { readonly sizeBytes: number }> {
    const end = this.sectionEnd(this.toc.series);
    for (let at = this.toc.series; ; ) {
      if (this.version !== 1) at = Math.ceil(at / seriesAlignmentBytes) * seriesAlignmentBytes;
      if (at >= end) return;
      const head = await this.reader.upTo(at, 5);
      const { length, prefix } = varint(head, at);
      const sizeBytes = prefix + length + 4;
      // Padding in front of the next section reads as an entry of no length.
      if (length === 0) return;
      if (at + sizeBytes > end)
        throw new CorruptDataError(`index: series at ${at} is ${sizeBytes} bytes long, beyond its section`);
      yield { ...decodeSeries(await this.reader.at(at, sizeBytes), 0), sizeBytes };
      at += sizeBytes;
    }
  }

  /** Checks all posting lists and both offset tables; returns how many series the list of all series names. */
  async checkPostings(): Promise<number> {
    const { postings, postingsOffsetTable, labelOffsetTable } = this.toc;
    const end = this.sectionEnd(postings);
    let all: number | undefined;
    // Prometheus names the place before the padding of the first list.
    for (let at = Math.ceil(postings / 4) * 4; at < end; ) {
      // The list of all series is the first that is written.
      all ??= await this.reader.uint32(at + 4);
      at = Math.ceil((await this.reader.checkFramed(at, 'posting list')) / 4) * 4;
    }
    if (labelOffsetTable !== 0 && labelOffsetTable < postingsOffsetTable)
      await this.reader.checkFramed(labelOffsetTable, 'label offset table');
    await this.reader.checkFramed(postingsOffsetTable, 'postings offset table');
    return all ?? 0;
  }

  private sectionEnd(start: number): number {
    return Math.min(
      this.reader.sizeBytes - tocBytes,
      ...Object.values(this.toc).filter((other) => other > start),
    );
  }
}

function varint(bytes: Uint8Array, at: number): { length: number; prefix: number } {
  let length = 0;
  for (let i = 0, scale = 1; i < 5; i++, scale *= 128) {
    const byte = bytes[i];
    if (byte === undefined) break;
    length += (byte & 0x7f) * scale;
    if (byte < 0x80) return { length, prefix: i + 1 };
  }
  throw new CorruptDataError(`index: entry at ${at} has no length`);
}
