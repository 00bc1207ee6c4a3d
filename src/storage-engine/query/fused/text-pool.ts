import { limits } from '../../../base/limits.ts';
import type { WindowText } from '../../promql/exec/window-source.ts';
import type { TaskText, WindowResult, WindowTask } from './task.ts';

/** Bytes of a value's text with its time, of most values; and what stands around the values of a series. */
const valueTextBytes = 40;
const seriesTextBytes = 64;
const roundBytes = 256 * 1024;

/**
 * Memory in which threads write texts of answers, used again once an answer is sent: new memory for each would be
 * several megabytes that the garbage collector runs for.
 */
export class TextPool {
  /** Longest unused first. */
  private readonly free: Uint8Array[] = [];
  private freeBytes = 0;

  /** The shares of a task that is to give text, each with memory for it. */
  withTargets(tasks: readonly WindowTask[]): WindowTask[] {
    return tasks.map((task) => {
      const { text, steps, series } = task;
      if (text === undefined) return task;
      const { ends } = text.labels;
      const labelBytes = (ends[series.to - 1] ?? 0) - (ends[series.from - 1] ?? 0);
      const rowBytes = (series.to - series.from) * (steps * valueTextBytes + seriesTextBytes);
      return { ...task, text: { ...text, target: this.take(labelBytes + rowBytes) } };
    });
  }

  private take(bytes: number): Uint8Array {
    const at = this.free.findIndex(({ length }) => length >= bytes && length <= 2 * bytes + 4 * roundBytes);
    if (at < 0)
      return new Uint8Array(new SharedArrayBuffer(Math.max(1, Math.ceil(bytes / roundBytes)) * roundBytes));
    const [found] = this.free.splice(at, 1);
    this.freeBytes -= found!.length;
    return found!;
  }

  private give(memory: Uint8Array): void {
    this.free.push(memory);
    this.freeBytes += memory.length;
    while (this.freeBytes > limits.textPoolBytes) this.freeBytes -= this.free.shift()!.length;
  }

  /** The texts of all shares. What threads wrote for a query that has failed is never used again. */
  joined(tasks: readonly { readonly text?: TaskText }[], results: readonly WindowResult[]): WindowText {
    const targets = tasks.flatMap(({ text }) => text?.target ?? []);
    const parts = results.flatMap(({ written }, i) => {
      const { usedBytes, parts: others } = written!;
      return [...(usedBytes > 0 ? [tasks[i]!.text!.target!.subarray(0, usedBytes)] : []), ...others];
    });
    return {
      parts,
      series: results.reduce((sum, { written }) => sum + written!.rows, 0),
      release: () => {
        for (const target of targets.splice(0)) this.give(target);
      },
    };
  }
}
