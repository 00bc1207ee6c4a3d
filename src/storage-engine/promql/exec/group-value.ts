import type { AggregateOperator } from '../syntax/ast.ts';
import type { Span } from '../syntax/position.ts';
import { type Annotations, annotate } from './annotations.ts';
import { HistogramSum, IncompatibleSchemaError } from './histogram/arithmetic.ts';
import {
  compactHistogram,
  copyHistogram,
  divideHistogram,
  type FloatHistogram,
  hasOverflow,
} from './histogram/float-histogram.ts';
import { type KahanSum, kahanAdd } from './kahan.ts';
import { quantileOf } from './quantile.ts';

/** The value of one group at one step, fed series by series (Prometheus's groupedAggregation). */
export class GroupValue {
  readonly #op: AggregateOperator;
  #seen = false;
  #count = 0;
  #value = 0;
  #mean = 0;
  #sum: KahanSum = { sum: 0, c: 0 };
  #runningMean: KahanSum | undefined;
  #histogram: HistogramSum | undefined;
  #histogramMean: HistogramSum | undefined;
  #hasFloat = false;
  #hasHistogram = false;
  #incompatible = false;
  #resets = { reset: false, notReset: false };
  readonly #values: number[] = [];

  constructor(op: AggregateOperator) {
    this.#op = op;
  }

  /** Adds a series' value; false when it was ignored. */
  add(value: number | FloatHistogram, metricName: string, span: Span, annotations: Annotations): boolean {
    const op = this.#op;
    const ignoresHistograms =
      op === 'stddev' || op === 'stdvar' || op === 'quantile' || op === 'min' || op === 'max';
    if (typeof value !== 'number' && ignoresHistograms) {
      annotations.add(annotate.histogramIgnoredInAggregation(op, span));
      return false;
    }
    if (this.#incompatible) return false;
    const isFirst = !this.#seen;
    this.#seen = true;
    this.#count++;
    if (op === 'sum' || op === 'avg') {
      if (typeof value === 'number') this.#addFloat(value, isFirst);
      else this.#addHistogram(value, isFirst, metricName, span, annotations);
    } else if (typeof value === 'number') {
      this.#addToOther(value, isFirst);
    }
    return true;
  }

  #addToOther(value: number, isFirst: boolean): void {
    switch (this.#op) {
      case 'min':
        if (isFirst || this.#value > value || Number.isNaN(this.#value)) this.#value = value;
        break;
      case 'max':
        if (isFirst || this.#value < value || Number.isNaN(this.#value)) this.#value = value;
        break;
      case 'quantile':
        this.#values.push(value);
        break;
      case 'stddev':
      case 'stdvar':
        this.#addDeviation(value, isFirst);
        break;
      default:
    }
  }

  #addDeviation(value: number, isFirst: boolean): void {
    if (isFirst) {
      this.#mean = value;
      this.#value = Number.isFinite(value) ? 0 : NaN;
      return;
    }
    const delta = value - this.#mean;
    this.#mean += delta / this.#count;
    this.#value += delta * (value - this.#mean);
  }

  #addFloat(value: number, isFirst: boolean): void {
    this.#hasFloat = true;
    if (isFirst) {
      this.#sum.sum = value;
      return;
    }
    if (this.#op === 'sum') {
      kahanAdd(this.#sum, value);
      return;
    }
    if (this.#runningMean === undefined) {
      const next = { ...this.#sum };
      kahanAdd(next, value);
      if (next.sum !== Infinity && next.sum !== -Infinity) {
        this.#sum = next;
        return;
      }
      // The sum overflows: go on with a running mean.
      this.#runningMean = { sum: this.#sum.sum / (this.#count - 1), c: this.#sum.c / (this.#count - 1) };
    }
    const share = (this.#count - 1) / this.#count;
    this.#runningMean.sum *= share;
    this.#runningMean.c *= share;
    kahanAdd(this.#runningMean, value / this.#count);
  }

  #addHistogram(
    h: FloatHistogram,
    isFirst: boolean,
    metricName: string,
    span: Span,
    annotations: Annotations,
  ): void {
    this.#hasHistogram = true;
    if (!isFirst && this.#histogram === undefined) return;
    if (h.resetHint === 'reset') this.#resets.reset = true;
    else if (h.resetHint === 'not_reset') this.#resets.notReset = true;
    if (this.#histogram === undefined) {
      this.#histogram = new HistogramSum(h);
      return;
    }
    try {
      const reconciled = this.#op === 'sum' ? this.#histogram.add(h).boundsReconciled : this.#averageIn(h);
      if (reconciled) annotations.add(annotate.boundsReconciled('aggregation', span));
    } catch (error) {
      if (!(error instanceof IncompatibleSchemaError)) throw error;
      annotations.add(annotate.mixedExponentialCustom(metricName, span));
      this.#incompatible = true;
    }
  }

  #averageIn(h: FloatHistogram): boolean {
    let reconciled = false;
    if (this.#histogramMean === undefined) {
      const next = this.#histogram!.copy();
      reconciled = next.add(h).boundsReconciled;
      if (!hasOverflow(next.value)) {
        this.#histogram = next;
        return reconciled;
      }
      this.#histogramMean = this.#histogram!.copy();
      this.#histogramMean.divide(this.#count - 1);
    }
    this.#histogramMean.scale((this.#count - 1) / this.#count);
    const part = divideHistogram(copyHistogram(h), this.#count);
    return this.#histogramMean.add(part).boundsReconciled || reconciled;
  }

  /** The group's result; undefined: none. */
  finish(q: number, span: Span, annotations: Annotations): number | FloatHistogram | undefined {
    if (!this.#seen) return undefined;
    switch (this.#op) {
      case 'count':
        return this.#count;
      case 'group':
        return 1;
      case 'stdvar':
        return this.#value / this.#count;
      case 'stddev':
        return Math.sqrt(this.#value / this.#count);
      case 'quantile':
        return quantileOf(q, Float64Array.from(this.#values));
      case 'sum':
      case 'avg':
        return this.#finishSum(span, annotations);
      default:
        return this.#value;
    }
  }

  #finishSum(span: Span, annotations: Annotations): number | FloatHistogram | undefined {
    if (this.#hasFloat && this.#hasHistogram) {
      annotations.add(annotate.mixedFloatsHistogramsAggregation(span));
      return undefined;
    }
    if (this.#incompatible) return undefined;
    if (this.#resets.reset && this.#resets.notReset)
      annotations.add(annotate.resetCollision('aggregation', span));
    if (this.#hasHistogram) return this.#finishHistogram();
    if (this.#op === 'sum') return this.#sum.sum + this.#sum.c;
    if (this.#runningMean !== undefined) return this.#runningMean.sum + this.#runningMean.c;
    return this.#sum.sum / this.#count + this.#sum.c / this.#count;
  }

  #finishHistogram(): FloatHistogram {
    const total = this.#histogramMean ?? this.#histogram!;
    if (this.#op === 'avg' && this.#histogramMean === undefined) total.divide(this.#count);
    return compactHistogram(total.total());
  }
}
