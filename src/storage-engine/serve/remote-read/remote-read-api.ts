import { compress, uncompress } from 'snappyjs';
import { CodedError } from '../../../base/errors.ts';
import { limits } from '../../../base/limits.ts';
import {
  type RemoteChunk,
  type RemoteQuery,
  remoteReadContentType,
  streamedChunksContentType,
} from '../../format/remote-read.ts';
import {
  decodeReadRequest,
  encodeChunkedFrame,
  encodeReadResponse,
  type ReadRequest,
  responseTypes,
} from '../../format/remote-read-server.ts';
import type { SampleSource, SourceSeries } from '../../promql/exec/sample-source.ts';
import { ApiError } from '../api-error.ts';
import { RawAnswer } from '../raw-answer.ts';
import { columnChunks } from './column-chunks.ts';
import { writeSamples } from './sample-messages.ts';

/** Prometheus's remote read: all samples of selectors, in one message or as a stream of chunks. */
export async function answerRemoteRead({
  body,
  source,
  signal,
}: {
  readonly body: Buffer;
  readonly source: SampleSource;
  readonly signal: AbortSignal;
}): Promise<RawAnswer> {
  const request = decoded(body);
  const type = negotiated(request.acceptedTypes);
  const results: (readonly SourceSeries[])[] = [];
  for (const query of request.queries) {
    signal.throwIfAborted();
    results.push(await selected(source, query));
  }
  if (type === responseTypes.streamedChunks) return new RawAnswer(streamedChunksContentType, frames(results));
  const message = encodeReadResponse(
    results.map((series) =>
      series.map((one) => ({
        labels: [...one.labels.entries()],
        writeSamples: (writer) => writeSamples(writer, one),
      })),
    ),
  );
  return new RawAnswer(remoteReadContentType, Buffer.from(compress(message)), { contentEncoding: 'snappy' });
}

function decoded(body: Buffer): ReadRequest {
  let message: Uint8Array;
  try {
    message = uncompress(body, limits.remoteReadRequestBytes);
  } catch {
    throw new ApiError('bad_data', 'snappy: corrupt input');
  }
  try {
    return decodeReadRequest(message);
  } catch (error) {
    if (error instanceof CodedError) throw new ApiError('bad_data', error.message);
    throw error;
  }
}

/** The first kind of answer that both sides know; samples where the client names none. */
function negotiated(accepted: readonly number[]): number {
  if (accepted.length === 0) return responseTypes.samples;
  const known: readonly number[] = Object.values(responseTypes);
  const chosen = accepted.find((type) => known.includes(type));
  if (chosen === undefined)
    throw new ApiError(
      'bad_data',
      `server does not support any of the requested response types: [${accepted.join(' ')}]; supported: map[SAMPLES:{} STREAMED_XOR_CHUNKS:{}]`,
    );
  return chosen;
}

async function selected(source: SampleSource, query: RemoteQuery): Promise<readonly SourceSeries[]> {
  const hints = { startMs: query.startMs, endMs: query.endMs };
  return source.select(query.matchers, hints);
}

/** One series, or a part of one, to a frame of about the size of Prometheus's. */
function* frames(results: readonly (readonly SourceSeries[])[]): Iterable<Uint8Array> {
  for (const [queryIndex, result] of results.entries()) {
    for (const series of result) {
      const labels = [...series.labels.entries()];
      let chunks: RemoteChunk[] = [];
      let bytes = 0;
      for (const chunk of columnChunks(series)) {
        chunks.push(chunk);
        bytes += chunk.data.length;
        if (bytes < limits.remoteReadServedFrameBytes) continue;
        yield encodeChunkedFrame(queryIndex, { labels, chunks });
        chunks = [];
        bytes = 0;
      }
      if (chunks.length > 0) yield encodeChunkedFrame(queryIndex, { labels, chunks });
    }
  }
}
