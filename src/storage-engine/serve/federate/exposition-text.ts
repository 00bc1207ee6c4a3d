import type { FloatHistogram } from '../../promql/exec/histogram/float-histogram.ts';
import { formatFloatGeneral } from '../../promql/syntax/go-format.ts';
import { classicBuckets, type MetricFamily } from './metric-family.ts';
import { isLegacyName } from './name-escaping.ts';

/** Prometheus's text format 0.0.4, as Go's expfmt writes it. */
export function encodeTextFamilies(families: readonly MetricFamily[]): Buffer {
  const lines: string[] = [];
  for (const { name, type, metrics } of families) {
    lines.push(`# TYPE ${quotedName(name)} ${type === 'untyped' ? 'untyped' : 'histogram'}\n`);
    for (const { labels, timestampMs, value } of metrics) {
      const sample = (suffix: string, extra: readonly [string, string][], number: number) => {
        const at = series(name + suffix, [...labels, ...extra]);
        lines.push(`${at} ${floatText(number)} ${timestampMs}\n`);
      };
      if (typeof value === 'number') sample('', [], value);
      else writeHistogram(value, sample);
    }
  }
  return Buffer.from(lines.join(''));
}

export function commentLine(reason: string): string {
  return `# partial: ${reason.replaceAll(/[\r\n]+/g, ' ')}\n`;
}

function writeHistogram(
  h: FloatHistogram,
  sample: (suffix: string, extra: readonly [string, string][], value: number) => void,
): void {
  for (const { upperBound, cumulativeCount } of classicBuckets(h))
    sample('_bucket', [['le', floatText(upperBound)]], cumulativeCount);
  sample('_bucket', [['le', '+Inf']], h.count);
  sample('_sum', [], h.sum);
  sample('_count', [], h.count);
}

/** A name that is no legacy one stands quoted inside the braces. */
function series(name: string, labels: readonly (readonly [string, string])[]): string {
  const pairs = labels.map(([label, value]) => `${quotedName(label)}="${escapedText(value)}"`);
  if (!isLegacyName(name)) return `{${[quotedName(name), ...pairs].join(',')}}`;
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
}

function quotedName(name: string): string {
  return isLegacyName(name) ? name : `"${escapedText(name)}"`;
}

function escapedText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function floatText(value: number): string {
  return value === 0 ? '0' : formatFloatGeneral(value);
}
