import { annotate } from '../annotations.ts';
import { addHistogram, IncompatibleSchemaError } from '../histogram/arithmetic.ts';
import {
  compactHistogram,
  copyHistogram,
  divideHistogram,
  type FloatHistogram,
  scaleHistogram,
  usesCustomBuckets,
} from '../histogram/float-histogram.ts';
import { detectReset } from '../histogram/reset.ts';
import type { Window } from '../range-series.ts';
import type { RangeCall } from './registry.ts';

interface RateKind {
  readonly isCounter: boolean;
  readonly isRate: boolean;
}

/** The change between the exact edges of a window: `anchored` takes the samples before them, `smoothed` interpolates. */
export function extendedRate(
  window: Window,
  input: RangeCall,
  kind: RateKind,
): number | FloatHistogram | undefined {
  return window.fHigh > window.fLow
    ? extendedFloatRate(window, input, kind)
    : extendedHistogramRate(window, input, kind);
}

/** First index at or after `low` whose time passes, in a sorted range; `high` when none does. */
function search(low: number, high: number, passes: (index: number) => boolean): number {
  let [from, to] = [low, high];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (passes(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}

/** The samples that the edges fall on or between; undefined when the window holds nothing new. */
function edgeSamples(
  times: Float64Array,
  low: number,
  high: number,
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
  smoothed: boolean,
): { first: number; last: number } | undefined {
  let last = high - 1;
  const first = Math.max(low, search(low, last, (i) => times[i]! > startMs) - 1);
  if (smoothed) last = search(low, last, (i) => times[i]! >= endMs);
  if (times[last]! <= startMs) return undefined;
  return { first, last };
}

/** Linear interpolation; a counter that fell starts again from 0. */
export function interpolateFloats(
  a: { readonly time: number; readonly value: number },
  b: { readonly time: number; readonly value: number },
  time: number,
  isCounter: boolean,
): number {
  const from = isCounter && b.value < a.value ? 0 : a.value;
  return from + ((b.value - from) * (time - a.time)) / (b.time - a.time);
}

function extendedFloatRate(
  window: Window,
  input: RangeCall,
  { isCounter, isRate }: RateKind,
): number | undefined {
  const { floats, floatTimes } = window.series;
  const smoothed = input.mode === 'smoothed';
  const edges = edgeSamples(floatTimes, window.fLow, window.fHigh, input, smoothed);
  if (edges === undefined || (smoothed && floatTimes[edges.first]! > input.endMs)) return undefined;
  let { first, last } = edges;
  const point = (i: number) => ({ time: floatTimes[i]!, value: floats[i]! });
  const left =
    smoothed && floatTimes[first]! < input.startMs
      ? interpolateFloats(point(first), point(first + 1), input.startMs, isCounter)
      : floats[first]!;
  const right =
    smoothed && last > window.fLow && floatTimes[last]! > input.endMs
      ? interpolateFloats(point(last - 1), point(last), input.endMs, isCounter)
      : floats[last]!;
  let change = right - left;
  if (isCounter) {
    if (floatTimes[first]! <= input.startMs) first++;
    if (floatTimes[last]! >= input.endMs) last--;
    let correction = 0;
    let previous = left;
    for (let i = first; i <= last; i++) {
      if (floats[i]! < previous) correction += previous;
      previous = floats[i]!;
    }
    if (right < previous) correction += previous;
    change += correction;
  }
  return isRate ? change / (input.rangeMs / 1000) : change;
}

/** The floats of a window with points on its exact edges: what an extended range selector shows by itself. */
export function extendedPoints(
  window: Window,
  edges: { readonly startMs: number; readonly endMs: number },
  smoothed: boolean,
): { timestampMs: number; value: number }[] {
  const { floats, floatTimes } = window.series;
  const found =
    window.fHigh > window.fLow
      ? edgeSamples(floatTimes, window.fLow, window.fHigh, edges, smoothed)
      : undefined;
  if (found === undefined) return [];
  let { first, last } = found;
  const point = (i: number) => ({ time: floatTimes[i]!, value: floats[i]! });
  const left =
    smoothed && floatTimes[first]! < edges.startMs
      ? interpolateFloats(point(first), point(first + 1), edges.startMs, false)
      : floats[first]!;
  const right =
    smoothed && last > window.fLow && floatTimes[last]! > edges.endMs
      ? interpolateFloats(point(last - 1), point(last), edges.endMs, false)
      : floats[last]!;
  if (floatTimes[first]! <= edges.startMs) first++;
  if (floatTimes[last]! >= edges.endMs) last--;
  const points = [{ timestampMs: edges.startMs, value: left }];
  for (let i = first; i <= last; i++) points.push({ timestampMs: floatTimes[i]!, value: floats[i]! });
  points.push({ timestampMs: edges.endMs, value: right });
  return points;
}

/** Interpolation between two histograms; tells of reconciled boundaries. Throws IncompatibleSchemaError. */
export function interpolateHistograms(
  a: { readonly time: number; readonly value: FloatHistogram },
  b: { readonly time: number; readonly value: FloatHistogram },
  time: number,
  isCounter: boolean,
  tellReconciled: (operation: 'addition' | 'subtraction') => void,
): FloatHistogram {
  if (time === a.time) return copyHistogram(a.value);
  if (time === b.time) return copyHistogram(b.value);
  const fraction = (time - a.time) / (b.time - a.time);
  const result = copyHistogram(b.value);
  if (isCounter && detectReset(b.value, a.value)) return scaleHistogram(result, fraction);
  if (addHistogram(result, a.value, -1).boundsReconciled) tellReconciled('subtraction');
  scaleHistogram(result, fraction);
  if (addHistogram(result, a.value).boundsReconciled) tellReconciled('addition');
  return result;
}

function extendedHistogramRate(
  window: Window,
  input: RangeCall,
  { isCounter, isRate }: RateKind,
): FloatHistogram | undefined {
  const { histograms, histogramTimes } = window.series;
  const { annotations } = input.context;
  const span = input.call.args[0]!.span;
  const smoothed = input.mode === 'smoothed';
  const edges = edgeSamples(histogramTimes, window.hLow, window.hHigh, input, smoothed);
  if (edges === undefined || (smoothed && histogramTimes[edges.first]! > input.endMs)) return undefined;
  const { first, last } = edges;
  const points = histograms.slice(first, last + 1);
  const custom = usesCustomBuckets(points[0]!);
  for (const point of points) {
    if (usesCustomBuckets(point) !== custom) {
      annotations.add(annotate.mixedExponentialCustom(input.metricName, span));
      return undefined;
    }
    if (isCounter && point.resetHint === 'gauge')
      annotations.add(annotate.notCounter(input.metricName, span));
  }
  const tell = (operation: 'addition' | 'subtraction') =>
    annotations.add(annotate.boundsReconciled(operation, span));
  const point = (i: number) => ({ time: histogramTimes[i]!, value: histograms[i]! });
  try {
    const left =
      smoothed && histogramTimes[first]! < input.startMs
        ? interpolateHistograms(point(first), point(first + 1), input.startMs, isCounter, tell)
        : copyHistogram(histograms[first]!);
    const right =
      smoothed && last > window.hLow && histogramTimes[last]! > input.endMs
        ? interpolateHistograms(point(last - 1), point(last), input.endMs, isCounter, tell)
        : copyHistogram(histograms[last]!);
    if (!isCounter && (left.resetHint !== 'gauge' || right.resetHint !== 'gauge')) {
      annotations.add(annotate.notGauge(input.metricName, span));
    }
    const change = copyHistogram(right);
    if (addHistogram(change, left, -1).boundsReconciled) tell('subtraction');
    if (isCounter) {
      const correction = resetCorrection(window, input, edges, left, right, tell);
      if (correction !== undefined && addHistogram(change, correction).boundsReconciled) tell('addition');
    }
    if (isRate) divideHistogram(change, input.rangeMs / 1000);
    change.resetHint = 'gauge';
    return compactHistogram(change);
  } catch (error) {
    if (!(error instanceof IncompatibleSchemaError)) throw error;
    annotations.add(annotate.mixedExponentialCustom(input.metricName, span));
    return undefined;
  }
}

/** What was lost in resets between the edges. */
function resetCorrection(
  window: Window,
  input: RangeCall,
  { first, last }: { readonly first: number; readonly last: number },
  left: FloatHistogram,
  right: FloatHistogram,
  tell: (operation: 'addition') => void,
): FloatHistogram | undefined {
  const { histograms, histogramTimes } = window.series;
  let from = first + 1;
  let previous = left;
  const interpolatedOverReset =
    input.mode === 'smoothed' &&
    histogramTimes[first]! < input.startMs &&
    detectReset(histograms[first + 1]!, histograms[first]!);
  if (interpolatedOverReset) {
    previous = histograms[first + 1]!;
    from++;
  }
  if (from > last) return undefined;
  let correction: FloatHistogram | undefined;
  const lose = (h: FloatHistogram) => {
    if (correction === undefined) correction = copyHistogram(h);
    else if (addHistogram(correction, h).boundsReconciled) tell('addition');
  };
  for (const point of histograms.slice(from, last)) {
    if (detectReset(point, previous)) lose(previous);
    previous = point;
  }
  if (detectReset(right, previous)) lose(previous);
  return correction;
}
