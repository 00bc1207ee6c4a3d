import { CorruptDataError } from '../../base/errors.ts';
import { BitWriter } from './bit-writer.ts';
import { ByteReader } from './byte-reader.ts';

/**
 * Float samples of one chunk. `timestamps` are milliseconds since the epoch, exact integers, ascending in real
 * chunks; `valueBits` are the IEEE 754 bits, so that a stale marker (0x7ff0000000000002) survives.
 */
export interface FloatSamples {
  readonly timestamps: Float64Array;
  readonly valueBits: BigUint64Array;
}

/** Bits of the NaN that marks a series as stale (Prometheus model/value). */
export const staleMarkerBits = 0x7ff0000000000002n;

/** Widths of the delta-of-delta classes after their unary prefix (Prometheus tsdb/chunkenc/xor.go). */
const deltaWidths = [0, 14, 17, 20, 64] as const;
const maxSamples = 0xffff;
const exactLimit = 2 ** 53;

/** Scratch copy of a chunk's data with room behind it, so that peeking 32 bits near the end needs no check. */
let padded = new Uint8Array(4096);
let view = new DataView(padded.buffer);
const paddingBytes = 32;

/**
 * Decodes the data of an XOR chunk (encoding 1), the 16-bit sample count included. The hot loop keeps a value as two
 * 32-bit words and peeks 32 bits at any bit position; the end of the data is checked once for each sample, as a sample
 * takes at most 18 bytes.
 */
export function decodeXorChunk(data: Uint8Array): FloatSamples {
  const head = new ByteReader(data, 'XOR chunk');
  const count = head.uint16();
  // A sample after the second takes at least two bits: a larger count is a lie that must not size a buffer.
  if (count > 2 + data.length * 4)
    throw new CorruptDataError(`XOR chunk: ${count} samples cannot lie in ${data.length} bytes`);
  const timestamps = new Float64Array(count);
  const valueBits = new BigUint64Array(count);
  if (count === 0) return { timestamps, valueBits };
  const words = new Uint32Array(valueBits.buffer);
  load(data);

  let timestamp = head.varint();
  let high = head.uint32() | 0;
  let low = head.uint32() | 0;
  timestamps[0] = timestamp;
  words[0] = low;
  words[1] = high;
  let delta = count > 1 ? head.uvarint() : 0;
  let position = head.position * 8;
  const end = data.length * 8;
  let leading = 0;
  let width = 0;
  for (let i = 1; i < count; i++) {
    if (i > 1) {
      const bits = peek(position);
      if (bits >= 0) position += 1;
      else if ((bits & 0x40000000) === 0) {
        const raw = (bits >>> 16) & 0x3fff;
        delta += raw > 0x2000 ? raw - 0x4000 : raw;
        position += 16;
      } else if ((bits & 0x20000000) === 0) {
        const raw = (bits >>> 12) & 0x1ffff;
        delta += raw > 0x10000 ? raw - 0x20000 : raw;
        position += 20;
      } else if ((bits & 0x10000000) === 0) {
        const raw = (bits >>> 8) & 0xfffff;
        delta += raw > 0x80000 ? raw - 0x100000 : raw;
        position += 24;
      } else {
        delta += wideDelta(position + 4);
        position += 68;
      }
    }
    timestamp += delta;
    const control = peek(position);
    if (control >= 0) position += 1;
    else {
      if ((control & 0x40000000) !== 0) {
        leading = (control >>> 25) & 31;
        width = (control >>> 19) & 63 || 64;
        position += 13;
        if (leading + width > 64) {
          throw new CorruptDataError(
            `XOR chunk: sample ${i} has ${leading} leading and ${width} significant bits`,
          );
        }
      } else {
        position += 2;
        if (width === 0)
          throw new CorruptDataError(`XOR chunk: sample ${i} reuses a window before there is one`);
      }
      const trailing = 64 - leading - width;
      if (width <= 32) {
        const part = peek(position) >>> (32 - width);
        if (trailing >= 32) high ^= part << (trailing - 32);
        else {
          low ^= part << trailing;
          if (trailing > 0) high ^= part >>> (32 - trailing);
        }
      } else {
        const partHigh = peek(position) >>> (64 - width);
        const partLow = peek(position + width - 32);
        low ^= partLow << trailing;
        high ^= trailing === 0 ? partHigh : (partHigh << trailing) | (partLow >>> (32 - trailing));
      }
      position += width;
    }
    if (timestamp >= exactLimit || timestamp <= -exactLimit)
      throw new CorruptDataError(`XOR chunk: timestamp of sample ${i} is beyond 2^53`);
    if (position > end) throw new CorruptDataError(`XOR chunk: the data end inside sample ${i}`);
    timestamps[i] = timestamp;
    words[i * 2] = low;
    words[i * 2 + 1] = high;
  }
  return { timestamps, valueBits };
}

function load(data: Uint8Array): void {
  if (padded.length < data.length + paddingBytes) {
    padded = new Uint8Array((data.length + paddingBytes) * 2);
    view = new DataView(padded.buffer);
  }
  padded.set(data);
  padded.fill(0, data.length, data.length + paddingBytes);
}

/** 32 bits from a bit position, as a signed number: its sign is the first bit. */
function peek(position: number): number {
  const byte = position >>> 3;
  const shift = position & 7;
  const word = view.getInt32(byte);
  return shift === 0 ? word : (word << shift) | (padded[byte + 4]! >>> (8 - shift));
}

/** The rare delta of deltas that takes 64 bits. */
function wideDelta(position: number): number {
  const high = BigInt(peek(position)) << 32n;
  const value = Number(high | BigInt(peek(position + 32) >>> 0));
  if (!Number.isSafeInteger(value)) throw new CorruptDataError('XOR chunk: a timestamp is beyond 2^53');
  return value;
}

/** Encodes float samples as the data of an XOR chunk; bit for bit what Prometheus's appender writes. */
export function encodeXorChunk(samples: FloatSamples): Uint8Array {
  const { timestamps, valueBits } = samples;
  const count = timestamps.length;
  if (count > maxSamples || valueBits.length !== count)
    throw new CorruptDataError(
      `XOR chunk: ${count} timestamps and ${valueBits.length} values; at most ${maxSamples} pairs fit`,
    );
  const words = new Uint32Array(valueBits.buffer, valueBits.byteOffset, count * 2);
  const writer = new BitWriter();
  writer.bits32(count, 16);
  const window = { leading: 0xff, trailing: 0 };
  let delta = 0;
  for (let i = 0; i < count; i++) {
    if (i === 0) {
      writer.varint(BigInt(timestamps[0]!));
      writer.bits32(words[1]!, 32);
      writer.bits32(words[0]!, 32);
      continue;
    }
    const next = timestamps[i]! - timestamps[i - 1]!;
    if (i === 1) writer.uvarint(BigInt(next));
    else writeDeltaOfDelta(writer, next - delta);
    delta = next;
    const at = i * 2;
    writeXor(writer, words[at + 1]! ^ words[at - 1]!, words[at]! ^ words[at - 2]!, window);
  }
  return writer.finish();
}

function writeDeltaOfDelta(writer: BitWriter, value: number): void {
  if (value === 0) return writer.bits32(0, 1);
  for (let kind = 1; kind < 4; kind++) {
    const half = 2 ** (deltaWidths[kind]! - 1);
    if (value < -half + 1 || value > half) continue;
    writer.bits32(2 ** (kind + 1) - 2, kind + 1);
    return writer.bits32(value, deltaWidths[kind]!);
  }
  writer.bits32(0b1111, 4);
  writer.bits(BigInt.asUintN(64, BigInt(value)), 64);
}

/** The XOR of a value and the one before, as two words; no big integers, as every sample of every new chunk comes here. */
function writeXor(
  writer: BitWriter,
  high: number,
  low: number,
  window: { leading: number; trailing: number },
): void {
  if (high === 0 && low === 0) return writer.bits32(0, 1);
  const leading = Math.min(high !== 0 ? Math.clz32(high) : 32 + Math.clz32(low), 31);
  const trailing = low !== 0 ? 31 - Math.clz32(low & -low) : 63 - Math.clz32(high & -high);
  if (window.leading !== 0xff && leading >= window.leading && trailing >= window.trailing) {
    writer.bits32(0b10, 2);
  } else {
    window.leading = leading;
    window.trailing = trailing;
    writer.bits32(0b11, 2);
    writer.bits32(leading, 5);
    writer.bits32((64 - leading - trailing) & 63, 6);
  }
  // The significant bits [leading, 64 - trailing): what of them is in the high word, then what is in the low one.
  const shift = window.trailing;
  const width = 64 - window.leading - shift;
  if (shift >= 32) return writer.bits32(high >>> (shift - 32), width);
  const below = 32 - shift;
  if (width > below) writer.bits32(high, width - below);
  writer.bits32(low >>> shift, Math.min(width, below));
}
