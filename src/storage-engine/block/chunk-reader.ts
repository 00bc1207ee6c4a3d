import { CorruptDataError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import {
  checkSegmentHeader,
  chunkLocation,
  maxEntryPrefixBytes,
  readChunkEntry,
  segmentHeaderBytes,
} from '../format/chunk.ts';
import { coalesce, type RangeSource } from './range-source.ts';

/** A chunk's bytes, a view of the read that brought it. */
export interface RawChunk {
  readonly encoding: number;
  readonly data: Uint8Array;
}

/** Segment files of one block; sources are opened when first needed. */
export class ChunkReader {
  private readonly open: (segment: number) => Promise<RangeSource>;
  private readonly segments = new Map<number, Promise<RangeSource>>();

  /** `open` gives the source of a segment by its number; the first file, 000001, is segment 0. */
  constructor(open: (segment: number) => Promise<RangeSource>) {
    this.open = open;
  }

  /**
   * The chunks of the given references, in the same order, in coalesced reads. An entry's length stands at its start: the
   * next wanted or a usual entry bounds the first read, a longer entry is read again.
   */
  async read(references: readonly number[]): Promise<RawChunk[]> {
    const chunks = new Array<RawChunk>(references.length);
    const order = references.map((_, i) => i).sort((a, b) => references[a]! - references[b]!);
    for (let at = 0; at < order.length; ) {
      const { segment } = chunkLocation(references[order[at]!]!);
      let end = at;
      while (end < order.length && chunkLocation(references[order[end]!]!).segment === segment) end++;
      await this.readSegment(segment, order.slice(at, end), references, chunks);
      at = end;
    }
    return chunks;
  }

  private async readSegment(
    segment: number,
    order: readonly number[],
    references: readonly number[],
    chunks: RawChunk[],
  ): Promise<void> {
    const source = await this.segment(segment);
    const starts = Float64Array.from(order, (i) => chunkLocation(references[i]!).offset);
    const ends = starts.map((start) => Math.min(start + limits.chunkEntryBytes, source.sizeBytes));
    const what = `chunk segment ${segment + 1}`;
    for (const read of coalesce(starts, ends)) {
      const bytes = await source.read(read.offset, read.end - read.offset);
      for (let i = read.first; i < read.last; i++) {
        const at = starts[i]! - read.offset;
        const length = entryLength(bytes, at, what);
        const whole = at + length <= bytes.length;
        chunks[order[i]!] = whole
          ? readChunkEntry(bytes, at, what)
          : readChunkEntry(await longEntry(source, starts[i]!, length, what), 0, what);
      }
    }
  }

  private segment(segment: number): Promise<RangeSource> {
    let source = this.segments.get(segment);
    if (source === undefined) {
      source = this.openChecked(segment);
      this.segments.set(segment, source);
      source.catch(() => this.segments.delete(segment));
    }
    return source;
  }

  private async openChecked(segment: number): Promise<RangeSource> {
    const source = await this.open(segment);
    checkSegmentHeader(await source.read(0, segmentHeaderBytes), `chunk segment ${segment + 1}`);
    return source;
  }
}

/** Bytes of the entry at `at`: length field, encoding, data and checksum. */
function entryLength(bytes: Uint8Array, at: number, what: string): number {
  let length = 0;
  for (let i = 0, scale = 1; i < maxEntryPrefixBytes - 1; i++, scale *= 128) {
    const byte = bytes[at + i];
    if (byte === undefined) break;
    length += (byte & 0x7f) * scale;
    if (byte < 0x80) return i + 1 + 1 + length + 4;
  }
  throw new CorruptDataError(`${what}: chunk at ${at} has no length`);
}

async function longEntry(
  source: RangeSource,
  start: number,
  lengthBytes: number,
  what: string,
): Promise<Uint8Array> {
  if (start + lengthBytes > source.sizeBytes)
    throw new CorruptDataError(`${what}: chunk at ${start} is ${lengthBytes} bytes long, beyond its file`);
  return source.read(start, lengthBytes);
}
