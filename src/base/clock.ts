/** Time as a port: simulation and tests pass their own; adapters and main pass `systemClock`. */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Monotonic clock, milliseconds from an arbitrary origin; never runs backwards. */
  monotonicMs(): number;
  /** Resolves after `delayMs` of monotonic time, or rejects with the signal's reason. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** Longest delay a Node timer can hold; longer sleeps are made of several. */
const maxTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(delayMs, signal) {
    let restMs = Math.max(0, delayMs);
    do {
      const partMs = Math.min(restMs, maxTimerMs);
      await timer(partMs, signal);
      restMs -= partMs;
    } while (restMs > 0);
  },
};

function timer(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(handle);
      reject(signal?.reason);
    };
    const handle = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, delayMs);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
