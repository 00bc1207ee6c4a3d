import { encodeXorChunk, type FloatSamples } from '../../src/storage-engine/format/chunk-xor.ts';
import { crc32c } from '../../src/storage-engine/format/crc32c.ts';

/** The entry of a chunk segment that holds a chunk's data, an XOR chunk's usually. */
export function xorEntry(data: Uint8Array, encoding = 1): Uint8Array {
  const length: number[] = [];
  let rest = data.length;
  for (; rest >= 0x80; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  length.push(rest);
  const entry = new Uint8Array(length.length + 1 + data.length + 4);
  entry.set([...length, encoding]);
  entry.set(data, length.length + 1);
  const sum = crc32c(entry, length.length, entry.length - 4);
  new DataView(entry.buffer).setUint32(entry.length - 4, sum);
  return entry;
}

/** Entries one behind the other. */
export function joinEntries(entries: readonly Uint8Array[]) {
  const ends: number[] = [];
  for (const { length } of entries) ends.push((ends.at(-1) ?? 0) + length);
  return { bytes: Buffer.concat(entries), ends, starts: ends.map((end, i) => end - entries[i]!.length) };
}

/** Samples as entries of at most `samplesPerChunk` each, with the time of each. */
export function chunked(
  { timestamps, valueBits }: FloatSamples,
  samplesPerChunk: number,
  encode: (samples: FloatSamples) => Uint8Array = (samples) => xorEntry(encodeXorChunk(samples)),
) {
  const chunks: { entry: Uint8Array; minMs: number; maxMs: number }[] = [];
  for (let from = 0; from < timestamps.length; from += samplesPerChunk) {
    const part = {
      timestamps: timestamps.slice(from, from + samplesPerChunk),
      valueBits: valueBits.slice(from, from + samplesPerChunk),
    };
    chunks.push({
      entry: encode(part),
      minMs: part.timestamps[0]!,
      maxMs: part.timestamps.at(-1)!,
    });
  }
  return chunks;
}
