import { limits } from '../../base/limits.ts';
import { staleTester } from '../promql/exec/sample-source.ts';
import { filterColumns, lowerBound, mergeColumns, type SampleColumns } from './sample-columns.ts';

/** A filler this near before the next sample of its betters, as a part of its own interval, would crowd it. */
const crowding = 0.25;
/** Jitter of scrapes that is no gap, as a part of the interval. */
const jitter = 0.1;

/**
 * How far outside of the asked time samples must be known so that the choice inside does not depend on where it was cut:
 * one interval each way for each further replica.
 */
export function dedupMarginMs(replicas: number): number {
  return limits.dedupIntervalMs * Math.max(0, replicas - 1) * 2;
}

/**
 * One series out of those that HA replicas wrote of the same thing, in the order of preference. The first replica's
 * samples are taken; a sample of a later one only where its betters have a gap: none of theirs within one interval (its
 * own, by its neighbours) before it, and none close after it. So a scrape that the first replica missed is filled, one
 * counter observed twice at almost the same time never seems to fall, and stored samples alone come out. A stale marker
 * is left out where another replica still sees the series. Which samples are taken depends on samples near them in
 * absolute time only, never on where a query starts or ends.
 */
export function dedupReplicas(replicas: readonly SampleColumns[]): SampleColumns {
  const [first, ...others] = replicas.filter((replica) => replica.timestamps.length > 0);
  if (first === undefined) return mergeColumns([]);
  if (others.length === 0) return first;
  const all = [first, ...others];
  let taken = withoutSurvivedStale(first, others);
  for (const [i, other] of others.entries()) {
    const live = withoutSurvivedStale(
      other,
      all.filter((_, at) => at !== i + 1),
    );
    const better = taken.timestamps;
    const fillers = filterColumns(live, (timestamp, index) => {
      const interval = intervalAt(live.timestamps, index);
      const next = lowerBound(better, timestamp);
      const before = better[next - 1];
      const after = better[next];
      if (before !== undefined && timestamp - before <= interval * (1 + jitter)) return false;
      return after === undefined || after - timestamp > interval * crowding;
    });
    taken = mergeColumns([taken, fillers]);
  }
  return taken;
}

/** Distance to the nearer neighbour, bounded: beyond the bound there is no regular interval to speak of. */
function intervalAt(timestamps: Float64Array, index: number): number {
  const before = index > 0 ? timestamps[index]! - timestamps[index - 1]! : Number.POSITIVE_INFINITY;
  const after =
    index + 1 < timestamps.length ? timestamps[index + 1]! - timestamps[index]! : Number.POSITIVE_INFINITY;
  return Math.min(before, after, limits.dedupIntervalMs);
}

/** Without the stale markers during which another replica goes on seeing the series. */
function withoutSurvivedStale(replica: SampleColumns, others: readonly SampleColumns[]): SampleColumns {
  const stale = staleTester(replica.values);
  const seen = others.map((other) => ({ timestamps: other.timestamps, stale: staleTester(other.values) }));
  return filterColumns(replica, (timestamp, index) => {
    if (!stale(index)) return true;
    return !seen.some((other) => {
      const next = lowerBound(other.timestamps, timestamp);
      const [before, after] = [other.timestamps[next - 1], other.timestamps[next]];
      if (before === undefined || after === undefined || other.stale(next - 1) || other.stale(next))
        return false;
      return after - before <= limits.dedupIntervalMs;
    });
  });
}
