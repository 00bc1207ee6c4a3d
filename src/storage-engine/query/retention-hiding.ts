import type { MergedPart, MergedSeries } from '../block/merge/merged-series.ts';
import type { HiddenTime } from '../block/merge/narrow.ts';
import { type BlockMeta, blockResolutionMs, externalLabels } from '../format/block-meta.ts';
import type { Labels } from '../promql/exec/labels.ts';
import { coverableOf, coverageOfMetas } from '../retention/coverage.ts';
import { type BlockTime, hiddenByAll, hiddenByVerdicts, type Retention } from '../retention/retention.ts';
import { labelLookup } from '../retention/series-labels.ts';
import { intersectRanges, type TimeRange } from '../retention/time-ranges.ts';
import { filterColumns, lowerBound, type SampleColumns, sliceColumns } from '../samples/sample-columns.ts';

const always: TimeRange = { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY };

/**
 * Hides what is past its retention or erased, in blocks of one query. `metas` are the blocks that readers use in the
 * query's time, of all resolutions: they tell what is covered. Undefined where nothing is hidden.
 */
export function hidingOf(
  retentions: readonly Retention[],
  metas: readonly BlockMeta[],
  nowMs: number,
): ((merged: MergedSeries) => HiddenTime) | undefined {
  const active = retentions.filter((retention) => !retention.isEmpty);
  if (active.length === 0) return undefined;
  const coverage = coverageOfMetas(metas);
  return (merged) => (part) => {
    const { meta } = part.block;
    const external = externalLabels(meta);
    const concerned = active.filter((retention) => retention.concerns(external));
    if (concerned.length === 0) return undefined;
    const block: BlockTime = {
      startMs: meta.minTime,
      endMs: meta.maxTime,
      resolutionMs: blockResolutionMs(meta),
      coveredAt: (resolutionMs) => coverage.of(coverableOf(meta), resolutionMs),
    };
    return hiddenOfPart(merged, part, concerned, external, block, nowMs);
  };
}

function hiddenOfPart(
  merged: MergedSeries,
  { replica }: MergedPart,
  concerned: readonly Retention[],
  external: Readonly<Record<string, string>>,
  block: BlockTime,
  nowMs: number,
): (id: number) => readonly TimeRange[] {
  // Few classes of series: a block's time is judged once for each.
  const known = new Map<string, readonly TimeRange[]>();
  const dropped = merged.replicas[replica] ?? [];
  return (id) => {
    const label = labelLookup(external, [...merged.pairs(id), ...dropped]);
    const classes = concerned.map((retention) => retention.classOf(label));
    const key = classes.join(' ');
    let ranges = known.get(key);
    if (ranges === undefined) {
      const verdicts = concerned.map((retention, at) => retention.verdictOf(classes[at]!));
      ranges = hiddenByVerdicts(verdicts, block, nowMs);
      known.set(key, ranges);
    }
    return ranges;
  };
}

/** What a live server's series is to show: raw samples, of which no coarser ones are known there. */
export function hideLive(
  retentions: readonly Retention[],
  external: Labels,
  labels: Labels,
  columns: SampleColumns,
  nowMs: number,
): SampleColumns {
  const own = Object.fromEntries(external.entries());
  const concerned = retentions.filter((retention) => !retention.isEmpty && retention.concerns(own));
  if (concerned.length === 0) return columns;
  const block: BlockTime = { ...always, resolutionMs: 0, coveredAt: () => [] };
  const hidden = hiddenByAll(concerned, labelLookup(own, labels.pairs), block, nowMs);
  return withoutRanges(columns, hidden);
}

/** Samples outside of `hidden`, which is in order without overlaps. */
function withoutRanges(columns: SampleColumns, hidden: readonly TimeRange[]): SampleColumns {
  const { timestamps } = columns;
  const [first, last] = [timestamps[0], timestamps.at(-1)];
  if (first === undefined || last === undefined) return columns;
  const touched = intersectRanges(hidden, [{ startMs: first, endMs: last + 1 }]);
  if (touched.length === 0) return columns;
  const [only] = touched;
  // The usual case: everything before a time.
  if (touched.length === 1 && only!.startMs <= first)
    return sliceColumns(columns, timestamps[lowerBound(timestamps, only!.endMs)] ?? last + 1, last);
  return filterColumns(
    columns,
    (time) => !touched.some(({ startMs, endMs }) => time >= startMs && time < endMs),
  );
}
