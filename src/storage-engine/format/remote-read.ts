import { CorruptDataError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { ByteReader } from './byte-reader.ts';
import { crc32c } from './crc32c.ts';
import { eachField, ProtoWriter } from './protobuf.ts';

/** A matcher as remote read knows it. */
export interface RemoteMatcher {
  readonly op: '=' | '!=' | '=~' | '!~';
  readonly name: string;
  readonly value: string;
}

/** One query; times are milliseconds since the epoch, both ends included. */
export interface RemoteQuery {
  readonly startMs: number;
  readonly endMs: number;
  readonly matchers: readonly RemoteMatcher[];
}

const matcherTypes = { '=': 0, '!=': 1, '=~': 2, '!~': 3 } as const;
const streamedChunks = 1;

/** Content type of a request for, and of an answer in, streamed chunks. */
export const remoteReadContentType = 'application/x-protobuf';
export const streamedChunksContentType =
  'application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse';

/** A ReadRequest that accepts streamed chunks only, before Snappy (Prometheus prompb/remote.proto). */
export function encodeReadRequest(queries: readonly RemoteQuery[]): Uint8Array {
  const writer = new ProtoWriter();
  for (const query of queries) {
    writer.message(1, (message) => {
      message.integer(1, query.startMs).integer(2, query.endMs);
      for (const { op, name, value } of query.matchers)
        message.message(
          3,
          (matcher) => void matcher.integer(1, matcherTypes[op]).text(2, name).text(3, value),
        );
      message.message(4, (hints) => void hints.integer(3, query.startMs).integer(4, query.endMs));
    });
  }
  // Packed enum, as proto3 writers do.
  return writer.bytes(2, Uint8Array.of(streamedChunks)).finish();
}

export interface RemoteChunk {
  readonly minTime: number;
  readonly maxTime: number;
  /** As on disk; see `chunkEncoding`. */
  readonly encoding: number;
  readonly data: Uint8Array;
}

/** Part of a series: a series may go on in the next frame under the same labels. */
export interface RemoteSeries {
  readonly labels: readonly (readonly [string, string])[];
  readonly chunks: readonly RemoteChunk[];
}

export interface ChunkedResponse {
  readonly queryIndex: number;
  readonly series: readonly RemoteSeries[];
}

const none = new Uint8Array(0);

/** Decodes one frame's message. Data are views of `message`. */
export function decodeChunkedResponse(message: Uint8Array): ChunkedResponse {
  const series: RemoteSeries[] = [];
  let queryIndex = 0;
  eachField(message, 'chunked read response', (field, value) => {
    if (field === 2) queryIndex = value.integer();
    if (field !== 1) return;
    const labels: [string, string][] = [];
    const chunks: RemoteChunk[] = [];
    value.message((inner, part) => {
      if (inner === 1) {
        const label: [string, string] = ['', ''];
        part.message((which, text) => {
          if (which === 1 || which === 2) label[which - 1] = text.text();
        });
        labels.push(label);
      } else if (inner === 2) {
        const chunk: { -readonly [field in keyof RemoteChunk]: RemoteChunk[field] } = {
          minTime: 0,
          maxTime: 0,
          encoding: 0,
          data: none,
        };
        part.message((which, entry) => {
          if (which === 1) chunk.minTime = entry.integer();
          else if (which === 2) chunk.maxTime = entry.integer();
          else if (which === 3) chunk.encoding = entry.integer();
          else if (which === 4) chunk.data = entry.bytes();
        });
        chunks.push(chunk);
      }
    });
    series.push({ labels, chunks });
  });
  return { queryIndex, series };
}

/**
 * Splits a stream of frames (uvarint length, big-endian CRC-32C, message) into messages. A stream that ends inside a
 * frame failed: Prometheus writes an error text after an answer that it had begun.
 */
export async function* readFrames(stream: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let parts: Uint8Array[] = [];
  let size = 0;
  let needed = 1;
  for await (const part of stream) {
    parts.push(part);
    size += part.length;
    if (size < needed) continue;
    let pending = parts.length === 1 ? part : join(parts, size);
    for (;;) {
      const frame = takeFrame(pending);
      if (typeof frame === 'number') {
        needed = frame;
        break;
      }
      yield frame.message;
      pending = pending.subarray(frame.end);
    }
    parts = pending.length === 0 ? [] : [pending];
    size = pending.length;
  }
  if (size > 0)
    throw new CorruptDataError(`streamed read: the stream ends inside a frame, ${size} bytes of it came`);
}

/** The frame at the beginning, or how many bytes there must be at least to look again. */
function takeFrame(bytes: Uint8Array): { message: Uint8Array; end: number } | number {
  let prefix = 0;
  while (prefix < bytes.length && prefix < 5 && bytes[prefix]! >= 0x80) prefix++;
  if (prefix === bytes.length && prefix < 5) return prefix + 1;
  const reader = new ByteReader(bytes, 'streamed read frame');
  const length = reader.uvarint();
  if (length > limits.remoteReadFrameBytes)
    throw new CorruptDataError(
      `streamed read: a frame of ${length} bytes is above the limit of ${limits.remoteReadFrameBytes}`,
    );
  if (reader.remaining() < 4 + length) return reader.position + 4 + length;
  const stored = reader.uint32();
  const message = reader.raw(length);
  const actual = crc32c(message);
  if (actual !== stored)
    throw new CorruptDataError(
      `streamed read: a frame has checksum 0x${actual.toString(16)}, stored is 0x${stored.toString(16)}`,
    );
  return { message, end: reader.position };
}

function join(parts: readonly Uint8Array[], size: number): Uint8Array {
  const out = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
