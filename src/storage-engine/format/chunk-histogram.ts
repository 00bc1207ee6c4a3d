import { CorruptDataError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { BitReader } from './bit-reader.ts';
import { chunkEncoding } from './chunk.ts';
import { staleMarkerBits } from './chunk-xor.ts';
import { bucketCount, floatOfBits, type HistogramLayout, readHistogramLayout } from './histogram-layout.ts';
import { StartTimestampDecoder } from './start-timestamps.ts';
import { readVarbitInt, readVarbitUint, XorValue } from './varbit.ts';

/** Header bits of a chunk about the counter reset before its first sample. */
export type CounterResetHeader = 'unknown' | 'reset' | 'notReset' | 'gauge';

/**
 * Histograms of one chunk, in columns. Buckets are absolute counts, row after row, in the order of the layout's spans.
 * In a stale sample (`sumBits` is the stale marker) everything else repeats the sample before.
 */
export interface HistogramSamples {
  readonly counterReset: CounterResetHeader;
  readonly layout: HistogramLayout;
  readonly timestamps: Float64Array;
  readonly counts: Float64Array;
  readonly zeroCounts: Float64Array;
  readonly sumBits: BigUint64Array;
  readonly positive: Float64Array;
  readonly negative: Float64Array;
  /** Milliseconds since the epoch, 0 for none; absent in chunks that store none. */
  readonly startTimestamps?: Float64Array;
}

type Encoding = 2 | 3 | 5 | 6;

interface Header {
  readonly count: number;
  readonly counterReset: CounterResetHeader;
  readonly starts: StartTimestampDecoder | undefined;
}

const counterResets: readonly CounterResetHeader[] = ['unknown', 'notReset', 'reset', 'gauge'];

/** Encodings with start timestamps share the sample count's 16 bits with the counter reset header. */
function readHeader(reader: BitReader, encoding: Encoding, dataBytes: number): Header {
  const withStart = encoding === chunkEncoding.histogramST || encoding === chunkEncoding.floatHistogramST;
  const resetBits = withStart ? reader.bits(2) : 0;
  const count = reader.bits(withStart ? 14 : 16);
  const byte = reader.bits(8);
  if (count > dataBytes * 8)
    throw new CorruptDataError(`histogram chunk: ${count} samples cannot lie in ${dataBytes} bytes`);
  return {
    count,
    counterReset: counterResets[withStart ? resetBits : byte >>> 6]!,
    starts: withStart ? new StartTimestampDecoder(byte) : undefined,
  };
}

/** One histogram after the other in scratch columns; each call of `read` advances by a sample. */
interface BodyDecoder {
  count: number;
  zeroCount: number;
  sum: XorValue;
  positive: Float64Array;
  negative: Float64Array;
  readFirst(reader: BitReader): void;
  readNext(reader: BitReader): void;
}

/** Decodes the data of a histogram chunk (encodings 2, 3, 5 and 6). */
export function decodeHistogramChunk(data: Uint8Array, encoding: Encoding): HistogramSamples {
  const reader = new BitReader(data, 'histogram chunk');
  const { count, counterReset, starts } = readHeader(reader, encoding, data.length);
  if (count === 0) return emptySamples(counterReset);
  const layout = readHistogramLayout(reader, data.length);
  const width = { positive: bucketCount(layout.positiveSpans), negative: bucketCount(layout.negativeSpans) };
  // Stale samples store no buckets, so the data's size bounds the columns only loosely.
  if (count * (width.positive + width.negative) > limits.histogramChunkBuckets) {
    throw new CorruptDataError(
      `histogram chunk: ${count} samples of ${width.positive + width.negative} buckets are more than a chunk holds`,
    );
  }
  const float = encoding === chunkEncoding.floatHistogram || encoding === chunkEncoding.floatHistogramST;
  const body = float
    ? new FloatBody(width.positive, width.negative)
    : new IntegerBody(width.positive, width.negative);
  const out = {
    timestamps: new Float64Array(count),
    counts: new Float64Array(count),
    zeroCounts: new Float64Array(count),
    sumBits: new BigUint64Array(count),
    positive: new Float64Array(count * width.positive),
    negative: new Float64Array(count * width.negative),
    startTimestamps: new Float64Array(starts === undefined ? 0 : count),
  };
  let timestamp = 0;
  let delta = 0;
  for (let i = 0; i < count; i++) {
    const previous = timestamp;
    if (i === 0) {
      timestamp = readVarbitInt(reader);
      body.readFirst(reader);
    } else {
      delta += readVarbitInt(reader);
      timestamp += delta;
      body.readNext(reader);
    }
    if (!Number.isSafeInteger(timestamp))
      throw new CorruptDataError(`histogram chunk: timestamp of sample ${i} is beyond 2^53`);
    out.timestamps[i] = timestamp;
    out.counts[i] = body.count;
    out.zeroCounts[i] = body.zeroCount;
    out.sumBits[i] = body.sum.bits;
    out.positive.set(body.positive, i * width.positive);
    out.negative.set(body.negative, i * width.negative);
    if (starts !== undefined) out.startTimestamps[i] = starts.next(reader, i, timestamp, previous);
  }
  const { startTimestamps, ...columns } = out;
  return { counterReset, layout, ...columns, ...(starts === undefined ? {} : { startTimestamps }) };
}

function emptySamples(counterReset: CounterResetHeader): HistogramSamples {
  const none = new Float64Array(0);
  const layout = { schema: 0, zeroThreshold: 0, positiveSpans: [], negativeSpans: [], customValues: none };
  return {
    counterReset,
    layout,
    timestamps: none,
    counts: none,
    zeroCounts: none,
    sumBits: new BigUint64Array(0),
    positive: none,
    negative: none,
  };
}

/** Integer counts: deltas of deltas; stored buckets are differences to the bucket before. */
class IntegerBody implements BodyDecoder {
  count = 0;
  zeroCount = 0;
  sum = new XorValue();
  positive: Float64Array;
  negative: Float64Array;
  private countDelta = 0;
  private zeroCountDelta = 0;
  private readonly stored: { positive: Float64Array; negative: Float64Array };
  private readonly deltas: { positive: Float64Array; negative: Float64Array };

  constructor(positive: number, negative: number) {
    this.positive = new Float64Array(positive);
    this.negative = new Float64Array(negative);
    this.stored = { positive: new Float64Array(positive), negative: new Float64Array(negative) };
    this.deltas = { positive: new Float64Array(positive), negative: new Float64Array(negative) };
  }

  readFirst(reader: BitReader): void {
    this.count = readVarbitUint(reader);
    this.zeroCount = readVarbitUint(reader);
    this.sum = new XorValue(reader.bits64(64));
    for (const side of ['positive', 'negative'] as const) {
      const stored = this.stored[side];
      for (let i = 0; i < stored.length; i++) stored[i] = readVarbitInt(reader);
      accumulate(stored, this[side]);
    }
  }

  readNext(reader: BitReader): void {
    this.countDelta += readVarbitInt(reader);
    this.count += this.countDelta;
    this.zeroCountDelta += readVarbitInt(reader);
    this.zeroCount += this.zeroCountDelta;
    if (this.sum.read(reader) === staleMarkerBits) return;
    for (const side of ['positive', 'negative'] as const) {
      const stored = this.stored[side];
      const deltas = this.deltas[side];
      for (let i = 0; i < stored.length; i++) {
        deltas[i]! += readVarbitInt(reader);
        stored[i]! += deltas[i]!;
      }
      accumulate(stored, this[side]);
    }
  }
}

function accumulate(differences: Float64Array, absolute: Float64Array): void {
  let sum = 0;
  for (let i = 0; i < differences.length; i++) {
    sum += differences[i]!;
    absolute[i] = sum;
  }
}

/** Float counts: every number XOR-coded against itself in the sample before. */
class FloatBody implements BodyDecoder {
  count = 0;
  zeroCount = 0;
  sum = new XorValue();
  positive: Float64Array;
  negative: Float64Array;
  private counts = new XorValue();
  private zeroCounts = new XorValue();
  private values: { positive: XorValue[]; negative: XorValue[] } = { positive: [], negative: [] };

  constructor(positive: number, negative: number) {
    this.positive = new Float64Array(positive);
    this.negative = new Float64Array(negative);
  }

  readFirst(reader: BitReader): void {
    this.counts = new XorValue(reader.bits64(64));
    this.zeroCounts = new XorValue(reader.bits64(64));
    this.sum = new XorValue(reader.bits64(64));
    for (const side of ['positive', 'negative'] as const) {
      this.values[side] = Array.from(this[side], () => new XorValue(reader.bits64(64)));
    }
    this.publish();
  }

  readNext(reader: BitReader): void {
    this.counts.read(reader);
    this.zeroCounts.read(reader);
    const stale = this.sum.read(reader) === staleMarkerBits;
    if (!stale)
      for (const side of ['positive', 'negative'] as const)
        for (const value of this.values[side]) value.read(reader);
    this.publish();
  }

  private publish(): void {
    this.count = floatOfBits(this.counts.bits);
    this.zeroCount = floatOfBits(this.zeroCounts.bits);
    for (const side of ['positive', 'negative'] as const) {
      this.values[side].forEach((value, i) => {
        this[side][i] = floatOfBits(value.bits);
      });
    }
  }
}
