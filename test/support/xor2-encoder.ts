import { BitWriter } from '../../src/storage-engine/format/bit-writer.ts';
import { type FloatSamples, staleMarkerBits } from '../../src/storage-engine/format/chunk-xor.ts';
import { writeVarbitInt } from '../../src/storage-engine/format/varbit.ts';

const leadingZeros = (value: bigint) => 64 - value.toString(2).length;

/**
 * An XOR2 chunk (Prometheus tsdb/docs/format/chunks.md) of samples, those from the second on with starts where that is asked
 * for. A value is written in a window of its own, or in the one before where it fits.
 */
export function encodeXor2Chunk({ timestamps, valueBits }: FloatSamples, withStarts: boolean): Uint8Array {
  const out = new BitWriter();
  let [value, leading, width] = [0n, 0, 0];
  const bits = (from: bigint, count: number) => {
    for (let at = count - 1; at >= 0; at--) out.bits32(Number((from >> BigInt(at)) & 1n), 1);
  };
  const bytes = (from: bigint) => {
    let rest = from;
    for (; rest >= 0x80n; rest >>= 7n) bits((rest & 0x7fn) | 0x80n, 8);
    bits(rest, 8);
  };
  const change = (next: bigint, same: string, window: string) => {
    const xor = next ^ value;
    value = next;
    const zeros = Math.min(31, leadingZeros(xor));
    let trailing = 0;
    while (((xor >> BigInt(trailing)) & 1n) === 0n) trailing++;
    if (width > 0 && zeros >= leading && trailing >= 64 - leading - width) {
      prefix(same);
      bits(xor >> BigInt(64 - leading - width), width);
      return;
    }
    [leading, width] = [zeros, 64 - zeros - trailing];
    prefix(window);
    bits(BigInt(leading), 5);
    bits(BigInt(width & 63), 6);
    bits(xor >> BigInt(trailing), width);
  };
  const prefix = (text: string) => bits(BigInt(`0b${text}`), text.length);
  const separate = (next: bigint) => {
    if (next === staleMarkerBits) prefix('111');
    else if (next === value) prefix('0');
    else change(next, '10', '110');
  };
  bits(BigInt(timestamps.length), 16);
  bits(withStarts ? 1n : 0n, 8);
  let delta = 0;
  let difference = 0;
  timestamps.forEach((time, i) => {
    const next = valueBits[i]!;
    if (i === 0) {
      bytes(BigInt(time) * 2n);
      bits(next, 64);
      if (next !== staleMarkerBits) value = next;
      return;
    }
    const distance = time - timestamps[i - 1]!;
    const moved = distance - delta;
    if (i === 1) {
      bytes(BigInt(distance));
      separate(next);
    } else if (moved === 0 && next === value) prefix('0');
    else if (moved === 0 && next === staleMarkerBits) prefix('11111');
    else if (moved === 0) change(next, '100', '101');
    else {
      const count = Math.abs(moved) < 4000 ? 13 : Math.abs(moved) < 500_000 ? 20 : 64;
      prefix(count === 13 ? '110' : count === 20 ? '1110' : '11110');
      bits(BigInt.asUintN(count, BigInt(moved)), count);
      separate(next);
    }
    delta = distance;
    if (!withStarts) return;
    // A start some time before the sample before.
    const wanted = (i * 7919) % 100_000;
    writeVarbitInt(out, i === 1 ? wanted : wanted - difference);
    difference = wanted;
  });
  return out.finish();
}
