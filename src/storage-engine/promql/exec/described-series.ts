import { PromqlExecutionError } from '../plan/execution-error.ts';
import type { HistogramDescription, SeriesItem } from '../syntax/series-description.ts';
import { addHistogram } from './histogram/arithmetic.ts';
import { type Buckets, copyHistogram, type FloatHistogram } from './histogram/float-histogram.ts';

/** A value written in the series language. */
export type DescribedValue =
  | { readonly kind: 'omitted' | 'stale' }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'histogram'; readonly value: FloatHistogram; readonly hasHint: boolean };

function bucketsFrom(offset: number, counts: readonly number[]): Buckets {
  return { indices: counts.map((_, i) => offset + i), counts: [...counts] };
}

export function histogramFrom(description: HistogramDescription): FloatHistogram {
  return {
    resetHint: description.resetHint ?? 'unknown',
    schema: description.schema,
    zeroThreshold: description.zeroThreshold,
    zeroCount: description.zeroCount,
    count: description.count,
    sum: description.sum,
    positive: bucketsFrom(description.offset, description.buckets),
    negative: bucketsFrom(description.negativeOffset, description.negativeBuckets),
    customValues: description.customValues,
  };
}

/** All values that an item stands for. */
export function* expandItem(item: SeriesItem): Generator<DescribedValue> {
  switch (item.kind) {
    case 'omitted':
    case 'stale':
      for (let i = 0; i < item.count; i++) yield { kind: item.kind };
      return;
    case 'float': {
      let value = item.start;
      for (let i = 0; i < item.count; i++) {
        yield { kind: 'float', value };
        value += item.step;
      }
      return;
    }
    case 'histogram': {
      let value = histogramFrom(item.start);
      const { step } = item;
      const hasHint = (step?.histogram ?? item.start).resetHint !== undefined;
      for (let i = 0; i < item.count; i++) {
        if (i > 0 && step !== undefined) {
          const increment = histogramFrom(step.histogram);
          if (value.schema > increment.schema) {
            const schemas = `${increment.schema} to ${value.schema}`;
            throw new PromqlExecutionError(`error combining histograms: cannot merge from schema ${schemas}`);
          }
          value = copyHistogram(value);
          addHistogram(value, increment, step.sign);
        }
        yield { kind: 'histogram', value, hasHint };
      }
    }
  }
}
