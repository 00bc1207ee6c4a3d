import { limits } from '../../base/limits.ts';

/** A filler this near before the next sample of its betters, as a part of its own interval, would crowd it. */
const crowding = 0.25;
/** Jitter of scrapes that is no gap, as a part of the interval. */
const jitter = 0.1;

/** What the choice among replicas knows of one: times, strictly ascending, and which samples are stale markers. */
export interface ReplicaTimes {
  readonly timestamps: Float64Array;
  readonly stale: (index: number) => boolean;
}

/** Chosen samples in the order of time: replica and row of each. */
export interface ChosenSamples {
  readonly replica: Uint32Array;
  readonly row: Uint32Array;
}

interface Taken extends ChosenSamples {
  readonly times: Float64Array;
}

/**
 * The rule by which HA replicas become one series (ADR 11), over times alone: the samples of the first replica are taken;
 * one of a later replica only where its betters have a gap, none of theirs within nearly one interval (its own, by its
 * neighbours) before it, and none close after it. A stale marker is left out where another replica still sees the series.
 * Queries and compaction both choose by it.
 */
export function chooseSamples(replicas: readonly ReplicaTimes[]): ChosenSamples {
  const all = replicas.map((replica, number) => ({ ...replica, number }));
  let taken: Taken = { times: new Float64Array(0), replica: new Uint32Array(0), row: new Uint32Array(0) };
  for (const replica of all) {
    const live = liveRows(
      replica,
      all.filter((other) => other !== replica),
    );
    const chosen = taken.times.length === 0 ? live : fillers(replica.timestamps, live, taken.times);
    taken = join(taken, replica, chosen);
  }
  return taken;
}

/** Rows without the stale markers during which another replica goes on seeing the series. */
function liveRows(replica: ReplicaTimes, others: readonly ReplicaTimes[]): Uint32Array {
  const { timestamps, stale } = replica;
  const rows = new Uint32Array(timestamps.length);
  const cursors = new Uint32Array(others.length);
  let count = 0;
  for (let row = 0; row < timestamps.length; row++) {
    let survived = false;
    if (stale(row)) {
      const time = timestamps[row]!;
      others.forEach((other, o) => {
        let next = cursors[o]!;
        while (next < other.timestamps.length && other.timestamps[next]! < time) next++;
        cursors[o] = next;
        if (next === 0 || next === other.timestamps.length || other.stale(next - 1) || other.stale(next))
          return;
        if (other.timestamps[next]! - other.timestamps[next - 1]! <= limits.dedupIntervalMs) survived = true;
      });
    }
    if (!survived) rows[count++] = row;
  }
  return rows.subarray(0, count);
}

/** Those of a replica's live rows that lie in gaps of its betters. */
function fillers(timestamps: Float64Array, live: Uint32Array, better: Float64Array): Uint32Array {
  const rows = new Uint32Array(live.length);
  let count = 0;
  let next = 0;
  for (let i = 0; i < live.length; i++) {
    const time = timestamps[live[i]!]!;
    while (next < better.length && better[next]! < time) next++;
    // Beyond the bound there is no regular interval to speak of.
    let interval: number = limits.dedupIntervalMs;
    if (i > 0) interval = Math.min(interval, time - timestamps[live[i - 1]!]!);
    if (i + 1 < live.length) interval = Math.min(interval, timestamps[live[i + 1]!]! - time);
    if (next > 0 && time - better[next - 1]! < interval * (1 - jitter)) continue;
    if (next < better.length && better[next]! - time <= interval * crowding) continue;
    rows[count++] = live[i]!;
  }
  return rows.subarray(0, count);
}

function join(taken: Taken, replica: ReplicaTimes & { number: number }, rows: Uint32Array): Taken {
  const count = taken.times.length + rows.length;
  const out = {
    times: new Float64Array(count),
    replica: new Uint32Array(count),
    row: new Uint32Array(count),
  };
  let i = 0;
  let j = 0;
  for (let at = 0; at < count; at++) {
    const row = rows[j];
    if (row === undefined || (i < taken.times.length && taken.times[i]! < replica.timestamps[row]!)) {
      out.times[at] = taken.times[i]!;
      out.replica[at] = taken.replica[i]!;
      out.row[at] = taken.row[i++]!;
    } else {
      out.times[at] = replica.timestamps[row]!;
      out.replica[at] = replica.number;
      out.row[at] = row;
      j++;
    }
  }
  return out;
}
