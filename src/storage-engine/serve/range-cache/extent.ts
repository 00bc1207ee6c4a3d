import { limits } from '../../../base/limits.ts';
import { type Steps, stepTime } from '../../promql/exec/context.ts';
import type { FloatHistogram } from '../../promql/exec/histogram/float-histogram.ts';
import type { Labels } from '../../promql/exec/labels.ts';
import type { Point, ResultRow, ResultSeries } from '../../promql/exec/result-series.ts';
import { setStale, staleTester } from '../../promql/exec/sample-source.ts';

/** One series at the steps of an extent. */
export interface ExtentSeries {
  readonly labels: Labels;
  /** Floats by step; a stale marker, read as bits, where there is none. */
  readonly values: Float64Array;
  readonly histograms?: readonly (FloatHistogram | undefined)[];
}

type Histograms = (FloatHistogram | undefined)[];

/** Answers of one query at the steps from start to end. */
export interface Extent {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly series: ReadonlyMap<string, ExtentSeries>;
}

export const stepsIn = (startMs: number, endMs: number, stepMs: number): number =>
  Math.floor((endMs - startMs) / stepMs) + 1;

function emptyValues(count: number): Float64Array {
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) setStale(values, i);
  return values;
}

function hasValue(values: Float64Array): boolean {
  const isMissing = staleTester(values);
  for (let step = 0; step < values.length; step++) if (!isMissing(step)) return true;
  return false;
}

/** The steps [startMs, endMs] of a result. */
export function extentOf(
  series: readonly ResultSeries[],
  { startMs, endMs, stepMs }: { readonly startMs: number; readonly endMs: number; readonly stepMs: number },
): Extent {
  const count = stepsIn(startMs, endMs, stepMs);
  const found = new Map<string, ExtentSeries>();
  for (const one of series) {
    const { labels, row } = one;
    if (row !== undefined && row.steps.startMs === startMs && row.steps.count === count) {
      // A copy: what a result holds may be a part of something larger.
      if (hasValue(row.values)) found.set(labels.key, { labels, values: row.values.slice() });
      continue;
    }
    const { points } = one;
    const values = emptyValues(count);
    let histograms: (FloatHistogram | undefined)[] | undefined;
    let any = false;
    for (const { timestampMs, value } of points) {
      const step = (timestampMs - startMs) / stepMs;
      if (step < 0 || step >= count) continue;
      any = true;
      if (typeof value === 'number') values[step] = value;
      else {
        histograms ??= new Array<FloatHistogram | undefined>(count).fill(undefined);
        histograms[step] = value;
      }
    }
    if (any) found.set(labels.key, { labels, values, ...(histograms && { histograms }) });
  }
  return { startMs, endMs, stepMs, series: found };
}

/** Extents that follow each other without a gap as one. */
export function joined(parts: readonly Extent[]): Extent {
  const [first, last] = [parts[0]!, parts.at(-1)!];
  const { startMs, stepMs } = first;
  const count = stepsIn(startMs, last.endMs, stepMs);
  const series = new Map<string, { labels: Labels; values: Float64Array; histograms?: Histograms }>();
  for (const part of parts) {
    const offset = (part.startMs - startMs) / stepMs;
    for (const [key, { labels, values, histograms }] of part.series) {
      let whole = series.get(key);
      if (whole === undefined) {
        whole = { labels, values: emptyValues(count) };
        series.set(key, whole);
      }
      whole.values.set(values, offset);
      if (histograms === undefined) continue;
      const all = whole.histograms ?? new Array<FloatHistogram | undefined>(count).fill(undefined);
      histograms.forEach((histogram, i) => {
        all[offset + i] = histogram;
      });
      whole.histograms = all;
    }
  }
  return { startMs, endMs: last.endMs, stepMs, series };
}

/** A part of an extent; both ends must be steps of it. */
export function slice(extent: Extent, startMs: number, endMs: number): Extent {
  if (startMs === extent.startMs && endMs === extent.endMs) return extent;
  const from = (startMs - extent.startMs) / extent.stepMs;
  const to = from + stepsIn(startMs, endMs, extent.stepMs);
  const series = new Map<string, ExtentSeries>();
  for (const [key, { labels, values, histograms }] of extent.series)
    series.set(key, {
      labels,
      values: values.slice(from, to),
      ...(histograms && { histograms: histograms.slice(from, to) }),
    });
  return { startMs, endMs, stepMs: extent.stepMs, series };
}

/** The series as a range query answers them: sorted, none without points. */
export function resultOf({ startMs, endMs, stepMs, series }: Extent): ResultSeries[] {
  const steps: Steps = { startMs, endMs, intervalMs: stepMs, count: stepsIn(startMs, endMs, stepMs) };
  return [...series.values()]
    .map((one) => new ExtentResult(one, steps))
    .filter(({ pointCount }) => pointCount > 0)
    .sort((a, b) => a.labels.compare(b.labels));
}

/** A series of an extent as one of a result; points are made when they are asked for. */
class ExtentResult implements ResultSeries {
  readonly labels: Labels;
  readonly pointCount: number;
  readonly #series: ExtentSeries;
  readonly #steps: Steps;

  constructor(series: ExtentSeries, steps: Steps) {
    this.labels = series.labels;
    this.#series = series;
    this.#steps = steps;
    const isMissing = staleTester(series.values);
    let count = 0;
    for (let step = 0; step < steps.count; step++)
      if (series.histograms?.[step] !== undefined || !isMissing(step)) count++;
    this.pointCount = count;
  }

  get row(): ResultRow | undefined {
    const { values, histograms } = this.#series;
    return histograms?.some((each) => each !== undefined) ? undefined : { steps: this.#steps, values };
  }

  get points(): readonly Point[] {
    const { values, histograms } = this.#series;
    const isMissing = staleTester(values);
    const points: Point[] = [];
    values.forEach((value, step) => {
      const histogram = histograms?.[step];
      if (histogram === undefined && isMissing(step)) return;
      points.push({ timestampMs: stepTime(this.#steps, step), value: histogram ?? value });
    });
    return points;
  }
}

/** Memory of an extent in bytes, from above. */
export function extentBytes({ series }: Extent): number {
  let bytes = 0;
  for (const { values, histograms } of series.values()) {
    bytes += limits.seriesMemoryBytes + values.length * 8;
    for (const histogram of histograms ?? []) {
      if (histogram === undefined) continue;
      const buckets = histogram.positive.counts.length + histogram.negative.counts.length;
      bytes += limits.seriesMemoryBytes + buckets * limits.histogramBucketMemoryBytes;
    }
  }
  return bytes;
}
