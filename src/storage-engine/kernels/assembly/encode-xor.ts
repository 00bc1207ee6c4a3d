/**
 * Columns into the data of XOR chunks, bit for bit what Prometheus's appender writes (tsdb/chunkenc/xor.go). Times are
 * milliseconds after a base. Bits are gathered in one 64-bit word, which is stored when it is full.
 */

/** Most bytes that `count` samples take, with room for a whole word behind them. */
@inline export function encodedBytes(count: u32): u32 {
  return 48 + count * 18;
}

/** Appends an unsigned LEB128; returns where it ends. */
@inline export function putUvarint(at: usize, value: u64): usize {
  while (value >= 0x80) {
    store<u8>(at++, <u8>(value | 0x80));
    value >>= 7;
  }
  store<u8>(at++, <u8>value);
  return at;
}

/** Encodes 1 to 65535 samples; returns where the data end. */
export function encodeXor(times: usize, values: usize, count: u32, base: i64, out: usize): usize {
  store<u16>(out, bswap<u16>(<u16>count));
  let time = <i64>load<i32>(times);
  const first = base + time;
  let at = putUvarint(out + 2, <u64>((first << 1) ^ (first >> 63)));
  let value = load<u64>(values);
  store<u64>(at, bswap<u64>(value));
  at += 8;
  if (count == 1) return at;
  let delta = <i64>load<i32>(times, 4) - time;
  at = putUvarint(at, <u64>delta);
  time += delta;

  let word: u64 = 0;
  let used: u64 = 0;
  let leading: u64 = 255;
  let trailing: u64 = 0;
  for (let i: u32 = 1; i < count; i++) {
    /** What goes before the significant bits, at most 37 bits. */
    let head: u64 = 0;
    let length: u64 = 0;
    if (i > 1) {
      const next = <i64>load<i32>(times + (i << 2));
      const change = next - time - delta;
      delta = next - time;
      time = next;
      if (change == 0) length = 1;
      else if (change >= -8191 && change <= 8192) {
        head = 0b10 << 14 | (change & 0x3fff);
        length = 16;
      } else if (change >= -65535 && change <= 65536) {
        head = 0b110 << 17 | (change & 0x1ffff);
        length = 20;
      } else if (change >= -524287 && change <= 524288) {
        head = 0b1110 << 20 | (change & 0xfffff);
        length = 24;
      } else {
        word |= ((<u64>0b1111) << 60) >> used;
        used += 4;
        if (used >= 64) {
          store<u64>(at, bswap<u64>(word));
          at += 8;
          used -= 64;
          word = used == 0 ? 0 : (<u64>0b1111) << (64 - used);
        }
        word |= <u64>change >> used;
        store<u64>(at, bswap<u64>(word));
        at += 8;
        word = used == 0 ? 0 : <u64>change << (64 - used);
      }
    }
    const now = load<u64>(values + (i << 3));
    const changed = now ^ value;
    value = now;
    if (changed == 0) {
      head <<= 1;
      length += 1;
    } else {
      const zeros = min<u64>(clz(changed), 31);
      const rest = ctz(changed);
      if (leading != 255 && zeros >= leading && rest >= trailing) {
        head = (head << 2) | 0b10;
        length += 2;
      } else {
        leading = zeros;
        trailing = rest;
        head = (head << 13) | (0b11 << 11) | (zeros << 6) | ((64 - zeros - rest) & 63);
        length += 13;
      }
    }
    word |= (head << (64 - length)) >> used;
    used += length;
    if (used >= 64) {
      store<u64>(at, bswap<u64>(word));
      at += 8;
      used -= 64;
      word = used == 0 ? 0 : head << (64 - used);
    }
    if (changed == 0) continue;
    const significant = changed >> trailing;
    const width = 64 - leading - trailing;
    word |= (significant << (64 - width)) >> used;
    used += width;
    if (used >= 64) {
      store<u64>(at, bswap<u64>(word));
      at += 8;
      used -= 64;
      word = used == 0 ? 0 : significant << (64 - used);
    }
  }
  store<u64>(at, bswap<u64>(word));
  return at + <usize>((used + 7) >> 3);
}
