import type { CallExpr } from '../../syntax/ast.ts';
import type { Column } from '../column.ts';
import type { EvalContext } from '../context.ts';
import type { FloatHistogram } from '../histogram/float-histogram.ts';
import type { Window } from '../range-series.ts';

/** A call of a function on instant vectors and scalars. */
export interface VectorCall {
  readonly call: CallExpr;
  /** Columns by argument; empty for strings. */
  readonly args: readonly Column[][];
  readonly context: EvalContext;
}

export type VectorFunction = (input: VectorCall) => Column[];
export type VectorFunctions = Readonly<Record<string, VectorFunction>>;

/** What a function on ranges knows beside the samples of its window. */
export interface RangeCall {
  readonly call: CallExpr;
  readonly context: EvalContext;
  readonly metricName: string;
  readonly rangeMs: number;
  readonly mode: 'anchored' | 'smoothed' | undefined;
  /** Time of the step. */
  evalMs: number;
  /** The window without what `anchored` and `smoothed` add: (start, end]. */
  startMs: number;
  endMs: number;
  /** Values of the scalar arguments, in their order. */
  readonly scalars: number[];
}

/** The value for one window; undefined: none. */
export type RangeFunction = (window: Window, input: RangeCall) => number | FloatHistogram | undefined;
export type RangeFunctions = Readonly<Record<string, RangeFunction>>;
