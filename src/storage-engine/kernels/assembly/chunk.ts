/**
 * Entries of a chunk segment: uvarint length of the data, encoding, data, CRC-32C of encoding and data (Prometheus
 * tsdb/docs/format/chunks.md). The host gives where each entry begins and ends.
 */
import { crc32c } from './crc32c';
import { corrupt, ok, otherEncoding } from './status';

const checksumBytes: u32 = 4;
const xorEncoding: u32 = 1;
export const xor2Encoding: u32 = 4;

/** Data of the entry that was looked at last, and their length in bytes. */
export let dataAt: usize = 0;
export let dataLength: u32 = 0;
export let encoding: u32 = 0;

/** Set in where an entry starts: it is a bare XOR chunk without a frame, whose bytes were checked otherwise. */
const bare: usize = 0x80000000;

/** Looks at the entry at `start`, which may not reach beyond `end`. */
@inline export function openEntry(start: usize, end: usize): i32 {
  if ((start & bare) != 0) {
    encoding = xorEncoding;
    dataAt = start ^ bare;
    dataLength = end - dataAt;
    return ok;
  }
  let length: u64 = 0;
  let at = start;
  for (let shift: u64 = 0; ; shift += 7) {
    if (at >= end || shift > 28) return corrupt;
    const byte = <u64>load<u8>(at++);
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  if (<u64>at + 1 + length + checksumBytes > <u64>end) return corrupt;
  encoding = load<u8>(at);
  dataAt = at + 1;
  dataLength = <u32>length;
  return encoding == xorEncoding ? ok : otherEncoding;
}

/** The same of a chunk of floats of either encoding. */
@inline export function openFloats(start: usize, end: usize): i32 {
  const status = openEntry(start, end);
  return status == otherEncoding && encoding == xor2Encoding ? ok : status;
}

/** Whether the checksum behind the entry that was looked at last is right. */
export function isIntact(): bool {
  const stored = bswap<u32>(load<u32>(dataAt + dataLength));
  return crc32c(dataAt - 1, dataLength + 1) == stored;
}

/** Samples that the entry looked at last says it holds. */
@inline export function sampleCount(): u32 {
  return dataLength < 2 ? 0 : (<u32>load<u8>(dataAt) << 8) | load<u8>(dataAt, 1);
}
