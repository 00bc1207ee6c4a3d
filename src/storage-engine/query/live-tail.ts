import { CodedError } from '../../base/errors.ts';
import { ascending } from '../block/index/ascending.ts';
import type { IndexColumns } from '../block/index/index-columns.ts';
import type { SymbolDictionary } from '../block/index/symbol-dictionary.ts';
import type { BlockAnswer } from '../block/merge/merged-series.ts';
import type { ChunkFiles } from '../block/selection.ts';
import { chunkEncoding } from '../format/chunk.ts';
import { decodeXorChunk, encodeXorChunk } from '../format/chunk-xor.ts';
import { type ChunkedSeriesVisitor, visitChunkedSeries } from '../format/chunked-series.ts';

/** What a live server streamed of a selector, as if it were a block: series for the same merging, chunks for the same kernels. */
export interface LiveTail {
  /** The series, their texts put into a dictionary. */
  answer(symbols: SymbolDictionary): BlockAnswer;
  readonly series: number;
  readonly chunks: number;
  readonly sizeBytes: number;
}

/** Shared memory that is added at once. */
const segmentBytes = 4 * 1024 * 1024;

/** Numbers on shared memory that grow. */
class Column<T extends Float64Array | Uint32Array | Uint16Array> {
  length = 0;
  private array: T;
  private readonly make: { new (buffer: SharedArrayBuffer): T; readonly BYTES_PER_ELEMENT: number };

  constructor(make: { new (buffer: SharedArrayBuffer): T; readonly BYTES_PER_ELEMENT: number }) {
    this.make = make;
    this.array = new make(new SharedArrayBuffer(1024 * make.BYTES_PER_ELEMENT));
  }

  push(value: number): void {
    if (this.length === this.array.length) {
      const grown = new this.make(new SharedArrayBuffer(this.array.byteLength * 2));
      grown.set(this.array);
      this.array = grown;
    }
    this.array[this.length++] = value;
  }

  get values(): T {
    return this.array.subarray(0, this.length) as T;
  }
}

/** Builds a tail out of the messages of a stream. */
export class TailBuilder implements ChunkedSeriesVisitor {
  /** False once a chunk came that kernels do not take. */
  isPlain = true;
  sizeBytes = 0;
  private readonly fromMs: number;
  private message: Uint8Array = new Uint8Array(0);
  private texts = new Uint8Array(64 * 1024);
  private textsEnd = 0;
  private readonly textStart: number[] = [];
  private readonly textEnd: number[] = [];
  /** Labels of all series: numbers of texts, name and value in turn. */
  private readonly labels: number[] = [];
  private readonly labelStart: number[] = [0];
  private readonly chunkStart: number[] = [];
  private readonly minMs = new Column(Float64Array);
  private readonly maxMs = new Column(Float64Array);
  private readonly segmentOf = new Column(Uint16Array);
  private readonly offset = new Column(Uint32Array);
  private readonly endOffset = new Column(Uint32Array);
  private readonly segments: Uint8Array[] = [];
  private segmentEnd = 0;
  /** Where the message lies, segment and offset; undefined until one of its chunks is kept. */
  private messageAt: readonly [segment: number, offset: number] | undefined;
  private samples = 0;

  /** Samples before `fromMs` are left out. */
  constructor(fromMs: number) {
    this.fromMs = fromMs;
  }

  add(message: Uint8Array): void {
    this.message = message;
    this.messageAt = undefined;
    visitChunkedSeries(message, this);
  }

  label(nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    this.text(nameStart, nameEnd);
    this.text(valueStart, valueEnd);
  }

  labelsEnd(): void {
    const { labels, labelStart } = this;
    const series = labelStart.length - 1;
    const from = labelStart[series]!;
    const before = series === 0 ? from : labelStart[series - 1]!;
    // A series may go on in the next frame under the same labels.
    let isSame = series > 0 && labels.length - from === from - before;
    for (let i = 0; isSame && from + i < labels.length; i++) isSame = labels[from + i] === labels[before + i];
    if (isSame) {
      labels.length = from;
      return;
    }
    labelStart.push(labels.length);
    this.chunkStart.push(this.offset.length);
  }

  chunk(minTimeMs: number, maxTimeMs: number, encoding: number, dataStart: number, dataEnd: number): void {
    if (encoding !== chunkEncoding.xor || dataEnd - dataStart < 2) {
      this.isPlain = false;
      return;
    }
    if (maxTimeMs < this.fromMs) return;
    if (minTimeMs < this.fromMs) return this.cutChunk(maxTimeMs, this.message.subarray(dataStart, dataEnd));
    const { message } = this;
    this.samples += (message[dataStart]! << 8) | message[dataStart + 1]!;
    // The message as a whole: chunks are kept where they lie in it.
    this.messageAt ??= this.store(message);
    const [segment, offset] = this.messageAt;
    this.row(minTimeMs, maxTimeMs, segment, offset + dataStart, dataEnd - dataStart);
  }

  /** Keeps of a chunk what is not too old. */
  private cutChunk(maxTimeMs: number, whole: Uint8Array): void {
    const { timestamps, valueBits } = decodeXorChunk(whole);
    const at = timestamps.findIndex((time) => time >= this.fromMs);
    if (at < 0) return;
    const data = encodeXorChunk({ timestamps: timestamps.slice(at), valueBits: valueBits.slice(at) });
    this.samples += timestamps.length - at;
    this.row(timestamps[at]!, maxTimeMs, ...this.store(data), data.length);
  }

  private row(minMs: number, maxMs: number, segment: number, offset: number, lengthBytes: number): void {
    this.minMs.push(minMs);
    this.maxMs.push(maxMs);
    this.segmentOf.push(segment);
    this.offset.push(offset);
    this.endOffset.push(offset + lengthBytes);
  }

  /** `name` stands for a block's; [minTimeMs, maxTimeMs) is the time for which the server was asked. */
  finish(
    name: string,
    time: { readonly minTimeMs: number; readonly maxTimeMs: number },
    external: readonly (readonly [string, string])[],
  ): LiveTail {
    const series = this.chunkStart.length;
    const { segments } = this;
    const files: ChunkFiles = {
      path: () => undefined,
      memory: segments,
      read: async () => {
        throw new CodedError('ObjectNotFound', `${name}: what was streamed is read in memory alone`);
      },
    };
    const chunks = {
      baseMs: 0,
      minMs: this.minMs.values,
      maxMs: this.maxMs.values,
      segment: this.segmentOf.values,
      offset: this.offset.values,
      endOffset: this.endOffset.values,
    };
    const meta = {
      ulid: name,
      minTime: time.minTimeMs,
      maxTime: time.maxTimeMs,
      version: 1,
      stats: { numSeries: series, numChunks: this.offset.length, numSamples: this.samples },
      compaction: { level: 1, sources: [] },
    } as const;
    return {
      series,
      chunks: this.offset.length,
      sizeBytes: this.sizeBytes,
      answer: (symbols) => {
        const ids = symbols.intern({
          bytes: this.texts.subarray(0, this.textsEnd),
          starts: Uint32Array.from(this.textStart),
          ends: Uint32Array.from(this.textEnd),
        });
        const labels = new Uint32Array(this.labels.length);
        for (let i = 0; i < labels.length; i++) labels[i] = ids[this.labels[i]!]!;
        const columns: IndexColumns = {
          symbols,
          count: series,
          references: new Uint32Array(series),
          labelStart: Uint32Array.from(this.labelStart),
          labels,
          sorted: false,
          ordered: false,
          chunkStart: Uint32Array.from([...this.chunkStart, this.offset.length]),
          chunks,
        };
        return {
          block: { meta, files, hasTombstones: false, deletedOf: () => undefined },
          selected: { columns, series: ascending(series), owned: true },
          external,
        };
      },
    };
  }

  /** Notes a text of the current series; one that the series before has at its place is not kept again. */
  private text(start: number, end: number): void {
    const { labels, labelStart, message, texts } = this;
    const series = labelStart.length - 1;
    const place = labels.length - labelStart[series]!;
    const before = series === 0 ? -1 : labelStart[series - 1]! + place;
    if (before >= 0 && before < labelStart[series]!) {
      const text = labels[before]!;
      let [i, at] = [start, this.textStart[text]!];
      if (this.textEnd[text]! - at === end - start) {
        while (i < end && texts[at] === message[i]) {
          i++;
          at++;
        }
        if (i === end) {
          labels.push(text);
          return;
        }
      }
    }
    if (this.textsEnd + end - start > texts.length) {
      const grown = new Uint8Array(Math.max(texts.length * 2, this.textsEnd + end - start));
      grown.set(texts);
      this.texts = grown;
    }
    this.texts.set(message.subarray(start, end), this.textsEnd);
    labels.push(this.textStart.length);
    this.textStart.push(this.textsEnd);
    this.textsEnd += end - start;
    this.textEnd.push(this.textsEnd);
    this.sizeBytes += end - start + 16;
  }

  /** Copies bytes to shared memory: in which segment, and where in it. */
  private store(bytes: Uint8Array): readonly [segment: number, offset: number] {
    let segment = this.segments.at(-1);
    if (segment === undefined || this.segmentEnd + bytes.length > segment.length) {
      segment = new Uint8Array(new SharedArrayBuffer(Math.max(segmentBytes, bytes.length)));
      this.segments.push(segment);
      this.segmentEnd = 0;
      this.sizeBytes += segment.length;
    }
    const at = this.segmentEnd;
    segment.set(bytes, at);
    this.segmentEnd += bytes.length;
    return [this.segments.length - 1, at];
  }
}
