import type { TimeRange } from '../../retention/time-ranges.ts';

/** Decides what goes of the series of one block: told all its symbols, then asked series by series. */
export interface SeriesJudge {
  note(number: number, text: Uint8Array): void;
  /** Number of the class of a series by its symbols, name and value in turn; below `goneClass`. */
  classOf(labels: Uint32Array): number;
  /** What goes of the series of a class: [startMs, endMs), in order without overlaps. */
  removed(classNumber: number): readonly TimeRange[];
  /** What of that goes because a coarser resolution has it. */
  covered(classNumber: number): readonly TimeRange[];
}

/** Stands for series of which nothing is left. */
export const goneClass = 65_535;

/** What goes of one block, found by reading its index once before it is rewritten. */
export interface InputRemoval {
  /** Whether nothing of a series is left, by its number in the order of the index. */
  readonly isGone: (series: number) => boolean;
  readonly removed: (series: number) => readonly TimeRange[];
  /** Whether a series that is left has the symbol: what no one has is not written, as it may be what is to be erased. */
  readonly uses: (symbol: number) => boolean;
  /** Series that lose anything, that lose everything, and all. */
  readonly touchedSeries: number;
  /** Whether samples go that a coarser resolution alone has then. */
  readonly trims: boolean;
  readonly goneSeries: number;
  readonly series: number;
}
