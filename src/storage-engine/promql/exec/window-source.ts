import type { WindowFunction, WindowOperator } from '../../kernels/window-functions.ts';
import type { LabelMatcher } from '../syntax/ast.ts';
import type { Labels } from './labels.ts';

/** A window function over a selector at some steps, aggregated or not. */
export interface WindowQuery {
  readonly matchers: readonly LabelMatcher[];
  readonly function: WindowFunction;
  /** Each window is (time - rangeMs, time]. */
  readonly rangeMs: number;
  /** Reference time of the first step, offset and `@` included; time between steps; their number. */
  readonly firstMs: number;
  readonly stepMs: number;
  readonly steps: number;
  readonly aggregate?: WindowAggregate;
}

export interface WindowAggregate {
  readonly operator: WindowOperator;
  /** Groups are formed by these labels, or by all but these. */
  readonly names: readonly string[];
  readonly without: boolean;
  /** Series that differ in nothing but these labels would be one to the function: then nothing is answered. */
  readonly dropped: readonly string[];
}

/** Float values by step; a stale marker, to be read as bits, where there is none. */
export interface WindowRow {
  readonly labels: Labels;
  readonly values: Float64Array;
}

export interface WindowAnswer {
  /** Series in the order of labels, or groups in the order of their first series that has a value. None is empty. */
  readonly rows: readonly WindowRow[];
  /** Samples in all windows, and values that the function gave. */
  readonly samplesSeen: number;
  readonly results: number;
}
