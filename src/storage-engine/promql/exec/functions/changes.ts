import { annotate } from '../annotations.ts';
import { addHistogram, IncompatibleSchemaError } from '../histogram/arithmetic.ts';
import {
  compactHistogram,
  copyHistogram,
  divideHistogram,
  type FloatHistogram,
  histogramsEqual,
} from '../histogram/float-histogram.ts';
import { detectReset } from '../histogram/reset.ts';
import type { Window } from '../range-series.ts';
import type { RangeCall, RangeFunction, RangeFunctions } from './registry.ts';
import { isStartReset } from './start-time.ts';

/** A sample of either type. */
interface Sample {
  readonly time: number;
  readonly value: number | FloatHistogram;
  /** Start timestamp in ms, 0: unknown or not looked at. */
  readonly start: number;
}

/** Floats and histograms of a window in order of time; of `anchored` windows from the last sample at or before the start. */
function samplesOf(window: Window, input: RangeCall, withStarts: boolean): Sample[] {
  const { series } = window;
  const useStarts = withStarts && input.context.options.startTimestamps;
  const samples: Sample[] = [];
  for (let f = window.fLow, h = window.hLow; f < window.fHigh || h < window.hHigh; ) {
    const takesFloat =
      h >= window.hHigh || (f < window.fHigh && series.floatTimes[f]! < series.histogramTimes[h]!);
    if (takesFloat) {
      const start = useStarts ? (series.floatStarts?.[f] ?? 0) : 0;
      samples.push({ time: series.floatTimes[f]!, value: series.floats[f]!, start });
      f++;
    } else {
      const start = useStarts ? (series.histogramStarts?.[h] ?? 0) : 0;
      samples.push({ time: series.histogramTimes[h]!, value: series.histograms[h]!, start });
      h++;
    }
  }
  if (input.mode !== 'anchored') return samples;
  const firstInside = samples.findIndex(({ time }) => time > input.startMs);
  return firstInside < 0 ? [] : samples.slice(Math.max(0, firstInside - 1));
}

const countSteps =
  (counts: (previous: Sample, current: Sample) => boolean, withStarts: boolean): RangeFunction =>
  (window, input) => {
    const samples = samplesOf(window, input, withStarts);
    if (samples.length === 0) return undefined;
    let count = 0;
    for (let i = 1; i < samples.length; i++) if (counts(samples[i - 1]!, samples[i]!)) count++;
    return count;
  };

function isReset(previous: Sample, current: Sample): boolean {
  const [a, b] = [previous.value, current.value];
  if (typeof a !== typeof b) return true;
  if (isStartReset(previous.start, previous.time, current.start, current.time)) return true;
  if (typeof a === 'number' || typeof b === 'number') return b < a;
  return detectReset(b, a);
}

function isChange(previous: Sample, current: Sample): boolean {
  const [a, b] = [previous.value, current.value];
  if (typeof a === 'number' && typeof b === 'number') return a !== b && !(Number.isNaN(a) && Number.isNaN(b));
  if (typeof a === 'number' || typeof b === 'number') return true;
  return !histogramsEqual(b, a);
}

/** The change between the last two samples. */
const lastStep =
  (isRate: boolean): RangeFunction =>
  (window, input) => {
    const [previous, current] = samplesOf(window, input, isRate).slice(-2);
    if (previous === undefined || current === undefined) return undefined;
    const { annotations } = input.context;
    const { args } = input.call;
    const span = { start: args[0]!.span.start, end: args.at(-1)!.span.end };
    const seconds = (current.time - previous.time) / 1000;
    if (seconds === 0) return undefined;
    const [a, b] = [previous.value, current.value];
    const startReset = isStartReset(previous.start, previous.time, current.start, current.time);
    if (typeof a === 'number' && typeof b === 'number') {
      const change = isRate && (b < a || startReset) ? b : b - a;
      return isRate ? change / seconds : change;
    }
    if (typeof a === 'number' || typeof b === 'number') {
      annotations.add(annotate.mixedFloatsHistograms(input.metricName, span));
      return undefined;
    }
    const gauges = [a, b].filter(({ resetHint }) => resetHint === 'gauge').length;
    if (isRate && gauges > 0) annotations.add(annotate.notCounter(input.metricName, span));
    if (!isRate && gauges < 2) annotations.add(annotate.notGauge(input.metricName, span));
    const change = copyHistogram(b);
    if (!isRate || (!startReset && !detectReset(b, a))) {
      try {
        if (addHistogram(change, a, -1).boundsReconciled) {
          annotations.add(annotate.boundsReconciled('subtraction', span));
        }
      } catch (error) {
        if (!(error instanceof IncompatibleSchemaError)) throw error;
        annotations.add(annotate.mixedExponentialCustom(input.metricName, span));
        return undefined;
      }
    }
    change.resetHint = 'gauge';
    compactHistogram(change);
    return isRate ? divideHistogram(change, seconds) : change;
  };

/** Counts of changes and resets, and changes between the last two samples. */
export const changeFunctions: RangeFunctions = {
  changes: countSteps(isChange, false),
  resets: countSteps(isReset, true),
  idelta: lastStep(false),
  irate: lastStep(true),
};
