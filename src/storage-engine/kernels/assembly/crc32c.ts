/** CRC-32C, reflected polynomial 0x82f63b78, eight bytes a step (slicing-by-8, Kounavis and Berry 2005). */
const tables: usize = memory.data(8 * 256 * 4, 16);
let isReady = false;

function prepare(): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    store<u32>(tables + (byte << 2), crc);
  }
  for (let slice: u32 = 1; slice < 8; slice++) {
    for (let byte: u32 = 0; byte < 256; byte++) {
      const previous = load<u32>(tables + (((slice - 1) * 256 + byte) << 2));
      store<u32>(
        tables + ((slice * 256 + byte) << 2),
        (previous >>> 8) ^ load<u32>(tables + ((previous & 0xff) << 2)),
      );
    }
  }
  isReady = true;
}

@inline function entry(slice: u32, byte: u32): u32 {
  return load<u32>(tables + (slice << 10) + ((byte & 0xff) << 2));
}

/** Checksum of `length` bytes. */
export function crc32c(bytes: usize, length: u32): u32 {
  if (!isReady) prepare();
  let crc: u32 = ~0;
  let at = bytes;
  const end = bytes + length;
  for (; at + 8 <= end; at += 8) {
    const low = load<u32>(at) ^ crc;
    const high = load<u32>(at, 4);
    crc =
      entry(7, low) ^ entry(6, low >>> 8) ^ entry(5, low >>> 16) ^ entry(4, low >>> 24) ^
      entry(3, high) ^ entry(2, high >>> 8) ^ entry(1, high >>> 16) ^ entry(0, high >>> 24);
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ entry(0, crc ^ load<u8>(at));
  return ~crc;
}
