import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline, Readable, Transform } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { Agent } from 'undici';
import type { Clock } from '../../base/clock.ts';
import { CodedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import {
  type Bucket,
  checkKey,
  type ListOptions,
  type ListPage,
  type ObjectBody,
  type ObjectInfo,
  objectNotFound,
} from './bucket.ts';
import type { S3Config } from './objstore-config.ts';
import { encodeKey, RequestSigner } from './sigv4.ts';

/**
 * S3 and compatibles. The AWS SDK finds credentials, lists, puts and uploads in parts; range reads, which are hot, go
 * through undici with a signature of our own (a tenth of the SDK's CPU time per request).
 */
export class S3Bucket implements Bucket {
  readonly description: string;
  private readonly client: S3Client;
  private readonly config: S3Config;
  private readonly clock: Clock;
  private readonly agent = new Agent({
    connections: limits.s3Connections,
    headersTimeout: limits.s3TimeoutMs,
    bodyTimeout: limits.s3TimeoutMs,
  });
  private place: Promise<{ origin: string; host: string; base: string; signer: RequestSigner }> | undefined;

  constructor(config: S3Config, clock: Clock) {
    this.config = config;
    this.clock = clock;
    this.description = `S3 bucket ${config.bucket}`;
    const settings: S3ClientConfig = {
      forcePathStyle: config.pathStyle,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      maxAttempts: limits.s3Attempts,
    };
    if (config.endpoint !== undefined)
      settings.endpoint = `${config.insecure ? 'http' : 'https'}://${config.endpoint}`;
    if (config.region !== undefined || config.endpoint !== undefined)
      settings.region = config.region ?? 'us-east-1';
    if (config.accessKey !== undefined && config.secretKey !== undefined) {
      const { accessKey: accessKeyId, secretKey: secretAccessKey, sessionToken } = config;
      settings.credentials =
        sessionToken === undefined
          ? { accessKeyId, secretAccessKey }
          : { accessKeyId, secretAccessKey, sessionToken };
    }
    this.client = new S3Client(settings);
  }

  async head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    checkKey(key);
    try {
      const found = await this.client.send(
        new HeadObjectCommand({ Bucket: this.config.bucket, Key: key }),
        abort(signal),
      );
      const info = {
        key,
        sizeBytes: found.ContentLength ?? 0,
        modifiedMs: found.LastModified?.getTime() ?? 0,
      };
      return found.ETag === undefined ? info : { ...info, etag: found.ETag.replaceAll('"', '') };
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw this.fault(error, key);
    }
  }

  async getRange(
    key: string,
    offset: number,
    lengthBytes: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    checkKey(key);
    if (lengthBytes === 0) return new Uint8Array(0);
    const { origin, host, base, signer } = await this.target();
    const path = `${base}/${encodeKey(key)}`;
    const range = `bytes=${offset}-${offset + lengthBytes - 1}`;
    for (let attempt = 1; ; attempt++) {
      try {
        const credentials = await this.client.config.credentials();
        const headers = signer.headers('GET', host, path, range, credentials, this.clock.nowMs());
        const response = await this.agent.request({
          origin,
          path,
          method: 'GET',
          headers,
          ...abortOption(signal),
        });
        if (response.statusCode === 206 || response.statusCode === 200)
          return await exactBody(response.body, response.statusCode, offset, lengthBytes);
        await response.body.dump();
        if (response.statusCode === 416) return new Uint8Array(0);
        throw statusError(response.statusCode);
      } catch (error) {
        signal?.throwIfAborted();
        if (!transient(error) || attempt >= limits.s3Attempts) throw this.fault(error, key);
        await this.clock.sleep(limits.s3BackoffMs * 2 ** (attempt - 1), signal);
      }
    }
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncIterable<ListPage> {
    let token: string | undefined;
    do {
      const page = await this.client
        .send(
          new ListObjectsV2Command({
            Bucket: this.config.bucket,
            Prefix: prefix,
            ContinuationToken: token,
            StartAfter: token === undefined ? options.startAfter : undefined,
            Delimiter: options.shallow === true ? '/' : undefined,
          }),
          abort(options.signal),
        )
        .catch((error) => {
          throw this.fault(error, prefix);
        });
      const objects = (page.Contents ?? []).map((object) => ({
        key: object.Key ?? '',
        sizeBytes: object.Size ?? 0,
        modifiedMs: object.LastModified?.getTime() ?? 0,
      }));
      yield { objects, prefixes: (page.CommonPrefixes ?? []).map((folder) => folder.Prefix ?? '') };
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async put(key: string, body: ObjectBody, signal?: AbortSignal): Promise<void> {
    checkKey(key);
    try {
      if (body instanceof Uint8Array) await this.putBytes(key, body, false, signal);
      else await this.putFile(key, body, signal);
    } catch (error) {
      throw this.fault(error, key);
    }
  }

  async putIfAbsent(key: string, body: Uint8Array, signal?: AbortSignal): Promise<boolean> {
    checkKey(key);
    try {
      await this.putBytes(key, body, true, signal);
      return true;
    } catch (error) {
      if (statusOf(error) === 412) return false;
      throw this.fault(error, key);
    }
  }

  private async putBytes(
    key: string,
    body: Uint8Array,
    ifAbsent: boolean,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const input = { Bucket: this.config.bucket, Key: key, Body: body, ContentLength: body.length };
    await this.client.send(
      new PutObjectCommand(ifAbsent ? { ...input, IfNoneMatch: '*' } : input),
      abort(signal),
    );
  }

  private async putFile(
    key: string,
    body: Exclude<ObjectBody, Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { size } = await stat(body.file);
    const target = { Bucket: this.config.bucket, Key: key };
    if (size <= limits.s3PartBytes) {
      await this.again(signal, () =>
        this.client.send(
          new PutObjectCommand({ ...target, Body: fileStream(body, 0, size), ContentLength: size }),
          abort(signal),
        ),
      );
      return;
    }
    const { UploadId } = await this.client.send(new CreateMultipartUploadCommand(target), abort(signal));
    try {
      const parts: { PartNumber: number; ETag: string | undefined }[] = [];
      for (let start = 0; start < size; start += limits.s3PartBytes) {
        const end = Math.min(start + limits.s3PartBytes, size);
        const PartNumber = parts.length + 1;
        const { ETag } = await this.again(signal, () => {
          const Body = fileStream(body, start, end);
          const part = { ...target, UploadId, PartNumber, Body, ContentLength: end - start };
          return this.client.send(new UploadPartCommand(part), abort(signal));
        });
        parts.push({ PartNumber, ETag });
      }
      await this.client.send(
        new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts: parts } }),
        abort(signal),
      );
    } catch (error) {
      await this.client.send(new AbortMultipartUploadCommand({ ...target, UploadId })).catch(() => undefined);
      throw error;
    }
  }

  /** Repeats a request whose body is a stream: the SDK cannot, as it has read the stream. */
  private async again<T>(signal: AbortSignal | undefined, send: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await send();
      } catch (error) {
        signal?.throwIfAborted();
        if (!transient(error) || attempt >= limits.s3Attempts) throw error;
        await this.clock.sleep(limits.s3BackoffMs * 2 ** (attempt - 1), signal);
      }
    }
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    checkKey(key);
    try {
      await this.client.send(
        new DeleteObjectCommand({ Bucket: this.config.bucket, Key: key }),
        abort(signal),
      );
    } catch (error) {
      if (statusOf(error) !== 404) throw this.fault(error, key);
    }
  }

  async close(): Promise<void> {
    this.client.destroy();
    await this.agent.close();
  }

  /** Where range reads go; the region may come from the SDK's configuration chain. */
  private target() {
    this.place ??= (async () => {
      const region = await this.client.config.region();
      const { bucket, endpoint, insecure, pathStyle } = this.config;
      const server = endpoint ?? `s3.${region}.amazonaws.com`;
      const host = pathStyle ? server : `${bucket}.${server}`;
      return {
        origin: `${insecure ? 'http' : 'https'}://${host}`,
        host,
        base: pathStyle ? `/${encodeKey(bucket)}` : '',
        signer: new RequestSigner(region),
      };
    })();
    return this.place;
  }

  private fault(error: unknown, key: string): Error {
    if (error instanceof CodedError || (error instanceof Error && error.name === 'AbortError')) return error;
    const status = statusOf(error);
    if (status === 404) return objectNotFound(this, key);
    const code = status === 401 || status === 403 ? 'BucketDenied' : 'BucketUnavailable';
    const reason =
      status === undefined ? (error instanceof Error ? error.name : 'no answer') : `HTTP ${status}`;
    // The SDK's error holds the whole request, its authorization too: it must not travel on as a cause.
    return new CodedError(code, `${this.description}: ${key}: ${reason}`);
  }
}

/** Reads a body that must hold the asked range: a whole object (200) is cut, a longer answer is refused. */
async function exactBody(
  body: AsyncIterable<Buffer>,
  status: number,
  offset: number,
  lengthBytes: number,
): Promise<Uint8Array> {
  const skip = status === 200 ? offset : 0;
  const bytes = new Uint8Array(lengthBytes);
  let seen = 0;
  for await (const part of body) {
    const from = Math.max(0, skip - seen);
    const at = seen + from - skip;
    if (from < part.length && at < lengthBytes)
      bytes.set(part.subarray(from, Math.min(part.length, from + lengthBytes - at)), at);
    seen += part.length;
    if (status === 200 && seen >= skip + lengthBytes) break;
  }
  return bytes.subarray(0, Math.max(0, Math.min(lengthBytes, seen - skip)));
}

/** Bytes [start, end) of a file, in parts that wait for the pace where one is set. */
function fileStream({ file, pace }: Exclude<ObjectBody, Uint8Array>, start: number, end: number): Readable {
  if (start === end) return Readable.from([]);
  const stream = createReadStream(file, { start, end: end - 1, highWaterMark: 256 * 1024 });
  if (pace === undefined) return stream;
  const paced = new Transform({
    transform(part: Buffer, _encoding, done) {
      pace(part.length).then(() => done(null, part), done);
    },
  });
  // `pipeline` ends the one with the other; the reader of `paced` hears of the fault.
  pipeline(stream, paced, () => {});
  return paced;
}

/** No answer, too many requests, or a fault of the server: worth another try. */
function transient(error: unknown): boolean {
  const status = statusOf(error);
  return status === undefined || status === 429 || status >= 500;
}

function abort(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

function abortOption(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

function statusError(statusCode: number): Error {
  return Object.assign(new Error(`HTTP ${statusCode}`), { $metadata: { httpStatusCode: statusCode } });
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}
