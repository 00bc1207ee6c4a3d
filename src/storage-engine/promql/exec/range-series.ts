import type { FloatHistogram } from './histogram/float-histogram.ts';
import type { Labels } from './labels.ts';
import { type SourceSeries, staleTester } from './sample-source.ts';

/** The samples that range functions work on: floats and histograms apart, without stale markers, oldest first. */
export interface RangeSeries {
  readonly labels: Labels;
  readonly dropName: boolean;
  readonly floatTimes: Float64Array;
  readonly floats: Float64Array;
  readonly floatStarts?: Float64Array;
  readonly histogramTimes: Float64Array;
  readonly histograms: readonly FloatHistogram[];
  readonly histogramStarts?: Float64Array;
}

export function rangeSeriesOf(series: SourceSeries): RangeSeries {
  const { labels, timestamps, values, histograms, startTimestamps } = series;
  const stale = staleTester(values);
  const floatAt: number[] = [];
  const histogramAt: number[] = [];
  for (let i = 0; i < timestamps.length; i++) {
    if (histograms?.[i] !== undefined) histogramAt.push(i);
    else if (!stale(i)) floatAt.push(i);
  }
  const gather = (from: Float64Array, at: readonly number[]) => {
    if (at.length === from.length) return from;
    return Float64Array.from(at, (index) => from[index]!);
  };
  return {
    labels,
    dropName: false,
    floatTimes: gather(timestamps, floatAt),
    floats: gather(values, floatAt),
    histogramTimes: gather(timestamps, histogramAt),
    histograms: histogramAt.map((index) => histograms![index]!),
    ...(startTimestamps !== undefined && {
      floatStarts: gather(startTimestamps, floatAt),
      histogramStarts: gather(startTimestamps, histogramAt),
    }),
  };
}

/** The samples of one series inside one window: floats [fLow, fHigh), histograms [hLow, hHigh). */
export interface Window {
  readonly series: RangeSeries;
  fLow: number;
  fHigh: number;
  hLow: number;
  hHigh: number;
}

/** Moves a window to the samples in (after, until]. Both only grow from call to call, unless `restart`. */
export function moveWindow(window: Window, after: number, until: number): void {
  const { floatTimes, histogramTimes } = window.series;
  while (window.fHigh < floatTimes.length && floatTimes[window.fHigh]! <= until) window.fHigh++;
  while (window.fLow < window.fHigh && floatTimes[window.fLow]! <= after) window.fLow++;
  while (window.hHigh < histogramTimes.length && histogramTimes[window.hHigh]! <= until) window.hHigh++;
  while (window.hLow < window.hHigh && histogramTimes[window.hLow]! <= after) window.hLow++;
}

export function startWindow(series: RangeSeries): Window {
  return { series, fLow: 0, fHigh: 0, hLow: 0, hHigh: 0 };
}
