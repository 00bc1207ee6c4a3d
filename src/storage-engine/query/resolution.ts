import { type BlockMeta, blockResolutionMs, externalLabels } from '../format/block-meta.ts';
import { intersectRanges, subtractRanges, type TimeRange, uniteRanges } from '../retention/time-ranges.ts';

/** A downsampled block that serves where nothing finer is left. */
export interface CoarseBlock {
  readonly meta: BlockMeta;
  /** Its time that finer blocks serve: nothing counts twice. */
  readonly covered: readonly TimeRange[];
}

/**
 * Downsampled blocks that serve a query of [startMs, endMs]: those with time that no finer block of the same series covers.
 * A block with fewer labels holds what replicas with more were deduplicated to.
 */
export function coarseBlocks(metas: readonly BlockMeta[], startMs: number, endMs: number): CoarseBlock[] {
  const found: CoarseBlock[] = [];
  for (const meta of metas) {
    const resolutionMs = blockResolutionMs(meta);
    if (resolutionMs === 0) continue;
    const finer = metas.filter(
      (other) =>
        blockResolutionMs(other) < resolutionMs && includes(externalLabels(other), externalLabels(meta)),
    );
    const own = { startMs: meta.minTime, endMs: meta.maxTime };
    const covered = intersectRanges(
      uniteRanges(finer.map((other) => ({ startMs: other.minTime, endMs: other.maxTime }))),
      [own],
    );
    const left = intersectRanges(subtractRanges(own, covered), [{ startMs, endMs: endMs + 1 }]);
    if (left.length > 0) found.push({ meta, covered });
  }
  return found;
}

function includes(labels: Readonly<Record<string, string>>, some: Readonly<Record<string, string>>): boolean {
  return Object.entries(some).every(([name, value]) => labels[name] === value);
}
