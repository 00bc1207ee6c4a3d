import type { LabelMatcher } from '../syntax/ast.ts';
import type { FloatHistogram } from './histogram/float-histogram.ts';
import type { Labels } from './labels.ts';
import type { WindowAnswer, WindowQuery } from './window-source.ts';

/** What a query will do with a selection; a source may read less because of it, never more. */
export interface SelectHints {
  /** First and last timestamp that can matter, in ms, both included. */
  readonly startMs: number;
  readonly endMs: number;
  /** The function that a range selector is the argument of: tells which aggregate of downsampled data answers it. */
  readonly func?: string;
  /** Time between steps, 0 at a single one, and the length of each window, which is the lookback of an instant selector. */
  readonly stepMs?: number;
  readonly windowMs?: number;
}

/** One series with its samples in columns, oldest first. Stale markers are kept as they are stored. */
export interface SourceSeries {
  readonly labels: Labels;
  /** Milliseconds, strictly ascending. */
  readonly timestamps: Float64Array;
  /** Float values; of a histogram sample anything. */
  readonly values: Float64Array;
  /** The histogram of a sample, where it is one. Absent: floats only. */
  readonly histograms?: readonly (FloatHistogram | undefined)[];
  /** Start timestamps in ms, 0 where unknown. Absent: all unknown. */
  readonly startTimestamps?: Float64Array;
}

/** Where samples come from: memory, blocks, servers, or all of them united. */
export interface SampleSource {
  /**
   * The series that match all matchers, sorted by labels, each with at least its samples inside the hints. Throws
   * what the query is to fail with.
   */
  select(matchers: readonly LabelMatcher[], hints: SelectHints): Promise<readonly SourceSeries[]>;
  /**
   * Evaluates windows beside the data, with the same answer as the evaluation of what `select` gives. Undefined where the
   * source cannot: histograms, overlap, faults.
   */
  windows?(query: WindowQuery): Promise<WindowAnswer | undefined>;
}

const staleHigh = 0x7ff00000;
const staleLow = 2;

/** Tells stale markers: compared as bits, as JavaScript does not keep NaNs apart. */
export function staleTester(values: Float64Array): (index: number) => boolean {
  const words = wordsOf(values);
  return (index) => words[index * 2] === staleLow && words[index * 2 + 1] === staleHigh;
}

/** The 32-bit words of doubles, low word first (all platforms of Node are little-endian). */
function wordsOf(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
}

/** Writes the stale marker. */
export function setStale(values: Float64Array, index: number): void {
  const words = wordsOf(values);
  words[index * 2] = staleLow;
  words[index * 2 + 1] = staleHigh;
}
