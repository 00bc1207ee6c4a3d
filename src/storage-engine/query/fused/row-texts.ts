import { jsonTimestamp } from '../../kernels/json-timestamp.ts';
import type { Kernel } from '../../kernels/kernel.ts';
import { labelTextsOf, RowText, type StepTexts } from '../../kernels/row-text.ts';
import type { TaskText, WindowTask, WrittenRows } from './task.ts';

const comma = 0x2c;

/** The rows of a task as text, batch by batch; it keeps the times of the steps in the kernel's memory. */
export class RowTexts {
  private readonly parts: Uint8Array<ArrayBuffer>[] = [];
  private rows = 0;
  private used = 0;
  private readonly writer: RowText;
  private readonly asked: TaskText;
  private readonly steps: StepTexts;

  constructor(kernel: Kernel, { steps, stepMs }: WindowTask, asked: TaskText) {
    this.asked = asked;
    this.writer = new RowText(kernel);
    const times = Array.from({ length: steps }, (_, step) => jsonTimestamp(asked.firstMs + step * stepMs));
    this.steps = this.writer.putSteps(times);
  }

  get written(): WrittenRows {
    return { usedBytes: this.used, parts: this.parts, rows: this.rows };
  }

  /** Rows of the series [from, to) that lie at `rowsAt`. */
  add(rowsAt: number, from: number, to: number): void {
    const { labels, isVector } = this.asked;
    const rowBytes = this.steps.steps * 8;
    const most = this.writer.rowsAtOnce(this.steps);
    for (let first = from; first < to; first += most) {
      const count = Math.min(most, to - first);
      const own = labelTextsOf(labels, first, first + count);
      const at = rowsAt + (first - from) * rowBytes;
      const { text, rows } = this.writer.write(at, count, this.steps, own, isVector);
      this.rows += rows;
      if (rows > 0) this.put(text);
    }
  }

  /** Behind the text before in the target, where it has room; what comes after the first that does not fit comes in parts. */
  private put(text: Uint8Array): void {
    const { target } = this.asked;
    const isFirst = this.used === 0;
    if (target === undefined || this.parts.length > 0 || this.used + text.length + 1 > target.length) {
      this.parts.push(text.slice());
      return;
    }
    if (!isFirst) target[this.used++] = comma;
    target.set(text, this.used);
    this.used += text.length;
  }
}
