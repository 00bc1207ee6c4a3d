import { CodedError } from '../../base/errors.ts';
import type { Bucket } from '../../storage-engine/bucket/bucket.ts';
import { isUlid } from '../../storage-engine/format/block-meta.ts';
import type { CliIo } from '../io.ts';

/** Options of every bucket tool. */
export interface BucketOptions {
  readonly objstoreConfig?: string;
  readonly bucketDir?: string;
  readonly json?: boolean;
}

/** What a bucket tool works with. */
export interface BucketTool {
  readonly bucket: Bucket;
  readonly signal: AbortSignal;
  readonly json: boolean;
  readonly io: CliIo;
  readonly nowMs: number;
  /** Shows how far it is, on a terminal; `undefined` clears it. */
  progress(text: string | undefined): void;
}

/** Opens the bucket, runs a tool, closes the bucket. */
export async function withBucket(
  options: BucketOptions,
  io: CliIo,
  tool: (given: BucketTool) => Promise<void>,
): Promise<void> {
  const [{ BucketFile }, { bucketPlace }, { systemClock: clock }, { systemRandom: random }, { resolve }] =
    await Promise.all([
      import('../../agents/shipper/bucket-file.ts'),
      import('../../agents/shipper/options.ts'),
      import('../../base/clock.ts'),
      import('../../base/random.ts'),
      import('node:path'),
    ]);
  const file = new BucketFile(
    bucketPlace(options, (path) => resolve(io.cwd, path)),
    { clock, random },
  );
  let shown = false;
  const progress = (text: string | undefined) => {
    if (!io.colors || (text === undefined && !shown)) return;
    io.err(`\r\u001b[K${text ?? ''}`);
    shown = text !== undefined;
  };
  try {
    await tool({
      bucket: await file.bucket(),
      signal: io.signal ?? new AbortController().signal,
      json: options.json === true,
      io,
      nowMs: clock.nowMs(),
      progress,
    });
  } finally {
    progress(undefined);
    await file.close();
  }
}

export function checkUlids(ulids: readonly string[]): void {
  const wrong = ulids.find((ulid) => !isUlid(ulid));
  if (wrong !== undefined)
    throw new CodedError('InvalidOption', `${JSON.stringify(wrong)} is no name of a block`);
}
