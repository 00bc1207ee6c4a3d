import { annotate } from '../annotations.ts';
import { HistogramSum, IncompatibleSchemaError } from '../histogram/arithmetic.ts';
import {
  copyHistogram,
  divideHistogram,
  type FloatHistogram,
  hasOverflow,
} from '../histogram/float-histogram.ts';
import { kahanAdd, kahanStart } from '../kahan.ts';
import type { Window } from '../range-series.ts';
import type { RangeCall, RangeFunctions } from './registry.ts';

function sumOfFloats(window: Window): number {
  const total = kahanStart();
  const { floats } = window.series;
  for (let i = window.fLow; i < window.fHigh; i++) kahanAdd(total, floats[i]!);
  return Number.isFinite(total.sum) || Number.isNaN(total.sum) ? total.sum + total.c : total.sum;
}

/** The mean: a sum divided, or a running mean once the sum would overflow. */
function meanOfFloats(window: Window): number {
  const { floats } = window.series;
  const total = kahanStart(floats[window.fLow]!);
  let mean: ReturnType<typeof kahanStart> | undefined;
  let count = 1;
  for (let i = window.fLow + 1; i < window.fHigh; i++) {
    count++;
    if (mean === undefined) {
      const next = { ...total };
      kahanAdd(next, floats[i]!);
      if (next.sum !== Infinity && next.sum !== -Infinity) {
        total.sum = next.sum;
        total.c = next.c;
        continue;
      }
      mean = { sum: total.sum / (count - 1), c: total.c / (count - 1) };
    }
    const share = (count - 1) / count;
    mean.sum *= share;
    mean.c *= share;
    kahanAdd(mean, floats[i]! / count);
  }
  return mean === undefined ? total.sum / count + total.c / count : mean.sum + mean.c;
}

/** Notes that come up while histograms are summed, told once. */
class SumNotes {
  reset = false;
  notReset = false;
  reconciled = false;

  see(h: FloatHistogram): void {
    if (h.resetHint === 'reset') this.reset = true;
    else if (h.resetHint === 'not_reset') this.notReset = true;
  }

  report({ context, call }: RangeCall): void {
    const { span } = call.args[0]!;
    if (this.reset && this.notReset) context.annotations.add(annotate.resetCollision('aggregation', span));
    if (this.reconciled) context.annotations.add(annotate.boundsReconciled('aggregation', span));
  }
}

function sumOfHistograms(histograms: readonly FloatHistogram[], notes: SumNotes): FloatHistogram {
  const total = new HistogramSum(histograms[0]!);
  notes.see(histograms[0]!);
  for (const h of histograms.slice(1)) {
    notes.see(h);
    if (total.add(h).boundsReconciled) notes.reconciled = true;
  }
  return total.total();
}

function meanOfHistograms(histograms: readonly FloatHistogram[], notes: SumNotes): FloatHistogram {
  let total = new HistogramSum(histograms[0]!);
  let mean: HistogramSum | undefined;
  notes.see(histograms[0]!);
  let count = 1;
  for (const h of histograms.slice(1)) {
    notes.see(h);
    count++;
    if (mean === undefined) {
      const next = total.copy();
      if (next.add(h).boundsReconciled) notes.reconciled = true;
      if (!hasOverflow(next.value)) {
        total = next;
        continue;
      }
      mean = total.copy();
      mean.divide(count - 1);
    }
    mean.scale((count - 1) / count);
    if (mean.add(divideHistogram(copyHistogram(h), count)).boundsReconciled) notes.reconciled = true;
  }
  if (mean !== undefined) return mean.total();
  total.divide(count);
  return total.total();
}

const combine =
  (
    ofFloats: (window: Window) => number,
    ofHistograms: (histograms: readonly FloatHistogram[], notes: SumNotes) => FloatHistogram,
  ) =>
  (window: Window, input: RangeCall): number | FloatHistogram | undefined => {
    const { annotations } = input.context;
    const { span } = input.call.args[0]!;
    const hasFloats = window.fHigh > window.fLow;
    if (hasFloats && window.hHigh > window.hLow) {
      annotations.add(annotate.mixedFloatsHistograms(input.metricName, span));
      return undefined;
    }
    if (hasFloats) return ofFloats(window);
    const notes = new SumNotes();
    try {
      const result = ofHistograms(window.series.histograms.slice(window.hLow, window.hHigh), notes);
      notes.report(input);
      return result;
    } catch (error) {
      if (!(error instanceof IncompatibleSchemaError)) throw error;
      annotations.add(annotate.mixedExponentialCustom(input.metricName, span));
      return undefined;
    }
  };

/** Sums and means over time, of floats and of histograms. */
export const sumOverTimeFunctions: RangeFunctions = {
  avg_over_time: combine(meanOfFloats, meanOfHistograms),
  sum_over_time: combine(sumOfFloats, sumOfHistograms),
};
