import type { WindowTask } from './task.ts';

/** Longest time from the first window's start to the last one's end: offsets in ms have 32 bits. */
const maxSpanMs = 2 ** 31 - 1;

type Windows = Pick<WindowTask, 'firstMs' | 'stepMs' | 'steps' | 'rangeMs' | 'mergeMarginMs'>;

/** Whether some window, with what joining looks at around it, meets samples of [minMs, maxMs]. */
export function meetsWindow(
  { firstMs, stepMs, steps, rangeMs, mergeMarginMs = 0 }: Windows,
  minMs: number,
  maxMs: number,
): boolean {
  // The first window that ends at or after the first sample.
  const step = steps === 1 ? 0 : Math.max(0, Math.ceil((minMs - firstMs - mergeMarginMs) / stepMs));
  if (step >= steps) return false;
  const endMs = firstMs + step * stepMs + mergeMarginMs;
  return endMs >= minMs && endMs - 2 * mergeMarginMs - rangeMs < maxMs;
}

/** Whether there is time between windows that none of them needs. */
export function leavesGaps({ stepMs, steps, rangeMs, mergeMarginMs = 0 }: Windows): boolean {
  return steps > 1 && stepMs > rangeMs + 2 * mergeMarginMs;
}

/** Runs of steps, as few as can be, whose times fit the kernels' 32 bits; undefined where one window alone does not. */
export function stepPieces<T extends Windows>(windows: T): T[] | undefined {
  const { firstMs, stepMs, steps, rangeMs, mergeMarginMs = 0 } = windows;
  const roomMs = maxSpanMs - rangeMs - 2 * mergeMarginMs;
  if (roomMs < 0 || !Number.isSafeInteger(firstMs)) return undefined;
  const most = Math.floor(roomMs / stepMs) + 1;
  if (steps <= most) return [windows];
  const pieces: T[] = [];
  for (let at = 0; at < steps; at += most)
    pieces.push({ ...windows, firstMs: firstMs + at * stepMs, steps: Math.min(most, steps - at) });
  return pieces;
}
