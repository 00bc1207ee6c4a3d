import type { Kernel } from '../../kernels/kernel.ts';
import { type WindowOperator, windowOperators } from '../../kernels/window-functions.ts';

/** No series of a group had a value. */
export const noSeries = 0xffffffff;

/** The states of groups in a kernel's memory, until it is released. */
export class GroupStates {
  readonly states: number;
  readonly firsts: number;
  private readonly kernel: Kernel;
  private readonly groups: number;
  private readonly steps: number;
  private readonly stateBytes: number;

  constructor(kernel: Kernel, groups: number, steps: number) {
    this.kernel = kernel;
    this.groups = groups;
    this.steps = steps;
    this.stateBytes = kernel.run.stateBytes(steps);
    this.states = kernel.allocate(this.stateBytes * groups);
    this.firsts = kernel.allocate(groups * 4);
    kernel.bytes(this.states, this.stateBytes * groups).fill(0);
    kernel.uint32(this.firsts, groups).fill(noSeries);
  }

  /** Rows of results, and the first series of each group that had a value. */
  finish(operator: WindowOperator): { rows: Float64Array; firsts: Uint32Array } {
    const { kernel, groups, steps } = this;
    const rows = new Float64Array(groups * steps);
    for (let group = 0; group < groups; group++) {
      const state = this.states + group * this.stateBytes;
      kernel.run.finishGroup(windowOperators[operator], operator === 'stddev', state, steps);
      rows.set(kernel.float64(state, steps), group * steps);
    }
    return { rows, firsts: kernel.uint32(this.firsts, groups).slice() };
  }
}

/** Aggregates rows of `steps` values, given series by series, as a task with an operator does. */
export function reduceRows(
  kernel: Kernel,
  rows: Float64Array,
  steps: number,
  operator: WindowOperator,
  grouping: { readonly groupOf: Uint32Array; readonly groups: number },
): { rows: Float64Array; firsts: Uint32Array } {
  kernel.release();
  const states = new GroupStates(kernel, grouping.groups, steps);
  const at = kernel.allocate(rows.byteLength);
  const groupOf = kernel.allocate(grouping.groupOf.byteLength);
  kernel.float64(at, rows.length).set(rows);
  kernel.uint32(groupOf, grouping.groupOf.length).set(grouping.groupOf);
  const code = windowOperators[operator];
  kernel.run.reduceRows(at, rows.length / steps, steps, code, groupOf, states.states, states.firsts);
  return states.finish(operator);
}
