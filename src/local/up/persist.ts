import type { Clock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import { isTransient } from '../../kube/errors.ts';

/**
 * Repeats idempotent work while the API server is away: it is restarted by its supervisor, and a start in progress waits for
 * it. Other failures, and those that last, are raised.
 */
export async function persist<T>(clock: Clock, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const startedMs = clock.monotonicMs();
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!isTransient(error) || clock.monotonicMs() - startedMs > limits.localOutageMs) throw error;
    }
    await clock.sleep(limits.localPollMs, signal);
  }
}
