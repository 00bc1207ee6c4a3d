import { BitWriter } from './bit-writer.ts';
import type { CounterResetHeader, HistogramSamples } from './chunk-histogram.ts';
import { staleMarkerBits, writeXorValue } from './chunk-xor.ts';
import {
  type BucketSpan,
  bitsOfFloat,
  customBucketsSchema,
  type HistogramLayout,
} from './histogram-layout.ts';
import { writeVarbitInt, writeVarbitUint } from './varbit.ts';

const counterResets: readonly CounterResetHeader[] = ['unknown', 'notReset', 'reset', 'gauge'];

/** Bounds above this, in thousandths, are written as they are. */
const maxShortBound = 33_554_430;

/** Encodes histograms of one layout as the data of a float histogram chunk (encoding 3; Prometheus tsdb/chunkenc). */
export function encodeFloatHistogramChunk(samples: HistogramSamples): Uint8Array {
  const { layout, timestamps, sumBits } = samples;
  const writer = new BitWriter();
  writer.bits(BigInt(timestamps.length), 16);
  writer.bits(BigInt(counterResets.indexOf(samples.counterReset) << 6), 8);
  writeLayout(writer, layout);
  const columns = columnsOf(samples);
  const windows = columns.map(() => ({ leading: 0xff, trailing: 0 }));
  let delta = 0;
  for (let i = 0; i < timestamps.length; i++) {
    if (i === 0) {
      writeVarbitInt(writer, timestamps[0]!);
      for (const bitsAt of columns) writer.bits(bitsAt(0), 64);
      continue;
    }
    const next = timestamps[i]! - timestamps[i - 1]!;
    writeVarbitInt(writer, next - delta);
    delta = next;
    // Count, count of the zero bucket and sum are always there; a stale sample has no buckets.
    const written = sumBits[i] === staleMarkerBits ? 3 : columns.length;
    for (let c = 0; c < written; c++) writeXorValue(writer, columns[c]!(i) ^ columns[c]!(i - 1), windows[c]!);
  }
  return writer.finish();
}

/** Bits of each number of a sample in the order in which they are written. */
function columnsOf(samples: HistogramSamples): ((row: number) => bigint)[] {
  const rows = samples.timestamps.length;
  const side = (counts: Float64Array) => {
    const width = rows === 0 ? 0 : counts.length / rows;
    return Array.from(
      { length: width },
      (_, bucket) => (row: number) => bitsOfFloat(counts[row * width + bucket]!),
    );
  };
  return [
    (row) => bitsOfFloat(samples.counts[row]!),
    (row) => bitsOfFloat(samples.zeroCounts[row]!),
    (row) => samples.sumBits[row]!,
    ...side(samples.positive),
    ...side(samples.negative),
  ];
}

function writeLayout(writer: BitWriter, layout: HistogramLayout): void {
  writeZeroThreshold(writer, layout.zeroThreshold);
  writeVarbitInt(writer, layout.schema);
  for (const spans of [layout.positiveSpans, layout.negativeSpans]) writeSpans(writer, spans);
  if (layout.schema !== customBucketsSchema) return;
  writeVarbitUint(writer, layout.customValues.length);
  for (const bound of layout.customValues) writeBound(writer, bound);
}

function writeZeroThreshold(writer: BitWriter, threshold: number): void {
  if (threshold === 0) return writer.bits(0n, 8);
  const exponent = Math.log2(threshold) + 1 + 243;
  if (Number.isInteger(exponent) && exponent >= 1 && exponent <= 254 && 2 ** (exponent - 244) === threshold)
    return writer.bits(BigInt(exponent), 8);
  writer.bits(255n, 8);
  writer.bits(bitsOfFloat(threshold), 64);
}

function writeSpans(writer: BitWriter, spans: readonly BucketSpan[]): void {
  writeVarbitUint(writer, spans.length);
  for (const { length, offset } of spans) {
    writeVarbitUint(writer, length);
    writeVarbitInt(writer, offset);
  }
}

function writeBound(writer: BitWriter, bound: number): void {
  const thousandths = Math.round(bound * 1000);
  if (
    thousandths >= 0 &&
    thousandths <= maxShortBound &&
    thousandths / 1000 === bound &&
    !Object.is(bound, -0)
  )
    return writeVarbitUint(writer, thousandths + 1);
  writeVarbitUint(writer, 0);
  writer.bits(bitsOfFloat(bound), 64);
}
