/**
 * Bits of one chunk: its bytes reversed into big-endian 64-bit words once, so that 64 bits at any position take two
 * loads and three shifts. Positions are in bits from the start of the chunk's data.
 */

/** Longest data of a chunk that the kernels take; a longer one is left to the generic path. */
export const maxChunkBytes: u32 = 32768;

/** Words behind the longest data: a sample may reach 144 bits beyond the end before that is noticed. */
const slackBytes: u32 = 64;
export const words: usize = memory.data(32768 + 64, 16);

/** Reads up to 15 bytes behind the data too: the host keeps room there. What lies there is never taken for a sample. */
@inline export function loadWords(data: usize, length: u32): void {
  for (let i: u32 = 0; i < length + slackBytes / 2; i += 16) {
    const bytes = v128.load(data + i);
    v128.store(
      words + i,
      i8x16.shuffle(bytes, bytes, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8),
    );
  }
}

/** 64 bits from a position. */
@inline export function peek(position: u32): u64 {
  const word = words + ((position >> 6) << 3);
  const shift = <u64>(position & 63);
  return (load<u64>(word) << shift) | ((load<u64>(word, 8) >> 1) >> (63 - shift));
}

/** Position behind the varint that was read last. */
export let varintEnd: u32 = 0;

/** Unsigned LEB128 of at most ten bytes; `varintEnd` becomes 0 where it is longer. */
export function uvarint(position: u32): u64 {
  let value: u64 = 0;
  for (let shift: u64 = 0; shift < 70; shift += 7) {
    const byte = peek(position) >> 56;
    position += 8;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      varintEnd = position;
      return value;
    }
  }
  varintEnd = 0;
  return 0;
}
