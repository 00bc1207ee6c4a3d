import {
  compactHistogram,
  emptyHistogram,
} from '../../../src/storage-engine/promql/exec/histogram/float-histogram.ts';
import type { Labels } from '../../../src/storage-engine/promql/exec/labels.ts';
import type { MemorySample } from '../../../src/storage-engine/promql/exec/memory-source.ts';
import type { LoadCommand } from './parse-file.ts';

interface ClassicHistogram {
  readonly buckets: Map<number, number>;
  count?: number;
  sum: number;
}

/** Native histograms with custom buckets for the classic ones of a `load_with_nhcb`. */
export function customBucketSeries(command: LoadCommand): { labels: Labels; samples: MemorySample[] }[] {
  const groups = new Map<string, { labels: Labels; byTime: Map<number, ClassicHistogram> }>();
  for (const { labels, values } of command.series) {
    const match = /^(.*)_(bucket|count|sum)$/.exec(labels.get('__name__'));
    if (match === null) continue;
    const [, name, part] = match as unknown as [string, string, string];
    const le = Number(labels.get('le').replace(/^\+?Inf$/, 'Infinity'));
    if (part === 'bucket' && (labels.get('le') === '' || Number.isNaN(le))) continue;
    const base = labels.with([
      ['__name__', name],
      ['le', ''],
    ]);
    const group = groups.get(base.key) ?? { labels: base, byTime: new Map<number, ClassicHistogram>() };
    groups.set(base.key, group);
    for (const [i, value] of values.entries()) {
      if (value.kind !== 'float') continue;
      const time = i * command.stepMs;
      const classic = group.byTime.get(time) ?? { buckets: new Map<number, number>(), sum: 0 };
      group.byTime.set(time, classic);
      if (part === 'bucket') classic.buckets.set(le, value.value);
      else if (part === 'count') classic.count = value.value;
      else classic.sum = value.value;
    }
  }
  return [...groups.values()].map(({ labels, byTime }) => ({
    labels,
    samples: [...byTime]
      .sort(([a], [b]) => a - b)
      .map(([timestampMs, classic]) => ({ timestampMs, value: nativeOf(classic) })),
  }));
}

function nativeOf({ buckets, count, sum }: ClassicHistogram) {
  const bounds = [...buckets.keys()].sort((a, b) => a - b);
  const total = count ?? (bounds.length === 0 ? 0 : buckets.get(bounds.at(-1)!)!);
  if (bounds.at(-1) !== Infinity) {
    bounds.push(Infinity);
    buckets.set(Infinity, total);
  }
  let before = 0;
  const counts = bounds.map((bound) => {
    const cumulative = buckets.get(bound)!;
    const own = cumulative - before;
    before = cumulative;
    return own;
  });
  return compactHistogram(
    emptyHistogram({
      schema: -53,
      count: total,
      sum,
      customValues: bounds.slice(0, -1),
      positive: { indices: bounds.map((_, i) => i), counts },
    }),
  );
}
