import { CorruptDataError } from '../../../base/errors.ts';
import { limits } from '../../../base/limits.ts';
import { blockFiles } from '../../block/block-files.ts';
import type { Bucket } from '../../bucket/bucket.ts';
import { getObject } from '../../bucket/bucket.ts';
import type { BlockMeta } from '../../format/block-meta.ts';
import { checkSegmentHeader, segmentHeaderBytes } from '../../format/chunk.ts';
import { crc32c } from '../../format/crc32c.ts';
import {
  type IndexToc,
  type IndexVersion,
  indexHeaderBytes,
  readIndexToc,
  readIndexVersion,
  tocBytes,
} from '../../format/index-toc.ts';
import { decodeTombstones, type Tombstone } from '../../format/tombstones.ts';
import { type InputSource, openInput } from './input-source.ts';
import type { InputRemoval } from './removal.ts';
import { SymbolInput } from './symbol-input.ts';
import type { SymbolNumbers } from './symbol-map.ts';
import { WindowReader } from './window-reader.ts';

const usualEntryBytes = 4096;
const usualChunkBytes = 4096;

/** A block of a bucket, read from its start to its end: symbols, then series in the order of their labels. */
export class BlockInput {
  readonly meta: BlockMeta;
  readonly symbols: SymbolInput;
  /** Labels of the current series as numbers of the output's symbols, name and value in turn. */
  labels = new Uint32Array(0);
  reference = 0;
  /** The chunk list of the current series: its entry's bytes, and where the first chunk stands in them. */
  entry: Uint8Array = new Uint8Array(0);
  listStart = 0;
  listEnd = 0;
  chunkCount = 0;
  map!: SymbolNumbers;
  /** Number of the current series in the order of the index, those that are gone counted. */
  seriesNumber = -1;
  /** What is left out of it; series of which nothing is left are passed over. */
  removal: InputRemoval | undefined;
  private readonly bucket: Bucket;
  private readonly index: InputSource;
  private readonly toc: IndexToc;
  private readonly version: IndexVersion;
  private readonly series: WindowReader;
  private readonly symbolStarts: number[] = [];
  private readonly tombstones: ReadonlyMap<number, readonly Tombstone[]>;
  private readonly windowBytes: number;
  private readonly signal: AbortSignal | undefined;
  private segment: { number: number; source: InputSource; reader: WindowReader } | undefined;
  private position: number;
  private wanted = usualEntryBytes;
  private previous = new Uint32Array(0);

  private constructor(
    bucket: Bucket,
    meta: BlockMeta,
    index: InputSource,
    head: { toc: IndexToc; version: IndexVersion },
    tombstones: readonly Tombstone[],
    windowBytes: number,
    signal: AbortSignal | undefined,
  ) {
    this.bucket = bucket;
    this.index = index;
    this.meta = meta;
    this.toc = head.toc;
    this.version = head.version;
    this.windowBytes = windowBytes;
    this.signal = signal;
    this.tombstones = Map.groupBy(tombstones, ({ series }) => series);
    const end = (start: number) =>
      Math.min(index.sizeBytes - tocBytes, ...Object.values(this.toc).filter((other) => other > start));
    this.symbols = new SymbolInput(
      new WindowReader(
        index,
        this.toc.symbols,
        end(this.toc.symbols),
        windowBytes,
        this.name('index symbols'),
      ),
    );
    this.series = new WindowReader(
      index,
      this.toc.series,
      end(this.toc.series),
      windowBytes,
      this.name('index series'),
    );
    this.position = this.toc.series;
  }

  /** `windowBytes` is the size of each read: three of them are held, and one more in flight for each. */
  static async open(
    bucket: Bucket,
    meta: BlockMeta,
    windowBytes: number,
    signal?: AbortSignal,
  ): Promise<BlockInput> {
    const { ulid } = meta;
    const index = await openInput(bucket, blockFiles.index(ulid), signal);
    try {
      if (index.sizeBytes < indexHeaderBytes + tocBytes)
        throw new CorruptDataError(`block ${ulid}: an index of ${index.sizeBytes} bytes`);
      const version = readIndexVersion(await index.read(0, indexHeaderBytes));
      const toc = readIndexToc(await index.read(index.sizeBytes - tocBytes, tocBytes), index.sizeBytes);
      const key = blockFiles.tombstones(ulid);
      const tombstones =
        (await bucket.head(key, signal)) === undefined
          ? []
          : decodeTombstones(await getObject(bucket, key, limits.tombstonesBytes, signal));
      const input = new BlockInput(bucket, meta, index, { toc, version }, tombstones, windowBytes, signal);
      await input.symbols.open();
      return input;
    } catch (error) {
      await index.close();
      throw error;
    }
  }

  name(what: string): string {
    return `block ${this.meta.ulid}: ${what}`;
  }

  /** Version 1 refers to symbols by offset: remembers where each was. */
  noteSymbol(): void {
    if (this.version === 1) this.symbolStarts.push(this.symbols.offset);
  }

  /** Whether a series that is left has the current symbol; asked before it is noted in the map. */
  usesSymbol(): boolean {
    return this.removal?.uses(this.symbols.number) ?? true;
  }

  tombstonesOfSeries(): readonly Tombstone[] {
    return this.tombstones.get(this.reference) ?? [];
  }

  /** Moves to the next series where it is in the window: true, false at the end, undefined where `load` is needed. */
  tryNext(): boolean | undefined {
    for (;;) {
      const more = this.tryEntry();
      if (more !== true || this.removal?.isGone(this.seriesNumber) !== true) return more;
    }
  }

  private tryEntry(): boolean | undefined {
    for (;;) {
      if (this.version !== 1) this.position = Math.ceil(this.position / 16) * 16;
      if (this.position >= this.series.end) return false;
      if (!this.series.has(this.position, 10)) return undefined;
      if (this.series.bytes[this.position - this.series.start] !== 0) break;
      // Padding, as no entry is empty.
      this.position++;
    }
    const { bytes, start } = this.series;
    let at = this.position - start;
    let length = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]!;
      length += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      if (scale > 2 ** 35) throw this.corrupt('has no length');
    }
    const end = at + length + 4;
    if (start + end > this.series.end) throw this.corrupt(`is ${length} bytes long, beyond its section`);
    if (end > bytes.length) {
      this.wanted = start + end - this.position;
      return undefined;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset + at + length, 4);
    if (view.getUint32(0) !== crc32c(bytes, at, at + length)) throw this.corrupt('has a wrong checksum');
    this.entry = bytes;
    this.seriesNumber++;
    this.reference = this.version === 1 ? this.position : this.position / 16;
    if (this.removal?.isGone(this.seriesNumber) !== true) this.decodeLabels(at, at + length);
    this.position = start + end;
    this.wanted = usualEntryBytes;
    return true;
  }

  private decodeLabels(from: number, end: number): void {
    const reader = new VarintReader(this.entry, from, end);
    const count = reader.next() * 2;
    if (count > end - from) throw this.corrupt(`has ${count / 2} labels`);
    const labels = new Uint32Array(count);
    for (let i = 0; i < count; i++) labels[i] = this.map.get(this.symbolNumber(reader.next()));
    this.chunkCount = reader.next();
    if (this.chunkCount * 3 > end - reader.at) throw this.corrupt(`has ${this.chunkCount} chunks`);
    this.listStart = reader.at;
    this.listEnd = end;
    if (this.previous.length > 0 && compareLabels(this.previous, labels) >= 0)
      throw this.corrupt('is not in the order of labels');
    this.previous = labels;
    this.labels = labels;
  }

  private symbolNumber(reference: number): number {
    if (this.version !== 1) return reference;
    let low = 0;
    let high = this.symbolStarts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.symbolStarts[middle]! < reference) low = middle + 1;
      else high = middle;
    }
    if (this.symbolStarts[low] !== reference) throw this.corrupt(`refers to no symbol by ${reference}`);
    return low;
  }

  async load(): Promise<void> {
    await this.series.load(this.position, this.wanted);
  }

  /** Lets go of files; nothing is read afterwards. */
  async close(): Promise<void> {
    this.map?.close();
    await this.segment?.source.close();
    await this.index.close();
  }

  private corrupt(reason: string): CorruptDataError {
    return new CorruptDataError(this.name(`index: series at ${this.position} ${reason}`));
  }

  /** The window of a segment, or undefined where the segment must be opened by `loadChunk` first. */
  segmentWindow(segment: number): WindowReader | undefined {
    return this.segment?.number === segment ? this.segment.reader : undefined;
  }

  /** Brings at least `length` bytes from an offset of a segment into its window. */
  async loadChunk(segment: number, offset: number, length = usualChunkBytes): Promise<WindowReader> {
    if (this.segment?.number !== segment) {
      await this.segment?.source.close();
      this.segment = undefined;
      const source = await openInput(this.bucket, blockFiles.segment(this.meta.ulid, segment), this.signal);
      const what = this.name(`chunk segment ${segment + 1}`);
      checkSegmentHeader(await source.read(0, segmentHeaderBytes), what);
      this.segment = {
        number: segment,
        source,
        reader: new WindowReader(source, offset, source.sizeBytes, this.windowBytes, what),
      };
    }
    await this.segment.reader.load(offset, length);
    return this.segment.reader;
  }
}

/** Reads varints of a buffer whose bounds were checked as a whole. */
export class VarintReader {
  at: number;
  private readonly bytes: Uint8Array;
  private readonly end: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  next(): number {
    const { bytes } = this;
    let byte = bytes[this.at++]!;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let scale = 128; ; scale *= 128) {
      if (this.at >= this.end) throw new CorruptDataError('index: a series entry ends inside a number');
      byte = bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      if (scale > 2 ** 56) throw new CorruptDataError('index: a number of a series entry is too large');
    }
  }

  nextSigned(): number {
    const value = this.next();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}

/** Order of label sets as numbers of symbols in byte order. */
export function compareLabels(a: Uint32Array, b: Uint32Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
