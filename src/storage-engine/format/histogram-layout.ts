import { CorruptDataError } from '../../base/errors.ts';
import type { BitReader } from './bit-reader.ts';
import type { BitWriter } from './bit-writer.ts';
import { readVarbitInt, readVarbitUint, writeVarbitInt, writeVarbitUint } from './varbit.ts';

/** A run of buckets: `offset` empty ones after the run before (from bucket 0 for the first), then `length` stored ones. */
export interface BucketSpan {
  readonly offset: number;
  readonly length: number;
}

/** What all histograms of one chunk share. */
export interface HistogramLayout {
  /** -4 to 8: base 2^(2^-schema); -53: boundaries in `customValues`. */
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly positiveSpans: readonly BucketSpan[];
  readonly negativeSpans: readonly BucketSpan[];
  readonly customValues: Float64Array;
}

/** Schema whose bucket boundaries are given one by one. */
export const customBucketsSchema = -53;
/** Exponential schemas as a writer may store them; readers reduce those above 8 to 8. */
const exponentialSchemas = { min: -9, max: 52 };

const scratch = new DataView(new ArrayBuffer(8));

export function floatOfBits(bits: bigint): number {
  scratch.setBigUint64(0, bits);
  return scratch.getFloat64(0);
}

export function bitsOfFloat(value: number): bigint {
  scratch.setFloat64(0, value);
  return scratch.getBigUint64(0);
}

/** Runs of neighbouring bucket indices, which must ascend. */
export function spansOf(indices: readonly number[]): BucketSpan[] {
  const spans: { offset: number; length: number }[] = [];
  let next = 0;
  for (const index of indices) {
    const last = spans.at(-1);
    if (last !== undefined && index === next) last.length++;
    else spans.push({ offset: index - next, length: 1 });
    next = index + 1;
  }
  return spans;
}

/** Reads the layout at the head of a histogram chunk of `dataBytes` bytes. */
export function readHistogramLayout(reader: BitReader, dataBytes: number): HistogramLayout {
  const zeroThreshold = readZeroThreshold(reader);
  const schema = readVarbitInt(reader);
  const exponential = schema >= exponentialSchemas.min && schema <= exponentialSchemas.max;
  if (!exponential && schema !== customBucketsSchema)
    throw new CorruptDataError(`histogram chunk: schema ${schema} is not known`);
  const positiveSpans = readSpans(reader, dataBytes);
  const negativeSpans = readSpans(reader, dataBytes);
  const customValues =
    schema === customBucketsSchema ? readCustomValues(reader, dataBytes) : new Float64Array(0);
  return { schema, zeroThreshold, positiveSpans, negativeSpans, customValues };
}

function readZeroThreshold(reader: BitReader): number {
  const byte = reader.bits(8);
  if (byte === 0) return 0;
  return byte === 255 ? floatOfBits(reader.bits64(64)) : 0.5 * 2 ** (byte - 243);
}

function readSpans(reader: BitReader, dataBytes: number): BucketSpan[] {
  const count = boundedCount(readVarbitUint(reader), dataBytes, 'spans');
  const spans: BucketSpan[] = [];
  for (let i = 0; i < count; i++) {
    const length = readVarbitUint(reader);
    spans.push({ length, offset: readVarbitInt(reader) });
  }
  boundedCount(bucketCount(spans), dataBytes, 'buckets');
  return spans;
}

function readCustomValues(reader: BitReader, dataBytes: number): Float64Array {
  const values = new Float64Array(boundedCount(readVarbitUint(reader), dataBytes, 'custom values'));
  for (let i = 0; i < values.length; i++) {
    const short = readVarbitUint(reader);
    values[i] = short === 0 ? floatOfBits(reader.bits64(64)) : (short - 1) / 1000;
  }
  return values;
}

/** Each stored thing takes a bit at least: a larger count is a lie that must not size a buffer. */
function boundedCount(count: number, dataBytes: number, what: string): number {
  if (count > dataBytes * 8)
    throw new CorruptDataError(`histogram chunk: ${count} ${what} cannot lie in ${dataBytes} bytes`);
  return count;
}

export function bucketCount(spans: readonly BucketSpan[]): number {
  return spans.reduce((sum, span) => sum + span.length, 0);
}

/** Writes the layout at the head of a histogram chunk. */
export function writeHistogramLayout(writer: BitWriter, layout: HistogramLayout): void {
  writeZeroThreshold(writer, layout.zeroThreshold);
  writeVarbitInt(writer, layout.schema);
  for (const spans of [layout.positiveSpans, layout.negativeSpans]) {
    writeVarbitUint(writer, spans.length);
    for (const { offset, length } of spans) {
      writeVarbitUint(writer, length);
      writeVarbitInt(writer, offset);
    }
  }
  if (layout.schema !== customBucketsSchema) return;
  writeVarbitUint(writer, layout.customValues.length);
  for (const value of layout.customValues) writeCustomValue(writer, value);
}

/** Powers of two from 2^-243 to 2^10 take a byte. */
function writeZeroThreshold(writer: BitWriter, value: number): void {
  if (value === 0) return writer.bits32(0, 8);
  const bits = bitsOfFloat(value);
  const exponent = Number(bits >> 52n) - 1022;
  if ((bits & 0xfffffffffffffn) === 0n && exponent >= -242 && exponent <= 11)
    return writer.bits32(exponent + 243, 8);
  writer.bits32(255, 8);
  writer.bits(bits, 64);
}

/** Multiples of 0.001 up to 33554.430 take up to four bytes. */
function writeCustomValue(writer: BitWriter, value: number): void {
  const thousands = value * 1000;
  const whole = Math.round(thousands);
  if (thousands < 0 || thousands > 33_554_430 || Object.is(value, -0) || whole / 1000 !== value) {
    writer.bits32(0, 1);
    return writer.bits(bitsOfFloat(value), 64);
  }
  writeVarbitUint(writer, whole + 1);
}
