import type { IncomingHttpHeaders } from 'node:http';
import { defaultEngineOptions } from '../../promql/exec/engine.ts';
import { type FloatHistogram, usesCustomBuckets } from '../../promql/exec/histogram/float-histogram.ts';
import { compareText, type Labels, metricNameLabel } from '../../promql/exec/labels.ts';
import { pdqSort } from '../../promql/exec/pdq-sort.ts';
import { type SampleSource, type SourceSeries, staleTester } from '../../promql/exec/sample-source.ts';
import { ApiError } from '../api-error.ts';
import { matchersParam, type Params } from '../params.ts';
import { RawAnswer } from '../raw-answer.ts';
import { type Exposition, negotiateExposition } from './exposition.ts';
import type { Metric, MetricFamily } from './metric-family.ts';

interface Latest {
  readonly labels: Labels;
  readonly timestampMs: number;
  readonly value: number | FloatHistogram;
}

/** Prometheus's `/federate`: the newest sample of each selected series, in the exposition that the scraper asks for. */
export async function answerFederate(call: {
  readonly params: Params;
  readonly headers: IncomingHttpHeaders;
  readonly source: SampleSource;
  readonly nowMs: number;
}): Promise<RawAnswer> {
  const selectors = matchersParam(call.params, (reason) => new ApiError('bad_data', reason));
  const exposition = negotiateExposition(String(call.headers.accept ?? ''));
  const hints = { startMs: call.nowMs - defaultEngineOptions.lookbackDeltaMs, endMs: call.nowMs };
  const found = new Map<string, Latest>();
  for (const matchers of selectors) {
    for (const series of await call.source.select(matchers, hints)) {
      const latest = newest(series);
      if (latest !== undefined) found.set(series.labels.key, latest);
    }
  }
  const sorted = [...found.values()].sort((a, b) => a.labels.compare(b.labels));
  // Series of one name come in the order in which Go's unstable sort leaves them.
  const byName = pdqSort(sorted, (a, b) => compareText(nameOf(a), nameOf(b)) < 0);
  const families = [...metricFamilies(byName, exposition.hasNativeHistograms)];
  return new RawAnswer(exposition.contentType, exposition.encode(families), {
    ...(exposition.comment && { comment: exposition.comment }),
  });
}

const nameOf = ({ labels }: Latest) => labels.get(metricNameLabel);

function newest({ labels, timestamps, values, histograms }: SourceSeries): Latest | undefined {
  const last = timestamps.length - 1;
  if (last < 0) return undefined;
  const histogram = histograms?.[last];
  if (histogram === undefined && staleTester(values)(last)) return undefined;
  return { labels, timestampMs: timestamps[last]!, value: histogram ?? values[last]! };
}

type FamilyType = MetricFamily['type'];

function typeOf(value: number | FloatHistogram): FamilyType {
  if (typeof value === 'number') return 'untyped';
  return value.resetHint === 'gauge' ? 'gauge_histogram' : 'histogram';
}

/** Neighbours of one name and type form a family. Nameless series are left out. */
function* metricFamilies(
  samples: readonly Latest[],
  hasNativeHistograms: Exposition['hasNativeHistograms'],
): Iterable<MetricFamily> {
  let open: { name: string; type: FamilyType; metrics: Metric[] } | undefined;
  for (const { labels, timestampMs, value } of samples) {
    if (typeof value !== 'number' && !usesCustomBuckets(value) && !hasNativeHistograms) continue;
    const name = labels.get(metricNameLabel);
    if (name === '') continue;
    const type = typeOf(value);
    if (open === undefined || open.name !== name || open.type !== type) {
      if (open !== undefined) yield open;
      open = { name, type, metrics: [] };
    }
    const pairs = [...labels.entries()].filter(([label]) => label !== metricNameLabel);
    // A scraper with honor_labels must not put its own instance on what comes from others.
    if (labels.get('instance') === '') pairs.push(['instance', '']);
    open.metrics.push({ labels: pairs, timestampMs, value });
  }
  if (open !== undefined) yield open;
}
