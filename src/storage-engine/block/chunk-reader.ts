import { CorruptDataError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { maxEntryPrefixBytes, readChunkEntry } from '../format/chunk.ts';
import { namedFault } from './block.ts';
import { eachAtOnce } from './each-at-once.ts';
import { ascending } from './index/ascending.ts';
import { coalesce, joinRemote } from './range-source.ts';
import type { SelectionPart } from './selection.ts';

/** A chunk's bytes, a view of the read that brought it. */
export interface RawChunk {
  readonly encoding: number;
  readonly data: Uint8Array;
}

/** The chunks of the given rows of a part, in the same order, in coalesced reads; faults carry the block's name. */
export async function readChunks(
  part: SelectionPart,
  rows: Uint32Array,
  signal?: AbortSignal,
): Promise<RawChunk[]> {
  const { segment, offset } = part.chunks;
  const found = new Array<RawChunk>(rows.length);
  const order = ascending(rows.length);
  if (
    rows.some(
      (row, i) =>
        i > 0 &&
        segment[row]! * 2 ** 32 + offset[row]! < segment[rows[i - 1]!]! * 2 ** 32 + offset[rows[i - 1]!]!,
    )
  )
    order.sort((a, b) => segment[rows[a]!]! - segment[rows[b]!]! || offset[rows[a]!]! - offset[rows[b]!]!);
  try {
    for (let at = 0; at < order.length; ) {
      const number = segment[rows[order[at]!]!]!;
      let end = at;
      while (end < order.length && segment[rows[order[end]!]!] === number) end++;
      await readSegment(part, number, rows, order.subarray(at, end), found, signal);
      at = end;
    }
  } catch (error) {
    throw namedFault(part.ulid, error);
  }
  return found;
}

async function readSegment(
  { chunks, files }: SelectionPart,
  segment: number,
  rows: Uint32Array,
  order: Uint32Array,
  found: RawChunk[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const starts = Float64Array.from(order, (i) => chunks.offset[rows[i]!]!);
  const ends = Float64Array.from(order, (i) => chunks.endOffset[rows[i]!]!);
  const what = `chunk segment ${segment + 1}`;
  const near = coalesce(starts, ends);
  const reads = files.path(segment) === undefined ? joinRemote(near) : near;
  await eachAtOnce(reads.length, limits.rangeReadConcurrency, async (number) => {
    const read = reads[number]!;
    const bytes = await files.read(segment, read.offset, read.end - read.offset, signal);
    for (let i = read.first; i < read.last; i++) {
      const at = starts[i]! - read.offset;
      const length = entryLength(bytes, at, what);
      const whole = at + length <= bytes.length;
      // An entry longer than its place in the index tells is read again.
      found[order[i]!] = whole
        ? readChunkEntry(bytes, at, what)
        : readChunkEntry(await longEntry(files, segment, starts[i]!, length, what, signal), 0, what);
    }
  });
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
  files: SelectionPart['files'],
  segment: number,
  start: number,
  lengthBytes: number,
  what: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  if (lengthBytes > limits.chunkEntryMaxBytes)
    throw new CorruptDataError(`${what}: chunk at ${start} would be ${lengthBytes} bytes long`);
  const bytes = await files.read(segment, start, lengthBytes, signal);
  if (bytes.length < lengthBytes)
    throw new CorruptDataError(`${what}: chunk at ${start} is ${lengthBytes} bytes long, beyond its file`);
  return bytes;
}
