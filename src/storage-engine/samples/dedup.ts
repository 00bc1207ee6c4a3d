import { limits } from '../../base/limits.ts';
import { staleTester } from '../promql/exec/sample-source.ts';
import { chooseSamples } from './choose.ts';
import { mergeColumns, pickColumns, type SampleColumns } from './sample-columns.ts';

/**
 * How far outside of the asked time samples must be known so that the choice inside does not depend on where it was cut:
 * one interval each way for each further replica.
 */
export function dedupMarginMs(replicas: number): number {
  return limits.dedupIntervalMs * Math.max(0, replicas - 1) * 2;
}

/** Most replicas of one series that the margin of a selection reckons with. */
export const expectedReplicas = 3;

/**
 * One series out of those that HA replicas wrote of the same thing, in the order of preference, as `chooseSamples` says.
 * Stored samples alone come out; which are taken depends on samples near them in absolute time only, never on where a
 * query starts or ends.
 */
export function dedupReplicas(replicas: readonly SampleColumns[]): SampleColumns {
  const filled = replicas.filter((replica) => replica.timestamps.length > 0);
  if (filled.length <= 1) return filled[0] ?? mergeColumns([]);
  const { replica, row } = chooseSamples(
    filled.map(({ timestamps, values }) => ({ timestamps, stale: staleTester(values) })),
  );
  return pickColumns(filled, replica, row);
}
