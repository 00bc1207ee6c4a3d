import { CorruptDataError } from '../../base/errors.ts';
import { BitWriter } from './bit-writer.ts';
import { chunkEncoding } from './chunk.ts';
import type { CounterResetHeader, HistogramSamples } from './chunk-histogram.ts';
import { staleMarkerBits } from './chunk-xor.ts';
import { bitsOfFloat, bucketCount, type HistogramLayout, writeHistogramLayout } from './histogram-layout.ts';
import { writeVarbitInt, writeVarbitUint, XorValueWriter } from './varbit.ts';

const resetBits: Readonly<Record<CounterResetHeader, number>> = {
  unknown: 0,
  notReset: 0x40,
  reset: 0x80,
  gauge: 0xc0,
};

/**
 * Encodes rows [first, end) of histograms of one layout as the data of a chunk of encoding 2 (integer counts) or 3 (float
 * counts), bit for bit as Prometheus's appenders. `counterReset` says what is known about the time before the first row.
 */
export function encodeHistogramChunk(
  samples: HistogramSamples,
  encoding: 2 | 3,
  counterReset: CounterResetHeader = samples.counterReset,
  first = 0,
  end = samples.timestamps.length,
): Uint8Array {
  const count = end - first;
  if (count <= 0 || count > 0xffff)
    throw new CorruptDataError(`histogram chunk: ${count} samples do not fit into a chunk`);
  const writer = new BitWriter();
  writer.bits32(count, 16);
  writer.bits32(resetBits[counterReset], 8);
  const stale = samples.sumBits[first] === staleMarkerBits;
  const layout = stale ? emptyLayout : samples.layout;
  writeHistogramLayout(writer, layout);
  const body = encoding === chunkEncoding.histogram ? new IntegerBody(samples) : new FloatBody(samples);
  let timestamp = samples.timestamps[first]!;
  let delta = 0;
  writeVarbitInt(writer, timestamp);
  body.first(writer, first, stale);
  for (let row = first + 1; row < end; row++) {
    const next = samples.timestamps[row]! - timestamp;
    timestamp = samples.timestamps[row]!;
    writeVarbitInt(writer, next - delta);
    delta = next;
    const staleNow = samples.sumBits[row] === staleMarkerBits;
    if (stale && !staleNow)
      throw new CorruptDataError('histogram chunk: only stale markers can follow a stale marker');
    body.next(writer, row, staleNow);
  }
  return writer.finish();
}

const emptyLayout: HistogramLayout = {
  schema: 0,
  zeroThreshold: 0,
  positiveSpans: [],
  negativeSpans: [],
  customValues: new Float64Array(0),
};

interface Side {
  readonly rows: Float64Array;
  readonly width: number;
}

function sidesOf(samples: HistogramSamples): Side[] {
  return [
    { rows: samples.positive, width: bucketCount(samples.layout.positiveSpans) },
    { rows: samples.negative, width: bucketCount(samples.layout.negativeSpans) },
  ];
}

class IntegerBody {
  private readonly samples: HistogramSamples;
  private readonly sides: (Side & { stored: Float64Array; deltas: Float64Array })[];
  private sum = new XorValueWriter(0n);
  private count = 0;
  private countDelta = 0;
  private zeroCount = 0;
  private zeroCountDelta = 0;

  constructor(samples: HistogramSamples) {
    this.samples = samples;
    this.sides = sidesOf(samples).map((side) => ({
      ...side,
      stored: new Float64Array(side.width),
      deltas: new Float64Array(side.width),
    }));
  }

  first(writer: BitWriter, row: number, stale: boolean): void {
    this.count = stale ? 0 : this.samples.counts[row]!;
    this.zeroCount = stale ? 0 : this.samples.zeroCounts[row]!;
    writeVarbitUint(writer, this.count);
    writeVarbitUint(writer, this.zeroCount);
    const bits = this.samples.sumBits[row]!;
    writer.bits(bits, 64);
    this.sum = new XorValueWriter(bits);
    if (stale) return;
    for (const { rows, width, stored } of this.sides) {
      for (let i = 0, before = 0; i < width; i++) {
        const absolute = rows[row * width + i]!;
        stored[i] = absolute - before;
        before = absolute;
        writeVarbitInt(writer, stored[i]!);
      }
    }
  }

  next(writer: BitWriter, row: number, stale: boolean): void {
    const { counts, zeroCounts, sumBits } = this.samples;
    const count = stale ? 0 : counts[row]!;
    const zeroCount = stale ? 0 : zeroCounts[row]!;
    const countDelta = count - this.count;
    const zeroCountDelta = zeroCount - this.zeroCount;
    writeVarbitInt(writer, stale ? 0 : countDelta - this.countDelta);
    writeVarbitInt(writer, stale ? 0 : zeroCountDelta - this.zeroCountDelta);
    [this.count, this.countDelta] = [count, countDelta];
    [this.zeroCount, this.zeroCountDelta] = [zeroCount, zeroCountDelta];
    this.sum.write(writer, sumBits[row]!);
    if (stale) return;
    for (const { rows, width, stored, deltas } of this.sides) {
      for (let i = 0, before = 0; i < width; i++) {
        const absolute = rows[row * width + i]!;
        const value = absolute - before;
        before = absolute;
        const delta = value - stored[i]!;
        writeVarbitInt(writer, delta - deltas[i]!);
        deltas[i] = delta;
        stored[i] = value;
      }
    }
  }
}

class FloatBody {
  private readonly samples: HistogramSamples;
  private readonly sides: Side[];
  private count = new XorValueWriter(0n);
  private zeroCount = new XorValueWriter(0n);
  private sum = new XorValueWriter(0n);
  private buckets: XorValueWriter[][] = [];

  constructor(samples: HistogramSamples) {
    this.samples = samples;
    this.sides = sidesOf(samples);
  }

  first(writer: BitWriter, row: number, stale: boolean): void {
    const begin = (bits: bigint) => {
      writer.bits(bits, 64);
      return new XorValueWriter(bits);
    };
    this.count = begin(stale ? 0n : bitsOfFloat(this.samples.counts[row]!));
    this.zeroCount = begin(stale ? 0n : bitsOfFloat(this.samples.zeroCounts[row]!));
    this.sum = begin(this.samples.sumBits[row]!);
    this.buckets = this.sides.map(({ rows, width }) =>
      Array.from({ length: stale ? 0 : width }, (_, i) => begin(bitsOfFloat(rows[row * width + i]!))),
    );
  }

  next(writer: BitWriter, row: number, stale: boolean): void {
    const { counts, zeroCounts, sumBits } = this.samples;
    this.count.write(writer, stale ? 0n : bitsOfFloat(counts[row]!));
    this.zeroCount.write(writer, stale ? 0n : bitsOfFloat(zeroCounts[row]!));
    this.sum.write(writer, sumBits[row]!);
    if (stale) return;
    this.sides.forEach(({ rows, width }, side) => {
      this.buckets[side]!.forEach((bucket, i) => {
        bucket.write(writer, bitsOfFloat(rows[row * width + i]!));
      });
    });
  }
}
