import { spansOf } from '../../format/histogram-layout.ts';
import type { ProtoWriter } from '../../format/protobuf.ts';
import { type FloatHistogram, usesCustomBuckets } from '../../promql/exec/histogram/float-histogram.ts';
import type { SourceSeries } from '../../promql/exec/sample-source.ts';

/** Longest Sample with its tag and length: a float, a timestamp of ten bytes. */
const longestSample = 2 + 9 + 11;
const resetHints = { unknown: 0, reset: 1, not_reset: 2, gauge: 3 } as const;

/** The samples of a series as the fields `samples` (2) and `histograms` (4) of a prompb.TimeSeries. */
export function writeSamples(writer: ProtoWriter, series: SourceSeries): void {
  writer.raw(floatFields(series));
  series.histograms?.forEach((histogram, i) => {
    if (histogram !== undefined)
      writer.message(4, (message) => writeHistogram(message, histogram, series.timestamps[i]!));
  });
}

/** All float samples as repeated fields. Values go as bytes, so that a NaN keeps its bits. */
function floatFields({ timestamps, values, histograms }: SourceSeries): Uint8Array {
  const out = new Uint8Array(timestamps.length * longestSample);
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.length * 8);
  let at = 0;
  for (let i = 0; i < timestamps.length; i++) {
    if (histograms?.[i] !== undefined) continue;
    out[at] = (2 << 3) | 2;
    const start = at + 2;
    at = start;
    if (values[i] !== 0) {
      out[at++] = (1 << 3) | 1;
      out.set(bytes.subarray(i * 8, i * 8 + 8), at);
      at += 8;
    }
    if (timestamps[i] !== 0) {
      out[at++] = 2 << 3;
      at = writeVarint(out, at, timestamps[i]!);
    }
    out[start - 1] = at - start;
  }
  return out.subarray(0, at);
}

function writeVarint(out: Uint8Array, start: number, value: number): number {
  let at = start;
  if (value < 0) {
    for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
      if (rest < 0x80n) {
        out[at++] = Number(rest);
        return at;
      }
      out[at++] = Number(rest & 0x7fn) | 0x80;
    }
  }
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) out[at++] = (rest % 128) | 0x80;
  out[at++] = rest;
  return at;
}

/** A prompb.Histogram with float counts. */
function writeHistogram(writer: ProtoWriter, h: FloatHistogram, timestampMs: number): void {
  writer.presentDouble(2, h.count).double(3, h.sum).zigzag(4, h.schema).double(5, h.zeroThreshold);
  writer.presentDouble(7, h.zeroCount);
  for (const [spans, counts, side] of [
    [8, 10, h.negative],
    [11, 13, h.positive],
  ] as const) {
    for (const { offset, length } of spansOf(side.indices))
      writer.message(spans, (span) => void span.zigzag(1, offset).integer(2, length));
    writer.doubles(counts, side.counts);
  }
  writer.integer(14, resetHints[h.resetHint]).integer(15, timestampMs);
  if (usesCustomBuckets(h)) writer.doubles(16, h.customValues);
}
