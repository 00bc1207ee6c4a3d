import type { Kernel } from './kernel.ts';

const leastPower = -292;
const mostPower = 324;
const stepTextBytes = 32;
/** Longest text of a float, with its quotes and brackets. */
const valueBytes = 32;
const wrappingBytes = 32;
/** Values of one text: it takes about 40 bytes of each. */
const textValues = 100_000;

let powers: Uint8Array | undefined;

/** Powers of ten as their upper 128 bits, rounded up: high and low word of each. */
function powersOfTen(): Uint8Array {
  if (powers !== undefined) return powers;
  const words = new BigUint64Array((mostPower - leastPower + 1) * 2);
  for (let power = leastPower; power <= mostPower; power++) {
    const shift = BigInt(127 - Math.floor((power * 1741647) / 2 ** 19));
    const ten = 10n ** BigInt(Math.abs(power));
    let value: bigint;
    if (power >= 0) value = shift >= 0n ? ten << shift : (ten + (1n << -shift) - 1n) >> -shift;
    else value = ((1n << shift) + ten - 1n) / ten;
    words[(power - leastPower) * 2] = value >> 64n;
    words[(power - leastPower) * 2 + 1] = value & 0xffff_ffff_ffff_ffffn;
  }
  powers = new Uint8Array(words.buffer);
  return powers;
}

/** Label sets of series as JSON in UTF-8, one behind the other: that of series i ends at `ends[i]`. */
export interface LabelTexts {
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
}

/** Texts of steps in a kernel's memory. */
export interface StepTexts {
  readonly at: number;
  readonly steps: number;
}

/** Some series as Prometheus's JSON in UTF-8, with commas between; empty where no row had a value. */
export interface RowsText {
  /** In the kernel's memory, until something else is put there. */
  readonly text: Uint8Array;
  readonly rows: number;
}

/** Writes rows that lie in a kernel's memory as series of Prometheus's JSON, byte for byte what `JSON` text of them would be. */
export class RowText {
  private readonly kernel: Kernel;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    const table = powersOfTen();
    kernel.bytes(kernel.run.powersOfTenAt(), table.length).set(table);
  }

  /** A float's text, without quotes. */
  float(value: number): string {
    const { kernel } = this;
    const { mark } = kernel;
    const at = kernel.allocate(valueBytes);
    const end = kernel.run.formatFloat(at, value);
    kernel.release(mark);
    return Buffer.from(kernel.bytes(at, end - at)).toString('latin1');
  }

  /** Puts the times of steps, as JSON, into the kernel's memory. */
  putSteps(times: readonly string[]): StepTexts {
    const encoder = new TextEncoder();
    const steps = times.length;
    const at = this.kernel.allocate(steps * stepTextBytes);
    const texts = this.kernel.bytes(at, steps * stepTextBytes);
    for (let step = 0; step < steps; step++) {
      const place = texts.subarray(step * stepTextBytes, (step + 1) * stepTextBytes);
      place[stepTextBytes - 1] = encoder.encodeInto(`[${times[step]},"`, place).written;
    }
    return { at, steps };
  }

  /** How many rows `write` takes at once. */
  rowsAtOnce({ steps }: StepTexts): number {
    return Math.max(1, Math.floor(textValues / steps));
  }

  /**
   * The text of `count` rows at `rowsAt`, values by step and a stale marker where there is none; `labels` are those of
   * these rows. Rows without a value are left out.
   */
  write(
    rowsAt: number,
    count: number,
    { at: textsAt, steps }: StepTexts,
    labels: LabelTexts,
    isVector: boolean,
  ): RowsText {
    const { kernel } = this;
    const { mark } = kernel;
    const labelsAt = kernel.allocate(labels.bytes.length);
    const endsAt = kernel.allocate(count * 4);
    const perRow = steps * (stepTextBytes + valueBytes) + wrappingBytes;
    const out = kernel.allocate(count * perRow + labels.bytes.length);
    kernel.bytes(labelsAt, labels.bytes.length).set(labels.bytes);
    kernel.uint32(endsAt, count).set(labels.ends);
    const stop = kernel.run.writeRows(rowsAt, count, steps, isVector, textsAt, labelsAt, endsAt, out);
    kernel.release(mark);
    return { text: kernel.bytes(out, stop - out), rows: kernel.run.rowsWritten() };
  }
}

/** The texts of series [from, to), their ends counted anew. */
export function labelTextsOf({ bytes, ends }: LabelTexts, from: number, to: number): LabelTexts {
  const start = from === 0 ? 0 : ends[from - 1]!;
  const own = ends.slice(from, to);
  for (let i = 0; i < own.length; i++) own[i] = own[i]! - start;
  return { bytes: bytes.subarray(start, to === from ? start : ends[to - 1]!), ends: own };
}
