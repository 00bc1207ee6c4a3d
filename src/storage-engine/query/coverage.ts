import { limits } from '../../base/limits.ts';
import type { SelectHints } from '../promql/exec/sample-source.ts';

/** Time of one block, [minTimeMs, maxTimeMs). */
export interface BlockTime {
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
}

/** What is known of a live server that ships its blocks to the bucket. */
export interface ShippingServer {
  /** Late samples are taken for so long; 0 where they are refused. */
  readonly outOfOrderMs: number;
  readonly nowMs: number;
}

/**
 * The part of a selection that is to be read from a live server whose own blocks, those in the bucket with the same external
 * labels, lie at `blocks`: from the first moment on that they do not cover. A server that takes late samples
 * puts them into blocks of their own, later than others: of its window, and a while before, everything is read.
 * Undefined where the blocks hold all.
 */
export function liveHints(
  hints: SelectHints,
  blocks: readonly BlockTime[],
  { outOfOrderMs, nowMs }: ShippingServer,
): SelectHints | undefined {
  let fromMs = hints.startMs;
  for (const { minTimeMs, maxTimeMs } of [...blocks].sort((a, b) => a.minTimeMs - b.minTimeMs)) {
    if (minTimeMs > fromMs) break;
    fromMs = Math.max(fromMs, maxTimeMs);
  }
  if (outOfOrderMs > 0) fromMs = Math.min(fromMs, nowMs - outOfOrderMs - limits.lateBlockMs);
  fromMs = Math.max(fromMs, hints.startMs);
  return fromMs > hints.endMs ? undefined : { startMs: fromMs, endMs: hints.endMs };
}

/**
 * Whether blocks must be listed again after the live server was read: it has blocks in the bucket, and was read for time so
 * old that it may have shipped and deleted it meanwhile.
 */
export function mayHaveMoved(
  live: SelectHints | undefined,
  blocks: readonly BlockTime[],
  nowMs: number,
): boolean {
  return live !== undefined && blocks.length > 0 && live.startMs < nowMs - limits.localBlockMs;
}
