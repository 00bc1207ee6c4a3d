import type { Clock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { Bucket } from './bucket.ts';

/** Reads of about one size, whose times compare: the power of four of their length. */
class ReadTimes {
  private readonly ms = new Float64Array(limits.hedgeSamples);
  private count = 0;

  add(ms: number): void {
    this.ms[this.count++ % this.ms.length] = ms;
  }

  /** After so long a read is slower than nearly all; undefined while too few are known. */
  get slowMs(): number | undefined {
    if (this.count < limits.hedgeLeastSamples) return undefined;
    const sorted = this.ms.slice(0, Math.min(this.count, this.ms.length)).sort();
    const at = Math.floor(sorted.length * limits.hedgeQuantile);
    return Math.max(limits.hedgeLeastMs, sorted[Math.min(at, sorted.length - 1)]! * limits.hedgeFactor);
  }
}

/**
 * The same bucket, its slowest range reads asked for a second time: what comes first is the answer, the other is given up
 * (Dean and Barroso, The Tail at Scale, 2013). Of all reads at most `limits.hedgeShare` are asked twice, so that a store
 * that is slow as a whole is not asked for more.
 */
export function hedged(bucket: Bucket, clock: Clock, metrics?: Metrics): Bucket {
  const hedges = metrics?.counter('promfleet_bucket_hedged_reads_total', 'Range reads asked for twice.', [
    'first',
  ]);
  const times = new Map<number, ReadTimes>();
  let allowance = 1;

  const timesOf = (lengthBytes: number) => {
    const size = Math.ceil(Math.log2(Math.max(1, lengthBytes)) / 2);
    let found = times.get(size);
    if (found === undefined) {
      found = new ReadTimes();
      times.set(size, found);
    }
    return found;
  };

  async function getRange(key: string, offset: number, lengthBytes: number, signal?: AbortSignal) {
    const known = timesOf(lengthBytes);
    const { slowMs } = known;
    allowance = Math.min(limits.hedgeBurst, allowance + limits.hedgeShare);
    const started = clock.monotonicMs();
    const ended = new AbortController();
    const inner = signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal]);
    const read = () => bucket.getRange(key, offset, lengthBytes, inner);
    try {
      if (slowMs === undefined) return await read();
      const first = read();
      const late = clock.sleep(slowMs, inner).then(
        () => 'late' as const,
        () => undefined,
      );
      if ((await Promise.race([first.then(() => 'done' as const), late])) !== 'late' || allowance < 1)
        return await first;
      allowance--;
      const second = read();
      const winner = await Promise.any([
        first.then((bytes) => ({ bytes, which: 'won' })),
        second.then((bytes) => ({ bytes, which: 'lost' })),
      ]).catch((error: AggregateError) => {
        // Both failed: the fault of the first is told.
        throw error.errors[0];
      });
      hedges?.add(1, { first: winner.which });
      return winner.bytes;
    } finally {
      known.add(clock.monotonicMs() - started);
      ended.abort(new Error('another read of the same was faster'));
    }
  }

  return {
    description: bucket.description,
    head: (key, signal) => bucket.head(key, signal),
    getRange,
    list: (prefix, options) => bucket.list(prefix, options),
    put: (key, body, signal) => bucket.put(key, body, signal),
    putIfAbsent: (key, body, signal) => bucket.putIfAbsent(key, body, signal),
    delete: (key, signal) => bucket.delete(key, signal),
    close: () => bucket.close(),
  };
}
