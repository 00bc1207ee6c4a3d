import { compress } from 'snappyjs';
import { ProtoWriter } from '../../../src/storage-engine/format/protobuf.ts';

/** A native histogram of a remote write request: counts by bucket index, integers or floats. */
export interface WrittenHistogram {
  readonly schema: number;
  readonly float: boolean;
  readonly gauge: boolean;
  readonly count: number;
  readonly sum: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  /** Counts of consecutive buckets from index `first` on. */
  readonly positive: { readonly first: number; readonly counts: readonly number[] };
  readonly negative: { readonly first: number; readonly counts: readonly number[] };
  readonly customValues: readonly number[];
}

/** A value: a float, the stale marker, or a histogram. */
export type WrittenValue = number | 'stale' | WrittenHistogram;

export interface WrittenSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly { readonly timestampMs: number; readonly value: WrittenValue }[];
}

const staleBits = 0x7ff0000000000002n;

function double(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  if (typeof value === 'bigint') view.setBigUint64(0, value, true);
  else view.setFloat64(0, value, true);
  return bytes;
}

/** A packed field: proto3 readers take it for repeated scalars. One-element packs would not do for singular fields. */
class FieldWriter {
  private readonly parts: number[] = [];

  varint(field: number, value: number | bigint): this {
    this.raw((field << 3) | 0);
    this.raw(value);
    return this;
  }

  signed(field: number, value: number): this {
    return this.varint(field, zigzag(value));
  }

  double(field: number, value: number | bigint): this {
    this.raw((field << 3) | 1);
    this.parts.push(...double(value));
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.raw((field << 3) | 2);
    this.raw(value.length);
    for (const byte of value) this.parts.push(byte);
    return this;
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.parts);
  }

  private raw(value: number | bigint): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 0x80n; rest >>= 7n) this.parts.push(Number(rest & 0x7fn) | 0x80);
    this.parts.push(Number(rest));
  }
}

function zigzag(value: number): bigint {
  const wide = BigInt(value);
  return BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n));
}

/** prompb.Histogram of Prometheus's types.proto. */
function histogramMessage(h: WrittenHistogram, timestampMs: number): Uint8Array {
  const writer = new FieldWriter();
  if (h.float) writer.double(2, h.count);
  else writer.varint(1, h.count);
  writer.double(3, h.sum).signed(4, h.schema).double(5, h.zeroThreshold);
  if (h.float) writer.double(7, h.zeroCount);
  else writer.varint(6, h.zeroCount);
  for (const [side, spanField, deltaField, countField] of [
    [h.negative, 8, 9, 10],
    [h.positive, 11, 12, 13],
  ] as const) {
    if (side.counts.length === 0) continue;
    writer.bytes(spanField, new FieldWriter().signed(1, side.first).varint(2, side.counts.length).finish());
    side.counts.forEach((count, i) => {
      if (h.float) writer.double(countField, count);
      else writer.signed(deltaField, count - (side.counts[i - 1] ?? 0));
    });
  }
  if (h.gauge) writer.varint(14, 3);
  writer.varint(15, timestampMs);
  for (const bound of h.customValues) writer.double(16, bound);
  return writer.finish();
}

/** prompb.WriteRequest, compressed. */
export function encodeWriteRequest(series: readonly WrittenSeries[]): Buffer {
  const request = new ProtoWriter();
  for (const { labels, samples } of series) {
    request.message(1, (message) => {
      for (const [name, value] of Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
        message.message(1, (label) => void label.text(1, name).text(2, value));
      for (const { timestampMs, value } of samples) {
        if (typeof value === 'object') message.bytes(4, histogramMessage(value, timestampMs));
        else
          message.bytes(
            2,
            new FieldWriter()
              .double(1, value === 'stale' ? staleBits : value)
              .varint(2, timestampMs)
              .finish(),
          );
      }
    });
  }
  return Buffer.from(compress(request.finish()));
}
