import { jsonTimestamp } from '../../kernels/json-timestamp.ts';
import type { Kernel } from '../../kernels/kernel.ts';
import { labelTextsOf, RowText, type StepTexts } from '../../kernels/row-text.ts';
import type { TaskText, WindowTask } from './task.ts';

/** The rows of a task as text, batch by batch; it keeps the times of the steps in the kernel's memory. */
export class RowTexts {
  readonly parts: Uint8Array<ArrayBuffer>[] = [];
  rows = 0;
  private readonly writer: RowText;
  private readonly asked: TaskText;
  private readonly steps: StepTexts;

  constructor(kernel: Kernel, { steps, stepMs }: WindowTask, asked: TaskText) {
    this.asked = asked;
    this.writer = new RowText(kernel);
    const times = Array.from({ length: steps }, (_, step) => jsonTimestamp(asked.firstMs + step * stepMs));
    this.steps = this.writer.putSteps(times);
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
      if (rows === 0) continue;
      this.parts.push(text);
      this.rows += rows;
    }
  }
}
