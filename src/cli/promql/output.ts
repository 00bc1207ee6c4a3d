import type { QueryValue } from '../../storage-engine/promql/exec/engine.ts';
import { histogramText } from '../../storage-engine/promql/exec/histogram/float-histogram.ts';
import { metricNameLabel } from '../../storage-engine/promql/exec/labels.ts';
import type { ResultSeries } from '../../storage-engine/promql/exec/result-series.ts';
import { formatFloatGeneral } from '../../storage-engine/promql/syntax/go-format.ts';
import { printable } from '../printable.ts';
import { plot } from './plot.ts';

/** A series as PromQL writes it: `name{label="value"}`. */
export function seriesText({ labels }: ResultSeries): string {
  const rest = labels.without([metricNameLabel]);
  const name = labels.get(metricNameLabel);
  return rest.pairs.length === 0 && name !== '' ? name : `${name}${rest}`;
}

function pointText(value: ResultSeries['points'][number]['value']): string {
  return typeof value === 'number' ? formatFloatGeneral(value) : histogramText(value);
}

const isoTime = (timestampMs: number) =>
  Math.abs(timestampMs) <= 8.64e15 ? new Date(timestampMs).toISOString() : String(timestampMs);

/** Rows of two columns for one time; a plot for each series of a range. */
export function tableText(value: QueryValue, columns: number): string {
  if (value.type === 'scalar') return `${formatFloatGeneral(value.value)}\n`;
  if (value.type === 'string') return `${printable(value.value)}\n`;
  if (value.series.length === 0) return 'no series\n';
  if (value.type === 'vector') {
    const names = value.series.map((series) => printable(seriesText(series)));
    const width = Math.min(Math.max(...names.map((name) => name.length)), Math.max(20, columns - 24));
    return value.series
      .map((series, i) => `${names[i]!.padEnd(width)}  ${pointText(series.points[0]!.value)}\n`)
      .join('');
  }
  return value.series
    .map((series) => `${printable(seriesText(series))}\n${plot(series.points, columns)}\n`)
    .join('');
}

/** One row per point: series, time in seconds, value; fields quoted as RFC 4180 says. */
export function csvText(value: QueryValue): string {
  const field = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const row = (...fields: string[]) => `${fields.map(field).join(',')}\r\n`;
  const head = row('series', 'timestamp', 'value');
  if (value.type === 'scalar')
    return head + row('', isoTime(value.timestampMs), formatFloatGeneral(value.value));
  if (value.type === 'string') return head + row('', isoTime(value.timestampMs), value.value);
  return (
    head +
    value.series
      .flatMap((series) =>
        series.points.map((point) =>
          row(seriesText(series), isoTime(point.timestampMs), pointText(point.value)),
        ),
      )
      .join('')
  );
}
