import type { Clock } from '../base/clock.ts';
import { limits } from '../base/limits.ts';

/**
 * Tells when the wall clock was set, or the machine slept, until `signal` aborts: a queue waits by the clock that does not
 * jump, so what was to happen at a time of day would happen late or never.
 */
export async function watchClock(
  clock: Clock,
  signal: AbortSignal,
  jumped: (byMs: number) => void,
): Promise<void> {
  const offsetMs = () => clock.nowMs() - clock.monotonicMs();
  let knownMs = offsetMs();
  while (!signal.aborted) {
    await clock.sleep(limits.clockWatchMs, signal).catch(() => {});
    const byMs = offsetMs() - knownMs;
    if (signal.aborted || Math.abs(byMs) < limits.clockJumpMs) continue;
    knownMs += byMs;
    jumped(Math.round(byMs));
  }
}
