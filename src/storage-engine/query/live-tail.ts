import { CodedError } from '../../base/errors.ts';
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

/** Shared memory that is added at once, and the most that one entry has around its data. */
const segmentBytes = 4 * 1024 * 1024;
const framingBytes = 12;

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
  private readonly minMs: number[] = [];
  private readonly maxMs: number[] = [];
  private readonly segmentOf: number[] = [];
  private readonly offset: number[] = [];
  private readonly endOffset: number[] = [];
  private readonly segments: Uint8Array[] = [];
  private segmentEnd = 0;
  private samples = 0;

  /** Samples before `fromMs` are left out. */
  constructor(fromMs: number) {
    this.fromMs = fromMs;
  }

  add(message: Uint8Array): void {
    this.message = message;
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
    let data: Uint8Array = this.message.subarray(dataStart, dataEnd);
    let firstMs = minTimeMs;
    if (minTimeMs < this.fromMs) {
      const { timestamps, valueBits } = decodeXorChunk(data);
      const at = timestamps.findIndex((time) => time >= this.fromMs);
      if (at < 0) return;
      firstMs = timestamps[at]!;
      data = encodeXorChunk({ timestamps: timestamps.slice(at), valueBits: valueBits.slice(at) });
    }
    this.minMs.push(firstMs);
    this.maxMs.push(maxTimeMs);
    this.samples += (data[0]! << 8) | data[1]!;
    this.store(data);
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
      minMs: shared(Float64Array, this.minMs),
      maxMs: shared(Float64Array, this.maxMs),
      segment: shared(Uint16Array, this.segmentOf),
      offset: shared(Uint32Array, this.offset),
      endOffset: shared(Uint32Array, this.endOffset),
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
        const columns: IndexColumns = {
          symbols,
          count: series,
          references: new Uint32Array(series),
          labelStart: Uint32Array.from(this.labelStart),
          labels: Uint32Array.from(this.labels, (text) => ids[text]!),
          sorted: false,
          ordered: false,
          chunkStart: Uint32Array.from([...this.chunkStart, this.offset.length]),
          chunks,
        };
        return {
          block: { meta, files, hasTombstones: false, deletedOf: () => undefined },
          selected: { columns, series: Uint32Array.from({ length: series }, (_, i) => i), owned: true },
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

  /** Keeps a chunk as an entry of a segment file: length, encoding, data, and room for a checksum, which the frame had. */
  private store(data: Uint8Array): void {
    const room = data.length + framingBytes;
    let segment = this.segments.at(-1);
    if (segment === undefined || this.segmentEnd + room > segment.length) {
      segment = new Uint8Array(new SharedArrayBuffer(Math.max(segmentBytes, room)));
      this.segments.push(segment);
      this.segmentEnd = 0;
    }
    let at = this.segmentEnd;
    this.segmentOf.push(this.segments.length - 1);
    this.offset.push(at);
    let rest = data.length;
    for (; rest >= 0x80; rest >>>= 7) segment[at++] = (rest & 0x7f) | 0x80;
    segment[at++] = rest;
    segment[at++] = chunkEncoding.xor;
    segment.set(data, at);
    at += data.length + 4;
    this.endOffset.push(at);
    this.segmentEnd = at;
    this.sizeBytes += room + 32;
  }
}

function shared<T extends Float64Array | Uint32Array | Uint16Array>(
  make: { new (buffer: SharedArrayBuffer): T; readonly BYTES_PER_ELEMENT: number },
  values: readonly number[],
): T {
  const array = new make(new SharedArrayBuffer(values.length * make.BYTES_PER_ELEMENT));
  array.set(values);
  return array;
}
