import { type FileHandle, open } from 'node:fs/promises';
import { CodedError, describeError } from '../../../base/errors.ts';
import { bucketSource } from '../../block/range-source.ts';
import type { Bucket } from '../../bucket/bucket.ts';

/** Room before the bytes of a read, into which what is left of the read before is copied. */
export const headroomBytes = 16 * 1024;

/** An object that is read from its start to its end, and closed. */
export interface InputSource {
  readonly sizeBytes: number;
  /**
   * Bytes of a range, fewer only at the object's end. With `headroom` their buffer is the caller's alone where they begin
   * `headroomBytes` or more behind its start: he may write there.
   */
  read(offset: number, lengthBytes: number, headroom?: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export async function openInput(
  bucket: Bucket,
  key: string,
  signal: AbortSignal | undefined,
): Promise<InputSource> {
  const info = await bucket.head(key, signal);
  if (info === undefined) throw new CodedError('ObjectNotFound', `${bucket.description}: no object ${key}`);
  const path = bucket.localPath?.(key);
  if (path !== undefined) {
    const place = `${bucket.description}: ${key}`;
    const handle = await open(path).catch((error: unknown) => {
      throw unreadable(place, error);
    });
    return new FileInput(handle, place, info.sizeBytes, signal);
  }
  const source = bucketSource(bucket, key, info.sizeBytes, signal);
  return {
    sizeBytes: info.sizeBytes,
    // A store's answer may be a part of a larger buffer, of which nothing is known here.
    read: async (offset, lengthBytes) => apart(await source.read(offset, lengthBytes)),
    close: async () => undefined,
  };
}

function apart(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset < headroomBytes ? bytes : bytes.slice();
}

function unreadable(place: string, error: unknown): CodedError {
  const code = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'ObjectNotFound' : 'BucketUnavailable';
  return new CodedError(code, `${place}: ${describeError(error)}`, { cause: error });
}

/** A file of this machine, opened once. */
class FileInput implements InputSource {
  readonly sizeBytes: number;
  private readonly handle: FileHandle;
  private readonly place: string;
  private readonly signal: AbortSignal | undefined;

  constructor(handle: FileHandle, place: string, sizeBytes: number, signal: AbortSignal | undefined) {
    this.handle = handle;
    this.place = place;
    this.sizeBytes = sizeBytes;
    this.signal = signal;
  }

  async read(offset: number, lengthBytes: number, headroom = 0): Promise<Uint8Array> {
    this.signal?.throwIfAborted();
    const bytes = Buffer.allocUnsafeSlow(headroom + lengthBytes);
    let filled = headroom;
    while (filled < bytes.length) {
      const { bytesRead } = await this.handle
        .read(bytes, filled, bytes.length - filled, offset + filled - headroom)
        .catch((error: unknown) => {
          throw unreadable(this.place, error);
        });
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(headroom, filled);
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}
