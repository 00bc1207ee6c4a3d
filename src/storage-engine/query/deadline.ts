import type { Clock } from '../../base/clock.ts';
import type { CodedError } from '../../base/errors.ts';

/**
 * Runs `work` with a signal that aborts with `signal`, or with `late` once `timeMs` have passed. What fails after that
 * raises `late`; what fails after `signal` has aborted raises its reason. No timer is left behind.
 */
export async function withDeadline<T>(
  work: (signal: AbortSignal) => Promise<T>,
  options: {
    readonly clock: Clock;
    readonly timeMs: number;
    readonly signal: AbortSignal;
    readonly late: CodedError;
  },
): Promise<T> {
  const { clock, timeMs, signal, late } = options;
  const ended = new AbortController();
  const expiry = new AbortController();
  clock.sleep(timeMs, ended.signal).then(
    () => expiry.abort(late),
    () => undefined,
  );
  try {
    return await work(AbortSignal.any([signal, expiry.signal]));
  } catch (error) {
    signal.throwIfAborted();
    expiry.signal.throwIfAborted();
    throw error;
  } finally {
    ended.abort();
  }
}

/** The promise's outcome, or the signal's reason as soon as it aborts; what the promise does goes on. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
