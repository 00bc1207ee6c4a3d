import { type BlockMeta, blockResolutionMs, externalLabels } from '../format/block-meta.ts';
import type { SelectHints } from '../promql/exec/sample-source.ts';
import { intersectRanges, subtractRanges, type TimeRange, uniteRanges } from '../retention/time-ranges.ts';
import { isNearlyExact } from '../samples/aggregate-columns.ts';

/** Coarsest resolution that is preferred, in ms, 0 for raw samples; `auto`: as coarse as the steps allow. */
export type SourceResolution = number | 'auto';

/** Windows of downsampling, in ms. */
const fiveMinutesMs = 5 * 60_000;
const hourMs = 60 * 60_000;
/** A step has as many samples at least, where the resolution is chosen. */
const samplesPerStep = 5;
/** A window has as many samples at least. */
const samplesPerWindow = 2;

/** The resolution that answers a selection best: 0, five minutes or an hour, in ms. */
export function preferredResolutionMs(
  wish: SourceResolution | undefined,
  { func, stepMs = 0, windowMs = 0 }: Pick<SelectHints, 'func' | 'stepMs' | 'windowMs'>,
): number {
  if (wish === undefined || wish === 0) return 0;
  let mostMs = wish === 'auto' ? stepMs / samplesPerStep : wish;
  if (func !== undefined) {
    // Nobody who did not ask for them gets values that downsampled data cannot give.
    if (wish === 'auto' && !isNearlyExact(func)) return 0;
    mostMs = Math.min(mostMs, windowMs / samplesPerWindow);
  } else if (windowMs < fiveMinutesMs) return 0;
  return mostMs >= hourMs ? hourMs : mostMs >= fiveMinutesMs ? fiveMinutesMs : 0;
}

/** A block that serves a part of its time, or all. */
export interface ServingBlock {
  readonly meta: BlockMeta;
  /** Its time that preferred blocks serve: nothing counts twice. */
  readonly covered: readonly TimeRange[];
}

/**
 * Blocks that serve a query of [startMs, endMs]: those of the preferred resolution, finer ones in their gaps, the coarser of
 * them first, and coarser ones where nothing finer is left. A block with fewer labels holds what replicas with
 * more were deduplicated to.
 */
export function servingBlocks(
  metas: readonly BlockMeta[],
  startMs: number,
  endMs: number,
  preferredMs = 0,
): ServingBlock[] {
  const resolutions = new Set(metas.map(blockResolutionMs));
  if (resolutions.size <= 1) return metas.map((meta) => ({ meta, covered: [] }));
  const rank = (meta: BlockMeta) => {
    const resolutionMs = blockResolutionMs(meta);
    return resolutionMs <= preferredMs ? preferredMs - resolutionMs : 2 * preferredMs + resolutionMs;
  };
  const found: ServingBlock[] = [];
  for (const meta of metas) {
    const own = { startMs: meta.minTime, endMs: meta.maxTime };
    const better = metas.filter((other) => rank(other) < rank(meta) && areOfOne(other, meta));
    const covered = intersectRanges(
      uniteRanges(better.map((other) => ({ startMs: other.minTime, endMs: other.maxTime }))),
      [own],
    );
    const left = intersectRanges(subtractRanges(own, covered), [{ startMs, endMs: endMs + 1 }]);
    if (covered.length === 0 || left.length > 0) found.push({ meta, covered });
  }
  return found;
}

/** Whether two blocks of different resolution hold the same series: the finer one may have labels of replicas beside. */
function areOfOne(a: BlockMeta, b: BlockMeta): boolean {
  const [finer, coarser] = blockResolutionMs(a) < blockResolutionMs(b) ? [a, b] : [b, a];
  const labels = externalLabels(finer);
  return Object.entries(externalLabels(coarser)).every(([name, value]) => labels[name] === value);
}
