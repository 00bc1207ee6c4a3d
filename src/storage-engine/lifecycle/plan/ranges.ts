const hour = 3_600_000;
const day = 24 * hour;

/** Lengths of blocks, each a multiple of the one before, as Thanos compacts to. */
export const compactionRanges: readonly number[] = [2 * hour, 8 * hour, 2 * day, 14 * day];

/** Resolutions of downsampling, and the length from which on a block of the one before is downsampled. */
export const downsamplings = [
  { fromMs: 0, toMs: 5 * 60_000, minRangeMs: 40 * hour },
  { fromMs: 5 * 60_000, toMs: hour, minRangeMs: 10 * day },
] as const;
