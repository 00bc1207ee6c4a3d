import { jsonText } from '../format/json-text.ts';
import { jsonTimestamp } from '../kernels/json-timestamp.ts';
import { RowWriter } from '../kernels/row-writer.ts';
import { stepTime } from '../promql/exec/context.ts';
import type { QueryValue } from '../promql/exec/engine.ts';
import {
  allBuckets,
  type Bucket,
  type FloatHistogram,
  usesCustomBuckets,
} from '../promql/exec/histogram/float-histogram.ts';
import type { Labels } from '../promql/exec/labels.ts';
import type { ResultSeries } from '../promql/exec/result-series.ts';
import { formatFloatExponent, formatFloatPlain } from '../promql/syntax/go-format.ts';

const htmlSpecial = /[<>&\u2028\u2029]/;

/** A text as Go's standard encoder writes it, which escapes what means something in HTML too: errors, warnings. */
export function jsonMessage(text: string): string {
  const json = jsonText(text);
  if (!htmlSpecial.test(json)) return json;
  return json.replaceAll(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A sample value: a quoted number without exponent from 1e-6 up to 1e21, with one outside. */
export function jsonFloat(value: number): string {
  if (Number.isNaN(value)) return '"NaN"';
  if (!Number.isFinite(value)) return value > 0 ? '"+Inf"' : '"-Inf"';
  const size = Math.abs(value);
  const exponent = size !== 0 && (size < 1e-6 || size >= 1e21);
  return `"${exponent ? formatFloatExponent(value) : formatFloatPlain(value)}"`;
}

export function jsonLabels(labels: Labels): string {
  const { pairs } = labels;
  let text = '{';
  for (let i = 0; i < pairs.length; i += 2)
    text += `${i === 0 ? '' : ','}${jsonText(pairs[i]!)}:${jsonText(pairs[i + 1]!)}`;
  return `${text}}`;
}

function jsonHistogram(histogram: FloatHistogram): string {
  const custom = usesCustomBuckets(histogram);
  const buckets = allBuckets(histogram)
    .filter(({ count }) => count !== 0)
    .map(
      (bucket) =>
        `[${boundaryRule(bucket, custom)},${jsonFloat(bucket.lower)},${jsonFloat(bucket.upper)},${jsonFloat(bucket.count)}]`,
    );
  const list = buckets.length === 0 ? '' : `,"buckets":[${buckets.join(',')}]`;
  return `{"count":${jsonFloat(histogram.count)},"sum":${jsonFloat(histogram.sum)}${list}}`;
}

/** Which boundaries belong to a bucket: 0 the upper, 1 the lower, 2 none, 3 both (only the zero bucket). */
function boundaryRule({ lower, upper }: Bucket, custom: boolean): 0 | 1 | 2 | 3 {
  if (custom) return lower === Number.NEGATIVE_INFINITY ? 3 : 0;
  if (lower === -upper) return 3;
  if (lower < 0) return upper > 0 ? 3 : 1;
  return upper > 0 ? 0 : 2;
}

let writer: RowWriter | undefined;

/** `{"resultType":...,"result":...}` of a query, in UTF-8 in parts. */
export function* jsonQueryData(
  value: QueryValue,
  stats?: string,
  /** The series, where they are text already. */
  texts?: readonly Uint8Array[],
): Generator<Uint8Array> {
  const rest = stats === undefined ? '' : `,"stats":${stats}`;
  const open = `{"resultType":"${value.type}","result":`;
  const rows = texts === undefined ? rowsOf(value) : withCommas(texts);
  if (rows === undefined) return yield Buffer.from(`${open}${jsonResult(value)}${rest}}`);
  yield Buffer.from(`${open}[`);
  yield* rows;
  yield Buffer.from(`]${rest}}`);
}

function* withCommas(texts: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const [i, text] of texts.entries()) {
    if (i > 0) yield Buffer.from(',');
    yield text;
  }
}

/** The series as rows of floats by step, written by a kernel; undefined where they have another form. */
function rowsOf(value: QueryValue): Iterable<Uint8Array> | undefined {
  if (!('series' in value) || value.series.length === 0) return undefined;
  const rows: Float64Array[] = [];
  const { steps } = value.series[0]!.row ?? {};
  if (steps === undefined) return undefined;
  for (const { row } of value.series) {
    if (row === undefined) return undefined;
    rows.push(row.values);
  }
  writer ??= new RowWriter();
  return writer.write({
    rows,
    labels: value.series.map(({ labels }) => jsonLabels(labels)),
    times: Array.from({ length: steps.count }, (_, step) => jsonTimestamp(stepTime(steps, step))),
    isVector: value.type === 'vector',
  });
}

function jsonResult(value: QueryValue): string {
  switch (value.type) {
    case 'scalar':
      return `[${jsonTimestamp(value.timestampMs)},${jsonFloat(value.value)}]`;
    case 'string':
      return `[${jsonTimestamp(value.timestampMs)},${jsonText(value.value)}]`;
    case 'vector':
      return `[${value.series.map(jsonVectorSeries).join(',')}]`;
    case 'matrix':
      return `[${value.series.map(jsonMatrixSeries).join(',')}]`;
  }
}

function jsonVectorSeries({ labels, points }: ResultSeries): string {
  const { timestampMs, value } = points[0]!;
  const at = jsonTimestamp(timestampMs);
  const sample =
    typeof value === 'number'
      ? `"value":[${at},${jsonFloat(value)}]`
      : `"histogram":[${at},${jsonHistogram(value)}]`;
  return `{"metric":${jsonLabels(labels)},${sample}}`;
}

function jsonMatrixSeries({ labels, points }: ResultSeries): string {
  const floats: string[] = [];
  const histograms: string[] = [];
  for (const { timestampMs, value } of points) {
    const at = jsonTimestamp(timestampMs);
    if (typeof value === 'number') floats.push(`[${at},${jsonFloat(value)}]`);
    else histograms.push(`[${at},${jsonHistogram(value)}]`);
  }
  const values = floats.length === 0 ? '' : `,"values":[${floats.join(',')}]`;
  const rest = histograms.length === 0 ? '' : `,"histograms":[${histograms.join(',')}]`;
  return `{"metric":${jsonLabels(labels)}${values}${rest}}`;
}
