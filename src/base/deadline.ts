import type { Clock } from './clock.ts';

/** An abort signal that follows others until it is released; releasing leaves no listener behind. */
export interface LinkedAbort {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
  release(): void;
}

/** Aborts when any parent does. Unlike `AbortSignal.any` the parents hold nothing after `release`. */
export function linkAbort(...parents: readonly (AbortSignal | undefined)[]): LinkedAbort {
  const controller = new AbortController();
  const listeners: (() => void)[] = [];
  const release = () => {
    for (const remove of listeners.splice(0)) remove();
  };
  const abort = (reason?: unknown) => {
    release();
    controller.abort(reason);
  };
  for (const parent of parents) {
    if (parent === undefined) continue;
    if (parent.aborted) {
      abort(parent.reason);
      break;
    }
    const listener = () => abort(parent.reason);
    parent.addEventListener('abort', listener, { once: true });
    listeners.push(() => parent.removeEventListener('abort', listener));
  }
  return { signal: controller.signal, abort, release };
}

/**
 * Runs `work` with a signal that aborts after `timeoutMs` with `timeoutError()`, or when `parent` aborts. The work
 * must heed its signal; nothing (timer, listener) remains when it has ended.
 */
export async function withDeadline<T>(
  clock: Clock,
  timeoutMs: number,
  parent: AbortSignal | undefined,
  timeoutError: () => Error,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const linked = linkAbort(parent);
  const timer = new AbortController();
  clock.sleep(timeoutMs, timer.signal).then(
    () => linked.abort(timeoutError()),
    () => {},
  );
  try {
    linked.signal.throwIfAborted();
    return await work(linked.signal);
  } catch (error) {
    if (linked.signal.aborted) throw linked.signal.reason;
    throw error;
  } finally {
    // With a reason, as making the default one (an exception with its stack) costs more than the rest of this function.
    timer.abort('over');
    linked.release();
  }
}
