import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { limits } from '../../base/limits.ts';
import type { Bucket, ObjectInfo } from '../bucket/bucket.ts';

/** A file of this machine that is compared with what a store holds. It is read only where an answer needs it. */
export class FileDigest {
  readonly file: string;
  readonly sizeBytes: number;
  private known: Promise<string> | undefined;

  private constructor(file: string, sizeBytes: number) {
    this.file = file;
    this.sizeBytes = sizeBytes;
  }

  static async of(file: string): Promise<FileDigest> {
    const handle = await open(file);
    try {
      return new FileDigest(file, (await handle.stat()).size);
    } finally {
      await handle.close();
    }
  }

  /**
   * The ETag that S3 gives to the content: its MD5, or for an upload in parts the MD5 of the parts' MD5s and their
   * number. A store that encrypts or cuts parts otherwise gives another: a difference proves nothing.
   */
  etag(signal?: AbortSignal): Promise<string> {
    this.known ??= etagOf(this, signal);
    return this.known;
  }

  /** Calls back with each part of the content in turn, until one answers false. */
  async read(
    visit: (part: Buffer, offset: number) => boolean | Promise<boolean>,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const handle = await open(this.file);
    try {
      const buffer = Buffer.allocUnsafe(Math.min(limits.digestReadBytes, Math.max(1, this.sizeBytes)));
      for (let at = 0; at < this.sizeBytes; ) {
        signal?.throwIfAborted();
        const wanted = Math.min(
          buffer.length,
          this.sizeBytes - at,
          limits.s3PartBytes - (at % limits.s3PartBytes),
        );
        const part = await fill(handle, buffer.subarray(0, wanted), at, this.file);
        if (!(await visit(part, at))) return false;
        at += wanted;
      }
      return true;
    } finally {
      await handle.close();
    }
  }
}

async function fill(handle: FileHandle, part: Buffer, at: number, file: string): Promise<Buffer> {
  for (let filled = 0; filled < part.length; ) {
    const { bytesRead } = await handle.read(part, filled, part.length - filled, at + filled);
    if (bytesRead === 0) throw new Error(`${file} became shorter while it was read`);
    filled += bytesRead;
  }
  return part;
}

async function etagOf(digest: FileDigest, signal: AbortSignal | undefined): Promise<string> {
  const parts: Buffer[] = [];
  let hash = createHash('md5');
  await digest.read((part, offset) => {
    if (offset > 0 && offset % limits.s3PartBytes === 0) {
      parts.push(hash.digest());
      hash = createHash('md5');
    }
    hash.update(part);
    return true;
  }, signal);
  parts.push(hash.digest());
  return parts.length === 1
    ? parts[0]!.toString('hex')
    : `${createHash('md5').update(Buffer.concat(parts)).digest('hex')}-${parts.length}`;
}

/** Whether a stored object holds what a file does: by its size, then by ETag, else byte by byte. */
export async function holds(
  bucket: Bucket,
  info: ObjectInfo | undefined,
  digest: FileDigest,
  signal?: AbortSignal,
): Promise<boolean> {
  if (info === undefined || info.sizeBytes !== digest.sizeBytes) return false;
  if (info.etag !== undefined && info.etag === (await digest.etag(signal))) return true;
  return digest.read(async (part, offset) => {
    const stored = await bucket.getRange(info.key, offset, part.length, signal);
    return part.equals(stored);
  }, signal);
}
