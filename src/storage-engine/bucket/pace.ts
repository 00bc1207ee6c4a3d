import type { Clock } from '../../base/clock.ts';
import type { Pace } from './bucket.ts';

/**
 * A limit of bytes per second as a pace for uploads: each part waits until the parts before it, at that rate, are through. A
 * pause is not made up for by a burst afterwards.
 */
export function paceOf(bytesPerSecond: number, clock: Clock, signal?: AbortSignal): Pace {
  let freeAtMs = 0;
  return async (bytes) => {
    const nowMs = clock.monotonicMs();
    const startMs = Math.max(nowMs, freeAtMs);
    freeAtMs = startMs + (bytes / bytesPerSecond) * 1000;
    if (startMs > nowMs) await clock.sleep(startMs - nowMs, signal);
  };
}
