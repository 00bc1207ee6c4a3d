import { CorruptDataError } from '../../base/errors.ts';
import { crc32c } from './crc32c.ts';
import { eachField, ProtoWriter } from './protobuf.ts';
import type { RemoteMatcher, RemoteQuery, RemoteSeries } from './remote-read.ts';

/** Kinds of answers, by their number in a request (Prometheus prompb/remote.proto). */
export const responseTypes = { samples: 0, streamedChunks: 1 } as const;

export interface ReadRequest {
  readonly queries: readonly RemoteQuery[];
  /** Kinds of answers that the client takes, the preferred one first. */
  readonly acceptedTypes: readonly number[];
}

const operators = ['=', '!=', '=~', '!~'] as const;

/** Decodes a ReadRequest, after Snappy; hints are left aside. */
export function decodeReadRequest(message: Uint8Array): ReadRequest {
  const queries: RemoteQuery[] = [];
  const acceptedTypes: number[] = [];
  eachField(message, 'read request', (field, value) => {
    if (field === 1) {
      const query = { startMs: 0, endMs: 0, matchers: [] as RemoteMatcher[] };
      value.message((inner, part) => {
        if (inner === 1) query.startMs = part.integer();
        else if (inner === 2) query.endMs = part.integer();
        else if (inner === 3) query.matchers.push(decodeMatcher(part));
      });
      queries.push(query);
    } else if (field === 2) {
      acceptedTypes.push(...value.integers());
    }
  });
  return { queries, acceptedTypes };
}

function decodeMatcher(value: Parameters<Parameters<typeof eachField>[2]>[1]): RemoteMatcher {
  let [type, name, text] = [0, '', ''];
  value.message((field, part) => {
    if (field === 1) type = part.integer();
    else if (field === 2) name = part.text();
    else if (field === 3) text = part.text();
  });
  const op = operators[type];
  if (op === undefined) throw new CorruptDataError(`invalid matcher type: ${type}`);
  return { op, name, value: text };
}

/** One series of an answer in samples; `writeSamples` writes the fields of its samples and histograms. */
export interface SeriesWriter {
  readonly labels: readonly (readonly [string, string])[];
  readonly writeSamples: (series: ProtoWriter) => void;
}

/** A ReadResponse, before Snappy: of each query its series. */
export function encodeReadResponse(results: readonly (readonly SeriesWriter[])[]): Uint8Array {
  const writer = new ProtoWriter();
  for (const result of results) {
    writer.message(1, (message) => {
      for (const { labels, writeSamples } of result) {
        message.message(1, (series) => {
          writeLabels(series, labels);
          writeSamples(series);
        });
      }
    });
  }
  return writer.finish();
}

function writeLabels(series: ProtoWriter, labels: RemoteSeries['labels']): void {
  for (const [name, value] of labels) series.message(1, (label) => void label.text(1, name).text(2, value));
}

/** One frame of a streamed answer: part of one series. */
export function encodeChunkedFrame(queryIndex: number, { labels, chunks }: RemoteSeries): Uint8Array {
  const message = new ProtoWriter()
    .message(1, (series) => {
      writeLabels(series, labels);
      for (const { minTime, maxTime, encoding, data } of chunks)
        series.message(
          2,
          (chunk) => void chunk.integer(1, minTime).integer(2, maxTime).integer(3, encoding).bytes(4, data),
        );
    })
    .integer(2, queryIndex)
    .finish();
  return frame(message);
}

/** Length, checksum and the message. */
function frame(message: Uint8Array): Uint8Array {
  const prefix: number[] = [];
  let rest = message.length;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) prefix.push((rest % 128) | 0x80);
  prefix.push(rest);
  const out = new Uint8Array(prefix.length + 4 + message.length);
  out.set(prefix);
  new DataView(out.buffer).setUint32(prefix.length, crc32c(message));
  out.set(message, prefix.length + 4);
  return out;
}
