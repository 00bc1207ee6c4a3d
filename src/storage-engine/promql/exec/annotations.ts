import { formatFloatGeneral, goQuote } from '../syntax/go-format.ts';
import { linePosition, type Span } from '../syntax/position.ts';

/** A warning or info about a result, in Prometheus's words. */
export interface Annotation {
  readonly level: 'warning' | 'info';
  /** Without the position. */
  readonly text: string;
  readonly span: Span;
  /** Figures of forced monotonicity, merged over steps. */
  readonly monotonicity?: Monotonicity;
  /** How often it happened, where that is told. */
  readonly occurrences?: number;
}

export interface Monotonicity {
  readonly minTimestampMs: number;
  readonly maxTimestampMs: number;
  readonly minBucket: number;
  readonly maxBucket: number;
  readonly maxDifference: number;
  readonly samples: number;
}

/** The annotations of a query: each text once. */
export class Annotations {
  readonly #byText = new Map<string, Annotation>();

  add(annotation: Annotation): void {
    const previous = this.#byText.get(annotation.text);
    this.#byText.set(annotation.text, previous === undefined ? annotation : merge(previous, annotation));
  }

  get all(): readonly Annotation[] {
    return [...this.#byText.values()];
  }

  /** Texts with positions in the query, of one level. */
  texts(level: Annotation['level'], query: string): readonly string[] {
    return this.all
      .filter((annotation) => annotation.level === level)
      .map((one) => annotationText(one, query));
  }
}

function merge(previous: Annotation, next: Annotation): Annotation {
  const [a, b] = [previous.monotonicity, next.monotonicity];
  if (a !== undefined && b !== undefined) {
    const monotonicity = {
      minTimestampMs: Math.min(a.minTimestampMs, b.minTimestampMs),
      maxTimestampMs: Math.max(a.maxTimestampMs, b.maxTimestampMs),
      minBucket: Math.min(a.minBucket, b.minBucket),
      maxBucket: Math.max(a.maxBucket, b.maxBucket),
      maxDifference: Math.max(a.maxDifference, b.maxDifference),
      samples: a.samples + b.samples,
    };
    return { ...previous, monotonicity };
  }
  if (previous.occurrences !== undefined && next.occurrences !== undefined) {
    return { ...next, occurrences: previous.occurrences + next.occurrences };
  }
  return next;
}

/** `PromQL info: ... (1:5)`. */
export function annotationText(annotation: Annotation, query: string): string {
  const where = `(${linePosition(query, annotation.span.start)})`;
  const { text, monotonicity: m, occurrences } = annotation;
  if (m !== undefined) {
    const [from, to] = [m.minTimestampMs, m.maxTimestampMs].map((ms) =>
      new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z'),
    );
    const buckets = `from buckets ${formatFloatGeneral(m.minBucket)} to ${formatFloatGeneral(m.maxBucket)}`;
    const difference = twoDigits(m.maxDifference);
    return `${text}, ${buckets}, with a max diff of ${difference}, over ${m.samples} samples from ${from} to ${to} ${where}`;
  }
  if (occurrences !== undefined && occurrences > 1) return `${text} (${occurrences} occurrences) ${where}`;
  return `${text} ${where}`;
}

/** Go's %.2g. */
function twoDigits(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return formatFloatGeneral(value);
  const power = Math.floor(Math.log10(Math.abs(value)));
  const rounded = Number(value.toPrecision(2));
  if (power >= -4 && power < 2) return String(rounded);
  return rounded.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

const warn = (text: string, span: Span): Annotation => ({
  level: 'warning',
  text: `PromQL warning: ${text}`,
  span,
});
const info = (text: string, span: Span): Annotation => ({
  level: 'info',
  text: `PromQL info: ${text}`,
  span,
});

function named(text: string, metricName: string): string {
  return metricName === '' ? text : `${text} for metric name ${goQuote(metricName)}`;
}

const g = formatFloatGeneral;

export type HistogramOperation = 'addition' | 'subtraction' | 'aggregation';

export const annotate = {
  invalidQuantile: (q: number, span: Span) =>
    warn(`quantile value should be between 0 and 1, got ${g(q)}`, span),
  invalidRatio: (ratio: number, cap: number, span: Span) =>
    warn(`ratio value should be between -1 and 1, got ${g(ratio)}, capping to ${g(cap)}`, span),
  badBucketLabel: (metricName: string, label: string, span: Span) =>
    warn(
      named(`bucket label "le" is missing or has a malformed value of ${goQuote(label)}`, metricName),
      span,
    ),
  mixedFloatsHistograms: (metricName: string, span: Span) =>
    warn(`encountered a mix of histograms and floats for metric name ${goQuote(metricName)}`, span),
  mixedFloatsHistogramsAggregation: (span: Span) =>
    warn('encountered a mix of histograms and floats for aggregation', span),
  mixedClassicNative: (metricName: string, span: Span) =>
    warn(named('vector contains a mix of classic and native histograms', metricName), span),
  notCounter: (metricName: string, span: Span) =>
    warn(`this native histogram metric is not a counter: ${goQuote(metricName)}`, span),
  notGauge: (metricName: string, span: Span) =>
    warn(`this native histogram metric is not a gauge: ${goQuote(metricName)}`, span),
  mixedExponentialCustom: (metricName: string, span: Span) =>
    warn(
      `vector contains a mix of histograms with exponential and custom buckets schemas for metric name ${goQuote(metricName)}`,
      span,
    ),
  incompatibleBuckets: (operator: string, span: Span) =>
    warn(`incompatible bucket layout encountered for binary operator ${operator}`, span),
  sortInRange: (span: Span) =>
    warn('sort is ineffective for range queries since results are always ordered by labels', span),
  possibleNonCounter: (metricName: string, span: Span) =>
    info(
      `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${goQuote(metricName)}`,
      span,
    ),
  possibleNonCounterLabel: (metricName: string, type: string, span: Span) =>
    info(
      `metric might not be a counter, __type__ label is not set to "counter" or "histogram", got ${goQuote(type)}: ${goQuote(metricName)}`,
      span,
    ),
  forcedMonotonicity: (metricName: string, span: Span, monotonicity: Monotonicity): Annotation => ({
    ...info(
      named(
        'input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)',
        metricName,
      ),
      span,
    ),
    monotonicity,
  }),
  incompatibleTypes: (left: string, operator: string, right: string, span: Span) =>
    info(
      `incompatible sample types encountered for binary operator ${goQuote(operator)}: ${left} ${operator} ${right}`,
      span,
    ),
  histogramIgnoredInAggregation: (aggregation: string, span: Span) =>
    info(`ignored histogram in ${aggregation} aggregation`, span),
  histogramIgnoredInRange: (metricName: string, span: Span) =>
    info(
      `ignored histograms in a range containing both floats and histograms for metric name ${goQuote(metricName)}`,
      span,
    ),
  quantileNaNResult: (metricName: string, span: Span) =>
    info(named('input to histogram_quantile has NaN observations, result is NaN', metricName), span),
  quantileNaNSkew: (metricName: string, span: Span) =>
    info(
      named('input to histogram_quantile has NaN observations, result is skewed higher', metricName),
      span,
    ),
  fractionNaNs: (metricName: string, span: Span) =>
    info(
      named(
        'input to histogram_fraction has NaN observations, which are excluded from all fractions',
        metricName,
      ),
      span,
    ),
  resetCollision: (operation: HistogramOperation, span: Span) =>
    warn(`conflicting counter resets during histogram ${operation}`, span),
  boundsReconciled: (operation: HistogramOperation, span: Span) =>
    info(`mismatched custom buckets were reconciled during ${operation}`, span),
  startTimeOverlap: (metricName: string, span: Span): Annotation => ({
    ...warn(
      `sample has start time that overlaps with previous sample timestamp for metric ${goQuote(metricName)}`,
      span,
    ),
    occurrences: 1,
  }),
} as const;
