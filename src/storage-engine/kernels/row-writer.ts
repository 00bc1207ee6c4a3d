import { Kernel } from './kernel.ts';
import { RowText, type StepTexts } from './row-text.ts';

/** Rows of values by step; a stale marker, read as bits, where there is none. Each row has one value at least. */
export interface JsonRows {
  readonly rows: readonly Float64Array[];
  /** Label sets as JSON, by row. */
  readonly labels: readonly string[];
  /** Times of the steps as JSON. */
  readonly times: readonly string[];
  readonly isVector: boolean;
}

/** Writes series as Prometheus's JSON with a kernel of its own. */
export class RowWriter {
  private readonly kernel = new Kernel();
  private readonly text = new RowText(this.kernel);

  /** A float's text, without quotes. */
  float(value: number): string {
    this.kernel.release();
    return this.text.float(value);
  }

  /** The series with commas between them, in parts; other texts may be written between two parts. */
  *write({ rows, labels, times, isVector }: JsonRows): Generator<Uint8Array> {
    for (let from = 0; from < rows.length; ) {
      this.kernel.release();
      const steps = this.text.putSteps(times);
      const to = Math.min(rows.length, from + this.text.rowsAtOnce(steps));
      if (from > 0) yield Buffer.from(',');
      yield this.batch(rows.slice(from, to), labels.slice(from, to), steps, isVector);
      from = to;
    }
  }

  private batch(
    rows: readonly Float64Array[],
    labels: readonly string[],
    steps: StepTexts,
    isVector: boolean,
  ): Uint8Array {
    const rowsAt = this.kernel.allocate(rows.length * steps.steps * 8);
    const floats = this.kernel.float64(rowsAt, rows.length * steps.steps);
    const ends = new Uint32Array(rows.length);
    let end = 0;
    rows.forEach((row, i) => {
      floats.set(row, i * steps.steps);
      end += Buffer.byteLength(labels[i]!);
      ends[i] = end;
    });
    const texts = { bytes: Buffer.from(labels.join('')), ends };
    return this.text.write(rowsAt, rows.length, steps, texts, isVector).text.slice();
  }
}
