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
  /** Series that differ in nothing but these labels would be one to the function: then nothing is answered. */
  readonly distinctWithout?: readonly string[];
  readonly grouping?: WindowGrouping;
  /** Rows are wanted as text where the source can write it; never with a grouping. */
  readonly text?: WindowTextQuery;
}

export interface WindowTextQuery {
  /** Time of the first step as it is shown. */
  readonly firstMs: number;
  readonly isVector: boolean;
  /** Whether the metric's name stands among the labels; where not, `distinctWithout` is given and the name is the same for all. */
  readonly withName: boolean;
}

/** Series as Prometheus's JSON in UTF-8, in parts: between two parts belongs a comma, none is empty. */
export interface WindowText {
  readonly parts: readonly Uint8Array[];
  readonly series: number;
  /** The parts are no longer needed: their memory may be written anew. */
  release(): void;
}

export interface WindowGrouping {
  /** Groups are formed by these labels, or by all but these. */
  readonly names: readonly string[];
  readonly without: boolean;
  /** Absent: rows are series, and the answer tells the group of each. */
  readonly operator?: WindowOperator;
}

/** Float values by step; a stale marker, to be read as bits, where there is none. Labels are made when they are asked for. */
export interface WindowRow {
  readonly labels: Labels;
  readonly values: Float64Array;
}

/** Rows of series of which few will be looked at: none is made before. */
export interface WindowMatrix {
  readonly count: number;
  /** The value of a row at a step is that at `starts[row] + step`; a stale marker, to be read as bits, where there is none. */
  readonly values: Float64Array;
  readonly starts: Uint32Array;
  /** Group of each row, numbered in the order of their first rows. */
  readonly groupOf: Uint32Array;
  labelsOf(row: number): Labels;
}

export interface WindowAnswer {
  /** Series in the order of labels, or groups in the order of their first series that has a value. None is empty. */
  readonly rows: readonly WindowRow[];
  /** In place of the rows, where it was asked for and the source wrote it. */
  readonly text?: WindowText;
  /** In place of the rows, of a grouping without operator. */
  readonly matrix?: WindowMatrix;
  /** Samples in all windows, and values that the function gave. */
  readonly samplesSeen: number;
  readonly results: number;
}
