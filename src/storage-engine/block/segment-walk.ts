import { CorruptDataError } from '../../base/errors.ts';
import {
  checkSegmentHeader,
  chunkLocation,
  maxEntryPrefixBytes,
  readChunkEntry,
  segmentHeaderBytes,
} from '../format/chunk.ts';
import type { RangeSource } from './range-source.ts';
import { SequentialReader } from './sequential-reader.ts';

export interface WalkedChunk {
  readonly encoding: number;
  /** A view, valid until the next chunk is read. */
  readonly data: Uint8Array;
  readonly sizeBytes: number;
}

/** The segments of a block, read from front to back as an index refers to them. */
export class SegmentWalk {
  private readonly open: (segment: number) => Promise<RangeSource>;
  private segment = -1;
  private reader: SequentialReader | undefined;
  private back: { segment: number; reader: SequentialReader } | undefined;
  private readonly broken = new Map<number, unknown>();

  constructor(open: (segment: number) => Promise<RangeSource>) {
    this.open = open;
  }

  /** The chunk that a reference names, its checksum verified. Ascending references read each byte once. */
  async chunk(reference: number): Promise<WalkedChunk> {
    const { segment, offset } = chunkLocation(reference);
    const reader = await this.readerOf(segment);
    const what = reader.what;
    if (offset < segmentHeaderBytes || offset >= reader.sizeBytes)
      throw new CorruptDataError(`${what}: no chunk at ${offset}, it has ${reader.sizeBytes} bytes`);
    const head = await reader.upTo(offset, maxEntryPrefixBytes);
    let length = 0;
    let prefix = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = head[prefix++];
      if (byte === undefined || prefix > 5)
        throw new CorruptDataError(`${what}: chunk at ${offset} has no length`);
      length += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    const sizeBytes = prefix + 1 + length + 4;
    const { encoding, data } = readChunkEntry(await reader.at(offset, sizeBytes), 0, what);
    return { encoding, data, sizeBytes };
  }

  private async readerOf(segment: number): Promise<SequentialReader> {
    if (segment === this.segment && this.reader !== undefined) return this.reader;
    if (segment === this.back?.segment) return this.back.reader;
    // A segment that cannot be opened is not tried again for each of its chunks.
    if (this.broken.has(segment)) throw this.broken.get(segment);
    const reader = await this.opened(segment).catch((error) => {
      this.broken.set(segment, error);
      throw error;
    });
    if (segment > this.segment) {
      this.segment = segment;
      this.reader = reader;
    } else {
      // Series that refer to an earlier segment do not take the walk back.
      this.back = { segment, reader };
    }
    return reader;
  }

  private async opened(segment: number): Promise<SequentialReader> {
    const what = `chunk segment ${segment + 1}`;
    const reader = new SequentialReader(await this.open(segment), what);
    checkSegmentHeader(await reader.at(0, segmentHeaderBytes), what);
    return reader;
  }
}
