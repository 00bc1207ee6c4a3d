import { CorruptDataError } from '../../base/errors.ts';
import { BitReader } from './bit-reader.ts';
import { type FloatSamples, staleMarkerBits } from './chunk-xor.ts';
import { StartTimestampDecoder } from './start-timestamps.ts';
import { XorValue } from './varbit.ts';

/** Float samples with start timestamps, milliseconds since the epoch; 0 stands for none. */
export interface FloatSamplesWithStart extends FloatSamples {
  readonly startTimestamps: Float64Array;
}

/** Decodes the data of an XOR2 chunk (encoding 4), sample count and start-timestamp header included. */
export function decodeXor2Chunk(data: Uint8Array): FloatSamplesWithStart {
  const reader = new BitReader(data, 'XOR2 chunk');
  const count = reader.bits(16);
  if (count > 2 + data.length * 8)
    throw new CorruptDataError(`XOR2 chunk: ${count} samples cannot lie in ${data.length} bytes`);
  const starts = new StartTimestampDecoder(reader.bits(8));
  const samples = {
    timestamps: new Float64Array(count),
    valueBits: new BigUint64Array(count),
    startTimestamps: new Float64Array(count),
  };
  // A stale marker is coded apart and leaves the value that later ones are compared with.
  const value = new XorValue();
  let timestamp = 0;
  let delta = 0;
  for (let i = 0; i < count; i++) {
    const previous = timestamp;
    let bits: bigint;
    if (i === 0) {
      timestamp = Number(reader.varint());
      bits = reader.bits64(64);
      if (bits !== staleMarkerBits) value.bits = bits;
    } else if (i === 1) {
      delta = Number(reader.uvarint());
      timestamp += delta;
      bits = readValue(reader, value);
    } else {
      const joint = readJoint(reader, value);
      delta += joint.deltaOfDelta;
      timestamp += delta;
      bits = joint.bits;
    }
    if (!Number.isSafeInteger(timestamp))
      throw new CorruptDataError(`XOR2 chunk: timestamp of sample ${i} is beyond 2^53`);
    samples.timestamps[i] = timestamp;
    samples.valueBits[i] = bits;
    samples.startTimestamps[i] = starts.next(reader, i, timestamp, previous);
  }
  return samples;
}

/** Control prefix of up to five bits that says both how the timestamp moves and whether the value changed. */
function readJoint(reader: BitReader, value: XorValue): { deltaOfDelta: number; bits: bigint } {
  if (reader.bit() === 0) return { deltaOfDelta: 0, bits: value.bits };
  if (reader.bit() === 0) {
    const bits = reader.bit() === 0 ? value.readSameWindow(reader) : value.readNewWindow(reader);
    return { deltaOfDelta: 0, bits };
  }
  if (reader.bit() === 0) return { deltaOfDelta: reader.signed(13), bits: readValue(reader, value) };
  if (reader.bit() === 0) return { deltaOfDelta: reader.signed(20), bits: readValue(reader, value) };
  if (reader.bit() === 0) return { deltaOfDelta: reader.signed(64), bits: readValue(reader, value) };
  return { deltaOfDelta: 0, bits: staleMarkerBits };
}

function readValue(reader: BitReader, value: XorValue): bigint {
  if (reader.bit() === 0) return value.bits;
  if (reader.bit() === 0) return value.readSameWindow(reader);
  if (reader.bit() === 0) return value.readNewWindow(reader);
  return staleMarkerBits;
}
