import { CorruptDataError } from '../../../base/errors.ts';
import type { BlockWriter } from '../../block/block-writer.ts';
import { chunkLocation } from '../../format/chunk.ts';
import { crc32c } from '../../format/crc32c.ts';
import type { BlockInput } from './block-input.ts';
import { IntactEntries } from './intact-entries.ts';
import { sampleCounts } from './sample-counts.ts';
import type { SeriesChunks } from './series-chunks.ts';

const maxPrefixBytes = 6;

/** Where a whole entry lies in the window of its segment. */
export interface EntryView {
  bytes: Uint8Array;
  start: number;
  end: number;
  /** Where its data begin, after length and encoding. */
  data: number;
  encoding: number;
}

/** Brings the entry of a chunk into its window. `view` is filled where that needs no waiting, else a promise comes back. */
export function findEntry(input: BlockInput, reference: number, view: EntryView): undefined | Promise<void> {
  const { segment, offset } = chunkLocation(reference);
  return tryEntry(input, segment, offset, view) ? undefined : loadEntry(input, segment, offset, view);
}

function tryEntry(
  input: BlockInput,
  segment: number,
  offset: number,
  view: EntryView,
  wanted?: { bytes: number },
) {
  const window = input.segmentWindow(segment);
  if (window === undefined || !window.has(offset, maxPrefixBytes)) return false;
  const { bytes, start } = window;
  let at = offset - start;
  let length = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[at++];
    if (byte === undefined || scale > 2 ** 28)
      throw new CorruptDataError(
        input.name(`chunk segment ${segment + 1}: chunk at ${offset} has no length`),
      );
    length += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
  }
  const end = at + 1 + length + 4;
  if (start + end > window.end)
    throw new CorruptDataError(
      input.name(`chunk segment ${segment + 1}: chunk at ${offset} is ${length} bytes long, beyond its file`),
    );
  if (end > bytes.length) {
    if (wanted !== undefined) wanted.bytes = start + end - offset;
    return false;
  }
  view.bytes = bytes;
  view.start = offset - start;
  view.end = end;
  view.data = at + 1;
  view.encoding = bytes[at]!;
  return true;
}

async function loadEntry(input: BlockInput, segment: number, offset: number, view: EntryView): Promise<void> {
  const wanted = { bytes: 0 };
  await input.loadChunk(segment, offset);
  if (tryEntry(input, segment, offset, view, wanted)) return;
  await input.loadChunk(segment, offset, wanted.bytes);
  if (!tryEntry(input, segment, offset, view))
    throw new CorruptDataError(input.name(`chunk segment ${segment + 1}: chunk at ${offset} cannot be read`));
}

function checkEntry(input: BlockInput, reference: number, { bytes, end, data }: EntryView): void {
  const crc = crc32c(bytes, data - 1, end - 4);
  const at = end - 4;
  const stored = ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  if (crc === stored) return;
  const { segment, offset } = chunkLocation(reference);
  throw new CorruptDataError(
    input.name(
      `chunk segment ${segment + 1}: chunk at ${offset} has checksum 0x${crc.toString(16)}, stored is 0x${stored.toString(16)}`,
    ),
  );
}

/**
 * Copies chunks byte for byte into the block that is written, whole runs of neighbours at once; each one's checksum is
 * verified on the way. Returns false, with nothing written, where a chunk must be encoded anew.
 */
export class ChunkCopier {
  private readonly writer: BlockWriter;
  private readonly view: EntryView = { bytes: new Uint8Array(0), start: 0, end: 0, data: 0, encoding: 0 };
  private readonly refuses: (encoding: number) => boolean;
  private bytes: Uint8Array = new Uint8Array(0);
  private runStart = 0;
  private runEnd = 0;
  private firstOfRun = 0;
  private readonly intact = new IntactEntries();

  constructor(writer: BlockWriter, refuses: (encoding: number) => boolean) {
    this.writer = writer;
    this.refuses = refuses;
  }

  /** Copies the chunks from number `first` on; returns how many were copied before one that is refused. */
  async copy(inputs: readonly BlockInput[], chunks: SeriesChunks, order: Uint32Array): Promise<number> {
    const { view, writer } = this;
    this.bytes = view.bytes;
    this.runStart = this.runEnd = 0;
    this.firstOfRun = 0;
    let done = 0;
    for (; done < order.length; done++) {
      const number = order[done]!;
      const input = inputs[chunks.input[number]!]!;
      const reference = chunks.reference[number]!;
      const waiting = findEntry(input, reference, view);
      if (waiting !== undefined) {
        this.flush(chunks, order, done);
        await waiting;
      }
      // What the kernel finds wrong is found again, and told, by the slow way.
      if (!this.intact.has(chunks.input[number]!, view)) checkEntry(input, reference, view);
      if (this.refuses(view.encoding)) break;
      const { floats, histograms } = sampleCounts(view.encoding, view.bytes, view.data);
      writer.numFloatSamples += floats;
      writer.numHistogramSamples += histograms;
      if (view.bytes !== this.bytes || view.start !== this.runEnd) {
        this.flush(chunks, order, done);
        this.bytes = view.bytes;
        this.runStart = view.start;
      }
      this.runEnd = view.end;
      if (view.end - view.start > writer.maxChunkBytes) writer.maxChunkBytes = view.end - view.start;
    }
    this.flush(chunks, order, done);
    return done;
  }

  /** Writes the chunks of the current run, which end before number `end` of the order. */
  private flush(chunks: SeriesChunks, order: Uint32Array, end: number): void {
    if (this.runEnd > this.runStart) {
      const base = this.writer.segments.begin(this.runEnd - this.runStart);
      this.writer.segments.write(this.bytes.subarray(this.runStart, this.runEnd));
      const source = chunks.reference[order[this.firstOfRun]!]!;
      for (let at = this.firstOfRun; at < end; at++) {
        const number = order[at]!;
        this.writer.chunks.add(
          chunks.minTime[number]!,
          chunks.maxTime[number]!,
          base + chunks.reference[number]! - source,
        );
      }
    }
    this.runStart = this.runEnd = 0;
    this.firstOfRun = end;
  }
}
