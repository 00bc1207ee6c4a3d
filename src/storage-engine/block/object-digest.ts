import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { limits } from '../../base/limits.ts';
import type { Bucket, ObjectInfo } from '../bucket/bucket.ts';
import { crc32c } from '../format/crc32c.ts';

/** What a file holds, in a form that a store's answer can be compared with. */
export interface FileDigest {
  readonly sizeBytes: number;
  readonly crc: number;
  /**
   * The ETag that S3 gives to the content: its MD5, or for an upload in parts the MD5 of the parts' MD5s and their
   * number. A store that encrypts or cuts parts otherwise gives another: a difference proves nothing.
   */
  readonly etag: string;
}

/** Reads a local file once, in small parts. */
export async function digestFile(file: string, signal?: AbortSignal): Promise<FileDigest> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.allocUnsafe(limits.digestReadBytes);
    const parts: Buffer[] = [];
    let hash = createHash('md5');
    let crc = 0;
    let at = 0;
    let partEnd = Math.min(size, limits.s3PartBytes);
    for (;;) {
      signal?.throwIfAborted();
      if (at === partEnd) {
        parts.push(hash.digest());
        if (at === size) break;
        hash = createHash('md5');
        partEnd = Math.min(size, at + limits.s3PartBytes);
      }
      const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, partEnd - at), at);
      if (bytesRead === 0) throw new Error(`${file} became shorter while it was read`);
      hash.update(buffer.subarray(0, bytesRead));
      crc = crc32c(buffer, 0, bytesRead, crc);
      at += bytesRead;
    }
    const etag =
      parts.length === 1
        ? parts[0]!.toString('hex')
        : `${createHash('md5').update(Buffer.concat(parts)).digest('hex')}-${parts.length}`;
    return { sizeBytes: size, crc, etag };
  } finally {
    await handle.close();
  }
}

/** Whether a stored object holds what was digested: by its size, then by ETag, else by reading it back. */
export async function holds(
  bucket: Bucket,
  info: ObjectInfo | undefined,
  digest: FileDigest,
  signal?: AbortSignal,
): Promise<boolean> {
  if (info === undefined || info.sizeBytes !== digest.sizeBytes) return false;
  if (info.etag === digest.etag) return true;
  let crc = 0;
  let at = 0;
  while (at < digest.sizeBytes) {
    const wanted = Math.min(limits.digestReadBytes, digest.sizeBytes - at);
    const bytes = await bucket.getRange(info.key, at, wanted, signal);
    if (bytes.length !== wanted) return false;
    crc = crc32c(bytes, 0, bytes.length, crc);
    at += bytes.length;
  }
  return crc === digest.crc;
}
