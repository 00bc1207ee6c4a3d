import { CorruptDataError } from '../../base/errors.ts';
import { BitReader } from './bit-reader.ts';
import { BitWriter } from './bit-writer.ts';

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

/** Decodes the data of an XOR chunk (encoding 1), the 16-bit sample count included. */
export function decodeXorChunk(data: Uint8Array): FloatSamples {
  const reader = new BitReader(data, 'XOR chunk');
  const count = reader.bits(16);
  // A sample after the second takes at least two bits: a larger count is a lie that must not size a buffer.
  if (count > 2 + data.length * 4)
    throw new CorruptDataError(`XOR chunk: ${count} samples cannot lie in ${data.length} bytes`);
  const timestamps = new Float64Array(count);
  const valueBits = new BigUint64Array(count);
  let timestamp = 0;
  let delta = 0;
  let value = 0n;
  let leading = 0;
  let width = 0;
  for (let i = 0; i < count; i++) {
    if (i === 0) {
      timestamp = Number(reader.varint());
      value = reader.bits64(64);
    } else {
      if (i === 1) delta = Number(reader.uvarint());
      else delta += readDeltaOfDelta(reader);
      timestamp += delta;
      if (reader.bit() === 1) {
        if (reader.bit() === 1) {
          leading = reader.bits(5);
          width = reader.bits(6) || 64;
          if (leading + width > 64)
            throw new CorruptDataError(
              `XOR chunk: sample ${i} has ${leading} leading and ${width} significant bits`,
            );
        } else if (width === 0)
          throw new CorruptDataError(`XOR chunk: sample ${i} reuses a window before there is one`);
        value ^= reader.bits64(width) << BigInt(64 - leading - width);
      }
    }
    if (Math.abs(timestamp) >= exactLimit)
      throw new CorruptDataError(`XOR chunk: timestamp of sample ${i} is beyond 2^53`);
    timestamps[i] = timestamp;
    valueBits[i] = value;
  }
  return { timestamps, valueBits };
}

function readDeltaOfDelta(reader: BitReader): number {
  let kind = 0;
  while (kind < 4 && reader.bit() === 1) kind++;
  const width = deltaWidths[kind]!;
  if (width === 0) return 0;
  if (width === 64) return reader.signed(64);
  const raw = reader.bits(width);
  return raw > 2 ** (width - 1) ? raw - 2 ** width : raw;
}

/** Encodes float samples as the data of an XOR chunk; bit for bit what Prometheus's appender writes. */
export function encodeXorChunk(samples: FloatSamples): Uint8Array {
  const { timestamps, valueBits } = samples;
  const count = timestamps.length;
  if (count > maxSamples || valueBits.length !== count)
    throw new CorruptDataError(
      `XOR chunk: ${count} timestamps and ${valueBits.length} values; at most ${maxSamples} pairs fit`,
    );
  const writer = new BitWriter();
  writer.bits(BigInt(count), 16);
  const window = { leading: 0xff, trailing: 0 };
  let delta = 0;
  for (let i = 0; i < count; i++) {
    if (i === 0) {
      writer.varint(BigInt(timestamps[0]!));
      writer.bits(valueBits[0]!, 64);
      continue;
    }
    const next = timestamps[i]! - timestamps[i - 1]!;
    if (i === 1) writer.uvarint(BigInt(next));
    else writeDeltaOfDelta(writer, next - delta);
    delta = next;
    writeValue(writer, valueBits[i]! ^ valueBits[i - 1]!, window);
  }
  return writer.finish();
}

function writeDeltaOfDelta(writer: BitWriter, value: number): void {
  if (value === 0) return writer.bits(0n, 1);
  for (let kind = 1; kind < 4; kind++) {
    const half = 2 ** (deltaWidths[kind]! - 1);
    if (value < -half + 1 || value > half) continue;
    writer.bits((1n << BigInt(kind + 1)) - 2n, kind + 1);
    return writer.bits(BigInt.asUintN(deltaWidths[kind]!, BigInt(value)), deltaWidths[kind]!);
  }
  writer.bits(0b1111n, 4);
  writer.bits(BigInt.asUintN(64, BigInt(value)), 64);
}

function writeValue(writer: BitWriter, xor: bigint, window: { leading: number; trailing: number }): void {
  if (xor === 0n) return writer.bits(0n, 1);
  const leading = Math.min(leadingZeros(xor), 31);
  const trailing = trailingZeros(xor);
  if (window.leading !== 0xff && leading >= window.leading && trailing >= window.trailing) {
    writer.bits(0b10n, 2);
    return writer.bits(xor >> BigInt(window.trailing), 64 - window.leading - window.trailing);
  }
  window.leading = leading;
  window.trailing = trailing;
  const width = 64 - leading - trailing;
  writer.bits(0b11n, 2);
  writer.bits(BigInt(leading), 5);
  writer.bits(BigInt(width & 63), 6);
  writer.bits(xor >> BigInt(trailing), width);
}

function leadingZeros(value: bigint): number {
  const high = Number(value >> 32n);
  return high !== 0 ? Math.clz32(high) : 32 + Math.clz32(Number(value & 0xffffffffn));
}

function trailingZeros(value: bigint): number {
  const low = Number(value & 0xffffffffn);
  const count = (word: number) => 31 - Math.clz32(word & -word);
  return low !== 0 ? count(low) : 32 + count(Number(value >> 32n));
}
