import { compress } from 'snappyjs';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { CodedError, LimitExceededError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import {
  decodeChunkedResponse,
  encodeReadRequest,
  type RemoteQuery,
  type RemoteSeries,
  readFrames,
  remoteReadContentType,
  streamedChunksContentType,
} from '../format/remote-read.ts';

/** What a client proves itself with and whom it expects to meet, PEM, read anew for every connection. */
export type SourceTls = () => {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly servername: string;
};

/** A live Prometheus, asked over HTTP. */
export class LiveClient {
  readonly url: string;
  private readonly base: URL;
  private readonly agent: Agent;

  /** `url` is the server's root, a path prefix included; credentials in it are sent and never shown. */
  constructor(url: string, tls?: SourceTls) {
    this.base = new URL(url.endsWith('/') ? url : `${url}/`);
    const shown = new URL(this.base);
    shown.username = '';
    shown.password = '';
    this.url = shown.href;
    this.agent = new Agent({
      // Prometheus answers ten remote reads at once (--storage.remote.read-concurrent-limit); leave some to others.
      connections: limits.liveSourceConnections,
      connect: connectorOf(tls),
      headersTimeout: limits.liveSourceFirstByteMs,
      bodyTimeout: limits.liveSourceIdleMs,
    });
  }

  /**
   * Series for a query as the server streams them, chunks as stored: samples outside the asked time may be among them. A
   * series that spans frames comes back whole. Raises `SourceFailed`; an answer that breaks off is never taken as short.
   */
  async *read(query: RemoteQuery, signal: AbortSignal): AsyncIterable<RemoteSeries> {
    let open:
      | { key: string; series: { labels: RemoteSeries['labels']; chunks: RemoteSeries['chunks'][number][] } }
      | undefined;
    for await (const message of this.readMessages(query, signal)) {
      for (const series of this.decoded(() => decodeChunkedResponse(message).series)) {
        const key = JSON.stringify(series.labels);
        if (open?.key === key) {
          open.series.chunks.push(...series.chunks);
          continue;
        }
        if (open !== undefined) yield open.series;
        open = { key, series: { labels: series.labels, chunks: [...series.chunks] } };
      }
    }
    if (open !== undefined) yield open.series;
  }

  /** What `decode` makes of a part of the server's answer; a fault of it is the server's. */
  decoded<T>(decode: () => T): T {
    try {
      return decode();
    } catch (error) {
      if (error instanceof LimitExceededError) throw error;
      throw this.failed(error instanceof Error ? error.message : String(error));
    }
  }

  /** The same as messages of frames whose checksums are right (`ChunkedReadResponse`). */
  async *readMessages(query: RemoteQuery, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const body = Buffer.from(compress(encodeReadRequest([query])));
    const response = await this.request({
      path: 'api/v1/read',
      method: 'POST',
      body,
      headers: {
        'content-type': remoteReadContentType,
        'content-encoding': 'snappy',
        'x-prometheus-remote-read-version': '0.1.0',
      },
      signal,
    });
    const type = String(response.headers['content-type'] ?? '');
    if (type.replaceAll(' ', '') !== streamedChunksContentType.replaceAll(' ', '')) {
      await response.body.dump();
      throw this.failed(`answered with ${type || 'no content type'} instead of streamed chunks`);
    }
    let receivedBytes = 0;
    try {
      for await (const message of readFrames(response.body)) {
        receivedBytes += message.length;
        if (receivedBytes > limits.liveSourceBytes)
          throw new LimitExceededError(
            `source ${this.url}: its answer is larger than ${limits.liveSourceBytes} bytes`,
          );
        yield message;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof LimitExceededError) throw error;
      throw this.failed(error instanceof Error ? error.message : String(error));
    }
  }

  /** A JSON answer of the server's HTTP API: its `data`. */
  async json(path: string, signal: AbortSignal): Promise<unknown> {
    const response = await this.request({ path, method: 'GET', signal });
    const parts: Buffer[] = [];
    let size = 0;
    try {
      for await (const part of response.body as AsyncIterable<Buffer>) {
        size += part.length;
        if (size > limits.liveSourceJsonBytes)
          throw this.failed(`its answer is larger than ${limits.liveSourceJsonBytes} bytes`);
        parts.push(part);
      }
      const answer = JSON.parse(Buffer.concat(parts).toString('utf8')) as { status?: string; data?: unknown };
      if (answer.status === 'success') return answer.data;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof CodedError) throw error;
      throw this.failed(error instanceof Error ? error.message : String(error));
    }
    throw this.failed('its answer is not a success');
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async request(options: {
    path: string;
    method: 'GET' | 'POST';
    body?: Buffer;
    headers?: Record<string, string>;
    signal: AbortSignal;
  }): Promise<Dispatcher.ResponseData> {
    const target = new URL(options.path, this.base);
    const headers: Record<string, string> = { ...options.headers, 'user-agent': 'promfleet' };
    if (this.base.username !== '') {
      const credentials = `${decodeURIComponent(this.base.username)}:${decodeURIComponent(this.base.password)}`;
      headers.authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
    }
    let response: Dispatcher.ResponseData;
    try {
      response = await this.agent.request({
        origin: target.origin,
        path: target.pathname + target.search,
        method: options.method,
        headers,
        signal: options.signal,
        ...(options.body === undefined ? {} : { body: options.body }),
      });
    } catch (error) {
      options.signal.throwIfAborted();
      throw this.failed(error instanceof Error ? error.message : String(error));
    }
    if (response.statusCode === 200) return response;
    const text = (await response.body.text().catch(() => '')).slice(0, 500).trim();
    throw this.failed(`HTTP ${response.statusCode}${text === '' ? '' : `: ${text}`}`);
  }

  private failed(reason: string): CodedError {
    return new CodedError('SourceFailed', `source ${this.url}: ${reason}`);
  }
}

/** Each connection with the certificate of its moment: connections are kept, and certificates change. */
function connectorOf(tls: SourceTls | undefined): buildConnector.connector {
  const timeout = limits.liveSourceConnectMs;
  if (tls === undefined) return buildConnector({ timeout });
  return (options, callback) => buildConnector({ timeout, ...tls() })(options, callback);
}
