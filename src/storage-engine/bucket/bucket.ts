import { CodedError } from '../../base/errors.ts';

/** An object as a listing shows it. */
export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
  /** Milliseconds since the epoch, as the store says. */
  readonly modifiedMs: number;
  /** The store's own digest of the content, without quotes, where `head` tells one; see `object-digest.ts`. */
  readonly etag?: string;
}

export interface ListOptions {
  /** Keys up to and including this one are left out. */
  readonly startAfter?: string;
  /** Only the first level below the prefix: deeper keys are folded into `prefixes`. */
  readonly shallow?: boolean;
  readonly signal?: AbortSignal;
}

export interface ListPage {
  readonly objects: readonly ObjectInfo[];
  /** With `shallow`: the folders below the prefix, each ending in `/`. */
  readonly prefixes: readonly string[];
}

/** Called before each part of a file is sent, with its size; the part waits for it. */
export type Pace = (bytes: number) => Promise<void>;

/** Bytes to store: whole in memory, or a local file that is streamed. */
export type ObjectBody = Uint8Array | { readonly file: string; readonly pace?: Pace };

/**
 * Objects by key. Keys are UTF-8, use `/`, and never start with it nor hold empty, `.` or `..` parts. Every method
 * raises `BucketUnavailable` where the store did not answer, `BucketDenied` where it refused the caller, and
 * `ObjectNotFound` for a key that is not there. A write is visible whole or not at all.
 */
export interface Bucket {
  /** For messages: kind and place, without credentials. */
  readonly description: string;
  /** Size and time of an object, or undefined where it is absent. */
  head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined>;
  /** Bytes [offset, offset + length) of an object; fewer only where the object ends before. */
  getRange(key: string, offset: number, lengthBytes: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** Pages of keys below `prefix` in byte order. */
  list(prefix: string, options?: ListOptions): AsyncIterable<ListPage>;
  put(key: string, body: ObjectBody, signal?: AbortSignal): Promise<void>;
  /** Stores only where the key is absent; false where it was there. Atomic against other writers. */
  putIfAbsent(key: string, body: Uint8Array, signal?: AbortSignal): Promise<boolean>;
  /** Removes an object; one that is absent is no error. */
  delete(key: string, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
  /** Path of an object that can be read in place; only of a bucket that is a folder. */
  readonly localPath?: ((key: string) => string) | undefined;
}

/** Reads a whole object that must not be larger than `limitBytes`. */
export async function getObject(
  bucket: Bucket,
  key: string,
  limitBytes: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const bytes = await bucket.getRange(key, 0, limitBytes + 1, signal);
  if (bytes.length > limitBytes)
    throw new CodedError('LimitExceeded', `${bucket.description}: ${key} is larger than ${limitBytes} bytes`);
  return bytes;
}

/** Refuses a key that could leave the bucket or that stores treat differently. */
export function checkKey(key: string): void {
  const parts = key.split('/');
  if (
    key === '' ||
    key.includes('\0') ||
    parts.some((part) => part === '' || part === '.' || part === '..')
  ) {
    throw new CodedError(
      'ObjectKeyInvalid',
      `object key ${JSON.stringify(key)} is empty or holds an empty, "." or ".." part`,
    );
  }
}

export function objectNotFound(bucket: Pick<Bucket, 'description'>, key: string): CodedError {
  return new CodedError('ObjectNotFound', `${bucket.description}: no object ${key}`);
}
