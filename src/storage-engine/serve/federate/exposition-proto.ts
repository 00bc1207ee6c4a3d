import { spansOf } from '../../format/histogram-layout.ts';
import { ProtoWriter } from '../../format/protobuf.ts';
import { type FloatHistogram, usesCustomBuckets } from '../../promql/exec/histogram/float-histogram.ts';
import { classicBuckets, type MetricFamily } from './metric-family.ts';

/** Types of io.prometheus.client.MetricFamily. */
const types = { untyped: 3, histogram: 4, gauge_histogram: 5 } as const;

/** Families in protobuf, each after its length (proto2: what is set is written, zero or not). */
export function encodeProtoFamilies(families: readonly MetricFamily[]): Buffer {
  return Buffer.concat(families.map((family) => new ProtoWriter().delimited(encodeFamily(family)).finish()));
}

function encodeFamily({ name, type, metrics }: MetricFamily): Uint8Array {
  const writer = new ProtoWriter().presentText(1, name).presentInteger(3, types[type]);
  for (const { labels, timestampMs, value } of metrics) {
    writer.message(4, (metric) => {
      for (const [label, text] of labels)
        metric.message(1, (pair) => void pair.presentText(1, label).presentText(2, text));
      if (typeof value === 'number') metric.message(5, (untyped) => void untyped.presentDouble(1, value));
      metric.presentInteger(6, timestampMs);
      if (typeof value !== 'number') metric.message(7, (message) => writeHistogram(message, value));
    });
  }
  return writer.finish();
}

function writeHistogram(writer: ProtoWriter, h: FloatHistogram): void {
  writer.presentDouble(2, h.sum);
  if (usesCustomBuckets(h)) {
    for (const { upperBound, cumulativeCount } of classicBuckets(h))
      writer.message(
        3,
        (bucket) => void bucket.presentDouble(2, upperBound).presentDouble(4, cumulativeCount),
      );
    writer.presentDouble(4, h.count);
    return;
  }
  writer.presentDouble(4, h.count);
  writer.presentInteger(5, h.schema < 0 ? -h.schema * 2 - 1 : h.schema * 2);
  writer.presentDouble(6, h.zeroThreshold).presentDouble(8, h.zeroCount);
  for (const [spans, counts, side] of [
    [9, 11, h.negative],
    [12, 14, h.positive],
  ] as const) {
    for (const { offset, length } of spansOf(side.indices))
      writer.message(spans, (span) =>
        span.presentInteger(1, offset < 0 ? -offset * 2 - 1 : offset * 2).presentInteger(2, length),
      );
    for (const count of side.counts) writer.presentDouble(counts, count);
  }
}
