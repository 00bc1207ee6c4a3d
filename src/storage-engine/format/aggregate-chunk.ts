import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

/** Order of the aggregates within a downsampled chunk (Thanos pkg/compact/downsample/aggr.go). */
export const aggregates = ['count', 'sum', 'min', 'max', 'counter'] as const;
export type Aggregate = (typeof aggregates)[number];

/** One aggregate of a downsampled chunk, itself the data of a chunk of `encoding`. */
export interface AggregatePart {
  readonly encoding: number;
  readonly data: Uint8Array;
}

export type AggregateParts = Partial<Record<Aggregate, AggregatePart>>;

/** Splits the data of a chunk of encoding 255; the parts are views. An aggregate that is absent has length 0. */
export function decodeAggregateChunk(data: Uint8Array): AggregateParts {
  const reader = new ByteReader(data, 'aggregate chunk');
  const parts: AggregateParts = {};
  for (const aggregate of aggregates) {
    const length = reader.uvarint();
    if (length === 0) continue;
    const encoding = reader.uint8();
    parts[aggregate] = { encoding, data: reader.raw(length) };
  }
  if (reader.remaining() > 0) throw reader.corrupt(`${reader.remaining()} bytes follow the last aggregate`);
  return parts;
}

export function encodeAggregateChunk(parts: AggregateParts): Uint8Array {
  const writer = new ByteWriter(512);
  for (const aggregate of aggregates) {
    const part = parts[aggregate];
    writer.uvarint(part?.data.length ?? 0);
    if (part === undefined) continue;
    writer.uint8(part.encoding);
    writer.raw(part.data);
  }
  return writer.written().slice();
}
