/** Functions over windows that kernels evaluate, with their numbers in `assembly/functions.ts`. */
export const windowFunctions = {
  /** An instant selector: the newest sample of the lookback, unless it is a stale marker. */
  lookback: 0,
  rate: 1,
  increase: 2,
  delta: 3,
  irate: 4,
  idelta: 5,
  resets: 6,
  changes: 7,
  sum_over_time: 8,
  avg_over_time: 9,
  min_over_time: 10,
  max_over_time: 11,
  count_over_time: 12,
  last_over_time: 13,
  first_over_time: 14,
  present_over_time: 15,
  stddev_over_time: 16,
  stdvar_over_time: 17,
} as const;

export type WindowFunction = keyof typeof windowFunctions;

/** Aggregations that kernels evaluate, with their numbers in `assembly/aggregate.ts`. */
export const windowOperators = {
  sum: 1,
  avg: 2,
  min: 3,
  max: 4,
  count: 5,
  group: 7,
  stdvar: 6,
  stddev: 6,
} as const;

export type WindowOperator = keyof typeof windowOperators;
