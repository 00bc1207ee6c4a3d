import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';

const blockBytes = 512;

/**
 * Writes one regular file of a tar stream to `to`. Format: POSIX.1-1988 ustar and GNU headers with plain names; long-name
 * extensions are passed over, as release archives of Go programs use short paths.
 * Rejects when the file is not in the archive or the stream ends early.
 */
export async function extractTarFile(tar: Readable, path: string, to: string): Promise<void> {
  let pending: Buffer = Buffer.alloc(0);
  /** Bytes of the current entry's content and padding that are still to come. */
  let contentBytes = 0;
  let paddingBytes = 0;
  let output: Awaited<ReturnType<typeof open>> | null = null;
  try {
    for await (const chunk of tar as AsyncIterable<Buffer>) {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      for (;;) {
        if (contentBytes > 0) {
          const part = pending.subarray(0, Math.min(contentBytes, pending.length));
          if (part.length === 0) break;
          if (output !== null) await output.write(part);
          contentBytes -= part.length;
          pending = pending.subarray(part.length);
          continue;
        }
        if (output !== null) return;
        if (paddingBytes > 0) {
          if (pending.length < paddingBytes) break;
          pending = pending.subarray(paddingBytes);
          paddingBytes = 0;
        }
        if (pending.length < blockBytes) break;
        const header = readHeader(pending.subarray(0, blockBytes));
        pending = pending.subarray(blockBytes);
        contentBytes = header.sizeBytes;
        paddingBytes = (blockBytes - (header.sizeBytes % blockBytes)) % blockBytes;
        if (header.regular && header.path === path) output = await open(to, 'w', 0o755);
      }
    }
    if (output === null) throw new Error(`the archive has no ${path}`);
    if (contentBytes > 0) throw new Error(`the archive ends inside ${path}`);
  } finally {
    await output?.close();
  }
}

function readHeader(block: Buffer): { path: string; sizeBytes: number; regular: boolean } {
  const text = (from: number, length: number) => {
    const field = block.subarray(from, from + length);
    const end = field.indexOf(0);
    return field.toString('utf8', 0, end === -1 ? length : end);
  };
  const sizeBytes = Number.parseInt(text(124, 12).trim() || '0', 8);
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) throw new Error('the archive has a broken header');
  const prefix = text(257, 5) === 'ustar' && text(345, 155) !== '' ? `${text(345, 155)}/` : '';
  const type = text(156, 1);
  return { path: prefix + text(0, 100), sizeBytes, regular: type === '0' || type === '' };
}
