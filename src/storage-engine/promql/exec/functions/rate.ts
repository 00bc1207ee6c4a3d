import { annotate } from '../annotations.ts';
import { addHistogram, copyToSchema, IncompatibleSchemaError } from '../histogram/arithmetic.ts';
import {
  compactHistogram,
  copyHistogram,
  emptyHistogram,
  type FloatHistogram,
  scaleHistogram,
  usesCustomBuckets,
} from '../histogram/float-histogram.ts';
import { detectReset } from '../histogram/reset.ts';
import type { Window } from '../range-series.ts';
import { extendedRate } from './extended-rate.ts';
import type { RangeCall, RangeFunction, RangeFunctions } from './registry.ts';
import { isStartReset, startsOverlap } from './start-time.ts';

interface RateKind {
  readonly isCounter: boolean;
  readonly isRate: boolean;
}

/** The change over a window, extrapolated to its edges (Prometheus's extrapolatedRate). */
const extrapolated =
  (kind: RateKind): RangeFunction =>
  (window, input) => {
    const { annotations } = input.context;
    const span = input.call.args[0]!.span;
    const floatCount = window.fHigh - window.fLow;
    const histogramCount = window.hHigh - window.hLow;
    if (floatCount > 0 && histogramCount > 0) {
      annotations.add(annotate.mixedFloatsHistograms(input.metricName, span));
      return undefined;
    }
    if (input.mode !== undefined) return extendedRate(window, input, kind);
    return floatCount > 0 ? floatRate(window, input, kind) : histogramRate(window, input, kind);
  };

/** Whether start timestamps count for this function. */
function startsOf(
  starts: Float64Array | undefined,
  input: RangeCall,
  { isCounter }: RateKind,
): Float64Array | undefined {
  return isCounter && input.context.options.startTimestamps ? starts : undefined;
}

function floatRate(window: Window, input: RangeCall, kind: RateKind): number | undefined {
  const { floats, floatTimes } = window.series;
  const starts = startsOf(window.series.floatStarts, input, kind);
  const first = window.fLow;
  const last = window.fHigh - 1;
  let change = floats[last]! - floats[first]!;
  if (kind.isCounter) {
    let overlap = false;
    for (let i = first + 1; i <= last; i++) {
      if (starts !== undefined && !overlap && startsOverlap(starts[i - 1]!, floatTimes[i - 1]!, starts[i]!)) {
        overlap = true;
        tellOverlap(input);
      }
      const reset =
        floats[i]! < floats[i - 1]! ||
        (starts !== undefined &&
          isStartReset(starts[i - 1]!, floatTimes[i - 1]!, starts[i]!, floatTimes[i]!));
      if (reset) change += floats[i - 1]!;
    }
  }
  const edges = { firstMs: floatTimes[first]!, lastMs: floatTimes[last]!, samples: last - first + 1 };
  const started = startInside(starts?.[first], edges.firstMs, input);
  if (started !== undefined) change += floats[first]!;
  else if (edges.samples === 1) return undefined;
  // A counter was 0 before its first value: extrapolation does not go below.
  const toZero = change > 0 && floats[first]! >= 0 ? floats[first]! / change : undefined;
  const factor = extrapolationFactor(edges, input, kind, toZero, started);
  return change * factor;
}

function tellOverlap(input: RangeCall): void {
  input.context.annotations.add(annotate.startTimeOverlap(input.metricName, input.call.args[0]!.span));
}

/** The first sample's start timestamp, when it lies inside the window. */
function startInside(start: number | undefined, firstMs: number, input: RangeCall): number | undefined {
  if (start === undefined || start === 0) return undefined;
  return start > input.startMs && start < firstMs ? start : undefined;
}

function extrapolationFactor(
  edges: { readonly firstMs: number; readonly lastMs: number; readonly samples: number },
  input: RangeCall,
  kind: RateKind,
  zeroShare: number | undefined,
  startedMs: number | undefined,
): number {
  let toStart = (edges.firstMs - input.startMs) / 1000;
  let toEnd = (input.endMs - edges.lastMs) / 1000;
  let sampled = (edges.lastMs - edges.firstMs) / 1000;
  const average = edges.samples > 1 ? sampled / (edges.samples - 1) : 0;
  const threshold = average * 1.1;
  if (startedMs !== undefined) {
    toStart = 0;
    sampled = (edges.lastMs - startedMs) / 1000;
  } else {
    if (toStart >= threshold) toStart = average / 2;
    if (kind.isCounter && zeroShare !== undefined) {
      const toZero = sampled * zeroShare;
      if (toZero < toStart) toStart = toZero;
    }
  }
  if (toEnd >= threshold) toEnd = average / 2;
  const factor = sampled === 0 ? 1 : (sampled + toStart + toEnd) / sampled;
  return kind.isRate ? factor / (input.rangeMs / 1000) : factor;
}

function histogramRate(window: Window, input: RangeCall, kind: RateKind): FloatHistogram | undefined {
  const { histograms, histogramTimes } = window.series;
  const starts = startsOf(window.series.histogramStarts, input, kind);
  const first = histograms[window.hLow]!;
  const edges = {
    firstMs: histogramTimes[window.hLow]!,
    lastMs: histogramTimes[window.hHigh - 1]!,
    samples: window.hHigh - window.hLow,
  };
  try {
    let result = edges.samples > 1 ? histogramChange(window, input, kind, starts) : undefined;
    if (edges.samples > 1 && result === undefined) return undefined;
    const started = startInside(starts?.[window.hLow], edges.firstMs, input);
    if (started !== undefined) {
      if (result === undefined) result = copyHistogram(first);
      else addNoted(result, first, 1, input);
    }
    if (result === undefined) return undefined;
    const toZero = result.count > 0 && first.count >= 0 ? first.count / result.count : undefined;
    return scaleHistogram(result, extrapolationFactor(edges, input, kind, toZero, started));
  } catch (error) {
    if (!(error instanceof IncompatibleSchemaError)) throw error;
    tellMixedSchemas(input);
    return undefined;
  }
}

function tellMixedSchemas(input: RangeCall): void {
  input.context.annotations.add(annotate.mixedExponentialCustom(input.metricName, input.call.args[0]!.span));
}

function addNoted(h: FloatHistogram, other: FloatHistogram, sign: 1 | -1, input: RangeCall): void {
  if (!addHistogram(h, other, sign).boundsReconciled) return;
  const operation = sign === 1 ? 'addition' : 'subtraction';
  input.context.annotations.add(annotate.boundsReconciled(operation, input.call.args[0]!.span));
}

/** Last minus first, plus what was lost in resets between. */
function histogramChange(
  window: Window,
  input: RangeCall,
  { isCounter }: RateKind,
  starts: Float64Array | undefined,
): FloatHistogram | undefined {
  const { histograms, histogramTimes } = window.series;
  const { annotations } = input.context;
  const span = input.call.args[0]!.span;
  const points = histograms.slice(window.hLow, window.hHigh);
  const last = points.at(-1)!;
  let previous = points[0]!;
  let custom = usesCustomBuckets(previous);
  const wasReset = (i: number) =>
    starts !== undefined &&
    isStartReset(
      starts[window.hLow + i - 1]!,
      histogramTimes[window.hLow + i - 1]!,
      starts[window.hLow + i]!,
      histogramTimes[window.hLow + i]!,
    );
  if (isCounter) {
    if (previous.resetHint === 'gauge' || last.resetHint === 'gauge') {
      annotations.add(annotate.notCounter(input.metricName, span));
    }
    const second = points[1]!;
    if (wasReset(1) || detectReset(second, previous)) {
      // The first histogram belongs to another life of the counter: its layout does not matter.
      previous = emptyHistogram({ schema: second.schema, customValues: second.customValues });
      custom = usesCustomBuckets(second);
    }
  }
  if (usesCustomBuckets(last) !== custom) {
    tellMixedSchemas(input);
    return undefined;
  }
  let schema = Math.min(last.schema, previous.schema);
  if (isCounter) {
    for (const point of points.slice(1, -1)) {
      if (point.resetHint === 'gauge') annotations.add(annotate.notCounter(input.metricName, span));
      schema = Math.min(schema, point.schema);
      if (usesCustomBuckets(point) !== custom) {
        tellMixedSchemas(input);
        return undefined;
      }
    }
  }
  const change = copyToSchema(last, schema);
  addNoted(change, previous, -1, input);
  if (isCounter) {
    let overlap = false;
    for (const [i, point] of points.entries()) {
      if (i === 0) continue;
      const at = window.hLow + i;
      if (
        starts !== undefined &&
        !overlap &&
        startsOverlap(starts[at - 1]!, histogramTimes[at - 1]!, starts[at]!)
      ) {
        overlap = true;
        tellOverlap(input);
      }
      if (wasReset(i) || detectReset(point, previous)) addNoted(change, previous, 1, input);
      previous = point;
    }
  } else if (points[0]!.resetHint !== 'gauge' || last.resetHint !== 'gauge') {
    annotations.add(annotate.notGauge(input.metricName, span));
  }
  change.resetHint = 'gauge';
  return compactHistogram(change);
}

/** Rates of change over a window. */
export const rateFunctions: RangeFunctions = {
  delta: extrapolated({ isCounter: false, isRate: false }),
  increase: extrapolated({ isCounter: true, isRate: false }),
  rate: extrapolated({ isCounter: true, isRate: true }),
};
