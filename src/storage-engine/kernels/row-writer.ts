import { Kernel } from './kernel.ts';

const leastPower = -292;
const mostPower = 324;
const stepTextBytes = 32;
/** Longest text of a float, with its quotes and brackets. */
const valueBytes = 32;
const wrappingBytes = 32;

let powers: BigUint64Array | undefined;

/** Powers of ten as their upper 128 bits, rounded up: high and low word of each. */
function powersOfTen(): BigUint64Array {
  if (powers !== undefined) return powers;
  powers = new BigUint64Array((mostPower - leastPower + 1) * 2);
  for (let power = leastPower; power <= mostPower; power++) {
    const shift = BigInt(127 - Math.floor((power * 1741647) / 2 ** 19));
    const ten = 10n ** BigInt(Math.abs(power));
    let value: bigint;
    if (power >= 0) value = shift >= 0n ? ten << shift : (ten + (1n << -shift) - 1n) >> -shift;
    else value = ((1n << shift) + ten - 1n) / ten;
    powers[(power - leastPower) * 2] = value >> 64n;
    powers[(power - leastPower) * 2 + 1] = value & 0xffff_ffff_ffff_ffffn;
  }
  return powers;
}

/** Rows of values by step; a stale marker, read as bits, where there is none. Each row has one value at least. */
export interface JsonRows {
  readonly rows: readonly Float64Array[];
  /** Label sets as JSON in UTF-8, by row. */
  readonly labels: readonly Uint8Array[];
  /** Times of the steps as JSON. */
  readonly times: readonly string[];
  readonly isVector: boolean;
}

/** Writes series as Prometheus's JSON, byte for byte what `JSON` text of them would be. */
export class RowWriter {
  private readonly kernel = new Kernel();

  constructor() {
    const table = powersOfTen();
    this.kernel.bytes(this.kernel.run.powersOfTenAt(), table.byteLength).set(new Uint8Array(table.buffer));
  }

  /** A float's text, without quotes. */
  float(value: number): string {
    const { kernel } = this;
    kernel.release();
    const at = kernel.allocate(valueBytes);
    const end = kernel.run.formatFloat(at, value);
    return Buffer.from(kernel.bytes(at, end - at)).toString('latin1');
  }

  /** The series with commas between them, in parts; other texts may be written between two parts. */
  *write({ rows, labels, times, isVector }: JsonRows): Generator<Buffer> {
    const steps = times.length;
    const encoder = new TextEncoder();
    const texts = new Uint8Array(steps * stepTextBytes);
    for (let step = 0; step < steps; step++) {
      const place = texts.subarray(step * stepTextBytes, (step + 1) * stepTextBytes);
      place[stepTextBytes - 1] = encoder.encodeInto(`[${times[step]},"`, place).written;
    }
    for (let from = 0; from < rows.length; ) {
      const to = batchEnd(rows.length, from, steps);
      if (from > 0) yield Buffer.from(',');
      yield this.batch(rows.slice(from, to), labels.slice(from, to), { steps, texts, isVector });
      from = to;
    }
  }

  private batch(
    rows: readonly Float64Array[],
    labels: readonly Uint8Array[],
    { steps, texts, isVector }: { steps: number; texts: Uint8Array; isVector: boolean },
  ): Buffer {
    const { kernel } = this;
    kernel.release();
    const labelBytes = labels.reduce((sum, each) => sum + each.length, 0);
    const textsAt = kernel.allocate(texts.length);
    const rowsAt = kernel.allocate(rows.length * steps * 8);
    const labelsAt = kernel.allocate(labelBytes);
    const endsAt = kernel.allocate(rows.length * 4);
    const perRow = steps * (stepTextBytes + valueBytes) + wrappingBytes;
    const out = kernel.allocate(rows.length * perRow + labelBytes);
    kernel.bytes(textsAt, texts.length).set(texts);
    const floats = kernel.float64(rowsAt, rows.length * steps);
    const bytes = kernel.bytes(labelsAt, labelBytes);
    const ends = kernel.uint32(endsAt, rows.length);
    let end = 0;
    rows.forEach((row, i) => {
      floats.set(row, i * steps);
      bytes.set(labels[i]!, end);
      end += labels[i]!.length;
      ends[i] = end;
    });
    const stop = kernel.run.writeRows(rowsAt, rows.length, steps, isVector, textsAt, labelsAt, endsAt, out);
    return Buffer.from(kernel.bytes(out, stop - out));
  }
}

/** Values of one batch: its text takes about 40 bytes of each. */
const batchValues = 100_000;

function batchEnd(rows: number, from: number, steps: number): number {
  return Math.min(rows, from + Math.max(1, Math.floor(batchValues / steps)));
}
