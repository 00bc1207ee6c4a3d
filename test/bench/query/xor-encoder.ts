/** Encodes XOR chunks from 32-bit words: the generator writes a hundred million samples. */
const scratch = Buffer.alloc(8192);
let at = 0;
let bitCount = 0;
let byte = 0;

/** The low `width` bits, at most 32, most significant first. */
function bits(value: number, width: number): void {
  for (let left = width; left > 0; ) {
    const take = Math.min(8 - bitCount, left);
    byte = (byte << take) | ((value >>> (left - take)) & ((1 << take) - 1));
    bitCount += take;
    left -= take;
    if (bitCount < 8) continue;
    scratch[at++] = byte;
    byte = 0;
    bitCount = 0;
  }
}

function uvarint(value: number): void {
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bits((rest % 128) | 0x80, 8);
  bits(rest, 8);
}

function deltaOfDelta(value: number): void {
  if (value === 0) bits(0, 1);
  else if (value > -8192 && value <= 8192) bits((0b10 << 14) | (value & 0x3fff), 16);
  else if (value > -65_536 && value <= 65_536) bits((0b110 << 17) | (value & 0x1ffff), 20);
  else if (value > -524_288 && value <= 524_288) bits((0b1110 << 20) | (value & 0xfffff), 24);
  else {
    bits(0b1111, 4);
    bits(Math.floor(value / 2 ** 32), 32);
    bits(value, 32);
  }
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** Data of the chunk with samples [from, to); `words` are the low and high words of the values. A view: copy it. */
export function encodeChunk(times: Float64Array, words: Uint32Array, from: number, to: number): Buffer {
  at = 0;
  byte = 0;
  bitCount = 0;
  bits(to - from, 16);
  const first = times[from]!;
  uvarint(first >= 0 ? first * 2 : -first * 2 - 1);
  let low = words[from * 2]!;
  let high = words[from * 2 + 1]!;
  bits(high, 32);
  bits(low, 32);
  let delta = 0;
  let leading = -1;
  let trailing = 0;
  for (let i = from + 1; i < to; i++) {
    const next = times[i]! - times[i - 1]!;
    if (i === from + 1) uvarint(next);
    else deltaOfDelta(next - delta);
    delta = next;
    const xorLow = words[i * 2]! ^ low;
    const xorHigh = words[i * 2 + 1]! ^ high;
    low = words[i * 2]!;
    high = words[i * 2 + 1]!;
    if (xorLow === 0 && xorHigh === 0) {
      bits(0, 1);
      continue;
    }
    const zerosBefore = Math.min(31, xorHigh !== 0 ? Math.clz32(xorHigh) : 32 + Math.clz32(xorLow));
    const zerosBehind = xorLow !== 0 ? trailingZeros(xorLow) : 32 + trailingZeros(xorHigh);
    if (leading >= 0 && zerosBefore >= leading && zerosBehind >= trailing) bits(0b10, 2);
    else {
      leading = zerosBefore;
      trailing = zerosBehind;
      bits(0b11, 2);
      bits(leading, 5);
      bits((64 - leading - trailing) & 63, 6);
    }
    // The significant bits, moved down to the end of the two words.
    const width = 64 - leading - trailing;
    let partLow = trailing >= 32 ? xorHigh >>> (trailing - 32) : xorLow >>> trailing;
    if (trailing > 0 && trailing < 32) partLow |= xorHigh << (32 - trailing);
    if (width > 32) bits(trailing >= 32 ? 0 : xorHigh >>> trailing, width - 32);
    bits(partLow, Math.min(width, 32));
  }
  if (bitCount > 0) scratch[at++] = byte << (8 - bitCount);
  return scratch.subarray(0, at);
}
