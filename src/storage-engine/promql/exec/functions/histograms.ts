import { formatFloatGeneral } from '../../syntax/go-format.ts';
import type { Span } from '../../syntax/position.ts';
import { annotate } from '../annotations.ts';
import {
  absent,
  type Column,
  ColumnBuilder,
  histogram,
  histogramAt,
  newColumn,
  setFloat,
} from '../column.ts';
import { type EvalContext, stepTime } from '../context.ts';
import { allBuckets, type FloatHistogram, usesCustomBuckets } from '../histogram/float-histogram.ts';
import { histogramFraction, histogramQuantile } from '../histogram/quantile.ts';
import { kahanAdd, kahanStart } from '../kahan.ts';
import { type Labels, metricNameLabel } from '../labels.ts';
import { type ClassicBucket, classicFraction, classicQuantile } from './classic-histogram.ts';
import type { VectorCall, VectorFunction, VectorFunctions } from './registry.ts';
import { derivedLabels } from './simple.ts';

/** Applies a function to each histogram; floats go. */
const ofHistogram =
  (value: (h: FloatHistogram) => number): VectorFunction =>
  ({ args, context }) =>
    args[0]!.map((column) => {
      const labels = context.options.delayedNameRemoval
        ? column.labels
        : column.labels.without([metricNameLabel]);
      const result = newColumn(labels, context.steps.count, true);
      for (let step = 0; step < context.steps.count; step++) {
        if (column.kinds[step] === histogram) setFloat(result, step, value(histogramAt(column, step)));
      }
      return result;
    });

function variance(h: FloatHistogram): number {
  const mean = h.sum / h.count;
  const total = kahanStart();
  for (const bucket of allBuckets(h)) {
    if (bucket.count === 0) continue;
    let value: number;
    if (usesCustomBuckets(h)) value = (bucket.upper + bucket.lower) / 2;
    else if (bucket.lower <= 0 && bucket.upper >= 0) value = 0;
    else value = Math.sqrt(bucket.upper * bucket.lower) * (bucket.upper < 0 ? -1 : 1);
    const delta = value - mean;
    kahanAdd(total, bucket.count * delta * delta);
  }
  return (total.sum + total.c) / h.count;
}

/** The classic buckets of one step, by the labels without `le`; and the native histograms. */
interface StepHistograms {
  readonly native: readonly { readonly column: Column; readonly value: FloatHistogram }[];
  readonly classic: readonly { readonly labels: Labels; readonly buckets: ClassicBucket[] }[];
}

/** Reads the upper bound of a bucket as Go does. */
function parseBound(text: string): number | undefined {
  if (/^[+]?inf(inity)?$/i.test(text)) return Infinity;
  if (/^-inf(inity)?$/i.test(text)) return -Infinity;
  if (/^[+-]?nan$/i.test(text)) return NaN;
  if (text === '' || text.trim() !== text || !/^[+-]?(\d|\.\d)/.test(text)) return undefined;
  const value = Number(text);
  return Number.isNaN(value) ? undefined : value;
}

function histogramsAt(
  columns: readonly Column[],
  step: number,
  context: EvalContext,
  span: Span,
): StepHistograms {
  const { annotations, options } = context;
  const nameOf = (labels: Labels) => (options.delayedNameRemoval ? labels.get(metricNameLabel) : '');
  const native: { column: Column; value: FloatHistogram }[] = [];
  const classic = new Map<string, { labels: Labels; buckets: ClassicBucket[] }>();
  for (const column of columns) {
    if (column.kinds[step] === absent) continue;
    if (column.kinds[step] === histogram) {
      native.push({ column, value: histogramAt(column, step) });
      continue;
    }
    const le = column.labels.get('le');
    const upper = parseBound(le);
    if (upper === undefined) {
      annotations.add(annotate.badBucketLabel(nameOf(column.labels), le, span));
      continue;
    }
    const labels = column.labels.without(['le']);
    let group = classic.get(labels.key);
    if (group === undefined) {
      group = { labels, buckets: [] };
      classic.set(labels.key, group);
    }
    group.buckets.push({ upper, count: column.floats[step]! });
  }
  const unmixed = native.filter(({ column }) => {
    if (!classic.delete(column.labels.key)) return true;
    annotations.add(annotate.mixedClassicNative(nameOf(column.labels), span));
    return false;
  });
  return { native: unmixed, classic: [...classic.values()] };
}

/** The name in notes about a native histogram: known while it is still kept. */
function nativeName(column: Column, context: EvalContext): string {
  return context.options.delayedNameRemoval ? column.labels.get(metricNameLabel) : '';
}

interface QuantileTarget {
  readonly builder: ColumnBuilder;
  readonly step: number;
  readonly labelsOf: (labels: Labels) => Labels;
  /** Where notes point. */
  readonly span: Span;
}

function quantilesAt(
  q: number,
  histograms: StepHistograms,
  context: EvalContext,
  target: QuantileTarget,
): void {
  const { annotations, options } = context;
  const { builder, step, labelsOf } = target;
  for (const { column, value } of histograms.native) {
    const result = histogramQuantile(q, value);
    const name = nativeName(column, context);
    if (result.note === 'nan-result') annotations.add(annotate.quantileNaNResult(name, target.span));
    if (result.note === 'nan-skew') annotations.add(annotate.quantileNaNSkew(name, target.span));
    setFloat(builder.at(labelsOf(derivedLabels(column, context)), step, true), step, result.value);
  }
  for (const { labels, buckets } of histograms.classic) {
    const result = classicQuantile(q, buckets);
    if (result.forced !== undefined) {
      const timestampMs = stepTime(context.steps, step);
      const name = options.delayedNameRemoval ? labels.get(metricNameLabel) : '';
      annotations.add(
        annotate.forcedMonotonicity(name, target.span, {
          minTimestampMs: timestampMs,
          maxTimestampMs: timestampMs,
          ...result.forced,
          samples: 1,
        }),
      );
    }
    const kept = options.delayedNameRemoval ? labels : labels.withoutMetadata();
    setFloat(builder.at(labelsOf(kept), step, true), step, result.value);
  }
}

function checkQuantile(q: number, span: Span, context: EvalContext): void {
  if (!(q >= 0 && q <= 1)) context.annotations.add(annotate.invalidQuantile(q, span));
}

function quantileFunction({ args, call, context }: VectorCall): Column[] {
  const builder = new ColumnBuilder(context.steps.count);
  const [qSpan, vectorSpan] = [call.args[0]!.span, call.args[1]!.span];
  for (let step = 0; step < context.steps.count; step++) {
    const q = args[0]![0]!.floats[step]!;
    checkQuantile(q, qSpan, context);
    const histograms = histogramsAt(args[1]!, step, context, vectorSpan);
    const target = {
      builder,
      step,
      labelsOf: (labels: Labels) => labels,
      span: vectorSpan,
    };
    quantilesAt(q, histograms, context, target);
  }
  return builder.columns;
}

function quantilesFunction({ args, call, context }: VectorCall): Column[] {
  const builder = new ColumnBuilder(context.steps.count);
  const label = call.args[1]!.kind === 'string' ? call.args[1]!.value : '';
  const { span } = call.args[0]!;
  for (let step = 0; step < context.steps.count; step++) {
    const histograms = histogramsAt(args[0]!, step, context, span);
    for (let i = 2; i < args.length; i++) {
      const q = args[i]![0]!.floats[step]!;
      checkQuantile(q, call.args[i]!.span, context);
      const labelsOf = (labels: Labels) => labels.with([[label, openMetricsFloat(q)]]);
      quantilesAt(q, histograms, context, { builder, step, labelsOf, span });
    }
  }
  return builder.columns;
}

/** A float in labels, as OpenMetrics writes it: whole numbers with `.0`. */
function openMetricsFloat(value: number): string {
  if (value === 1) return '1.0';
  if (value === 0) return '0.0';
  if (value === -1) return '-1.0';
  const text = formatFloatGeneral(value);
  return /[e.]|Inf|NaN/.test(text) ? text : `${text}.0`;
}

function fractionFunction({ args, call, context }: VectorCall): Column[] {
  const builder = new ColumnBuilder(context.steps.count);
  for (let step = 0; step < context.steps.count; step++) {
    const lower = args[0]![0]!.floats[step]!;
    const upper = args[1]![0]!.floats[step]!;
    const { native, classic } = histogramsAt(args[2]!, step, context, call.args[2]!.span);
    for (const { column, value } of native) {
      const result = histogramFraction(lower, upper, value);
      if (result.hasNaNs) {
        context.annotations.add(annotate.fractionNaNs(nativeName(column, context), call.args[2]!.span));
      }
      setFloat(builder.at(derivedLabels(column, context), step, true), step, result.value);
    }
    for (const { labels, buckets } of classic) {
      const kept = context.options.delayedNameRemoval ? labels : labels.withoutMetadata();
      setFloat(builder.at(kept, step, true), step, classicFraction(lower, upper, buckets));
    }
  }
  return builder.columns;
}

/** Functions of native and classic histograms. */
export const histogramFunctions: VectorFunctions = {
  histogram_avg: ofHistogram((h) => h.sum / h.count),
  histogram_count: ofHistogram((h) => h.count),
  histogram_sum: ofHistogram((h) => h.sum),
  histogram_stddev: ofHistogram((h) => Math.sqrt(variance(h))),
  histogram_stdvar: ofHistogram(variance),
  histogram_fraction: fractionFunction,
  histogram_quantile: quantileFunction,
  histogram_quantiles: quantilesFunction,
};
