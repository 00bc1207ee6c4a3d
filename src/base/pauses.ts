import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from './clock.ts';

/**
 * For long work on a shared thread: the returned function gives the turn to other work when `sliceMs` have passed since it
 * last did, and is undefined, so that nothing is awaited, as long as they have not.
 */
export function pauses(clock: Clock, sliceMs: number): () => Promise<void> | undefined {
  let sinceMs = clock.monotonicMs();
  return () => {
    if (clock.monotonicMs() - sinceMs < sliceMs) return undefined;
    return nextTurn().then(() => {
      sinceMs = clock.monotonicMs();
    });
  };
}
