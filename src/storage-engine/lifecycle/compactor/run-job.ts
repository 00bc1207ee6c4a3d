import { mkdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { CodedError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/log.ts';
import type { Random } from '../../../base/random.ts';
import { blockFiles } from '../../block/block-files.ts';
import { markBlock, readMark } from '../../block/marks.ts';
import { newUlid } from '../../block/ulid.ts';
import { uploadBlock } from '../../block/upload.ts';
import type { Bucket } from '../../bucket/bucket.ts';
import { type BlockMeta, blockResolutionMs, externalLabels } from '../../format/block-meta.ts';
import type { Job } from '../plan/plan.ts';
import type { BatchPool } from '../rewrite/batch-pool.ts';
import { type RewriteInput, rewriteBlocks } from '../rewrite/rewrite.ts';
import { readMeta } from './bucket-view.ts';
import { resultMeta } from './result-meta.ts';

export interface JobContext {
  readonly bucket: Bucket;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly pool: BatchPool;
  /** Folder for blocks that are being written. */
  readonly workFolder: string;
  readonly memoryBytes: number;
  readonly replicaLabels: readonly string[];
  readonly native: boolean;
  readonly segmentBytes?: number;
  /** Told before anything changes in the bucket: raises where this compactor no longer holds its lease. */
  readonly fence: () => Promise<void>;
}

export interface JobResult {
  readonly job: Job;
  /** The block that was written; undefined where nothing of the inputs was left. */
  readonly ulid: string | undefined;
  readonly inputBytes: number;
  readonly samples: number;
}

/** Room for the result, what postings spill and what may be wrong with the estimate. */
const diskFactor = 1.3;

/**
 * Does one job: writes the block beside, stores it, reads it again, and only then marks what it replaces. Whatever ends it
 * in between leaves the inputs as they are; a block that it left is whole or has no meta.json.
 */
export async function runJob(job: Job, context: JobContext, signal?: AbortSignal): Promise<JobResult> {
  const { bucket, clock, random } = context;
  const metas: BlockMeta[] = [];
  for (const { ulid } of job.inputs) metas.push(await readMeta(bucket, ulid, signal));
  const resolutionMs = job.kind === 'downsample' ? job.resolutionMs : blockResolutionMs(metas[0]!);
  const replicaLabels = job.kind === 'downsample' ? [] : context.replicaLabels;
  const ulid = newUlid(clock.nowMs(), random);
  const folder = join(context.workFolder, ulid);
  const inputBytes = await sizeOf(bucket, metas, signal);
  await mkdir(folder, { recursive: true });
  try {
    await checkDisk(context.workFolder, inputBytes);
    const written = await rewriteBlocks({
      bucket,
      inputs: rewriteInputs(metas, replicaLabels),
      folder,
      minTime: Math.min(...metas.map(({ minTime }) => minTime)),
      maxTime: Math.max(...metas.map(({ maxTime }) => maxTime)),
      memoryBytes: context.memoryBytes,
      parameters: {
        native: context.native,
        resolutionMs: job.kind === 'downsample' ? resolutionMs : 0,
        sourceResolutionMs: blockResolutionMs(metas[0]!),
      },
      pool: context.pool,
      ...(context.segmentBytes !== undefined && { segmentBytes: context.segmentBytes }),
      ...(signal !== undefined && { signal }),
    });
    await context.fence();
    const empty = written.stats.numSeries === 0;
    if (!empty) {
      const meta = resultMeta(metas, written, { ulid, resolutionMs, replicaLabels, nowMs: clock.nowMs() });
      const files = written.files.map(({ path }) => path);
      await uploadBlock(bucket, { folder, meta, files }, signal === undefined ? {} : { signal });
      await verifyStored(bucket, meta, signal);
    }
    if (job.kind === 'compact') {
      await context.fence();
      for (const { ulid: input } of metas)
        await markBlock(
          bucket,
          clock,
          {
            kind: 'deletion',
            ulid: input,
            details: empty ? 'all of it is deleted' : replacedBy(ulid),
            reason: '',
          },
          signal,
        );
    }
    return { job, ulid: empty ? undefined : ulid, inputBytes, samples: written.stats.numSamples };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** In a deletion mark: which block holds what this one held. The sweeper looks for it before it deletes. */
export function replacedBy(ulid: string): string {
  return `promfleet: replaced by ${ulid}`;
}

/** The replacement that a mark names, or undefined for a mark of somebody else. */
export function replacementOf(details: string): string | undefined {
  return /^promfleet: replaced by ([0-7][0-9A-HJKMNP-TV-Z]{25})$/.exec(details)?.[1];
}

/** Replicas in a fixed order, the one that queries prefer first; blocks without replica labels before all. */
export function rewriteInputs(metas: readonly BlockMeta[], replicaLabels: readonly string[]): RewriteInput[] {
  const keyOf = (meta: BlockMeta) =>
    JSON.stringify(
      Object.entries(externalLabels(meta))
        .filter(([name]) => replicaLabels.includes(name))
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  const keys = [...new Set(metas.map(keyOf))].sort((a, b) =>
    a === '[]' ? -1 : b === '[]' ? 1 : a < b ? -1 : 1,
  );
  return metas.map((meta) => ({ meta, replica: keys.indexOf(keyOf(meta)) }));
}

async function sizeOf(
  bucket: Bucket,
  metas: readonly BlockMeta[],
  signal: AbortSignal | undefined,
): Promise<number> {
  let bytes = 0;
  for (const { ulid } of metas)
    for await (const page of bucket.list(`${ulid}/`, signal === undefined ? {} : { signal }))
      for (const { sizeBytes } of page.objects) bytes += sizeBytes;
  return bytes;
}

async function checkDisk(folder: string, inputBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const needed = Math.ceil(inputBytes * diskFactor);
  if (bavail * bsize < needed)
    throw new CodedError(
      'DiskFull',
      `${folder} has ${bavail * bsize} bytes free; compacting ${inputBytes} bytes of blocks needs ${needed}`,
    );
}

/** Reads the replacement again: meta.json as sent, every file as long as it must be, and no mark on it. */
async function verifyStored(bucket: Bucket, meta: BlockMeta, signal: AbortSignal | undefined): Promise<void> {
  const stored = await readMeta(bucket, meta.ulid, signal);
  const same = JSON.stringify(stored) === JSON.stringify(meta);
  const faults = same ? [] : [blockFiles.meta(meta.ulid)];
  for (const { rel_path: path, size_bytes: size } of meta.thanos?.files ?? []) {
    if (size === undefined) continue;
    const key = `${meta.ulid}/${path}`;
    if ((await bucket.head(key, signal))?.sizeBytes !== size) faults.push(key);
  }
  if ((await readMark(bucket, 'deletion', meta.ulid, signal)) !== undefined)
    faults.push(blockFiles.deletionMark(meta.ulid));
  if (faults.length > 0)
    throw new CodedError(
      'BlockUploadIncomplete',
      `${bucket.description}: block ${meta.ulid} is not as it was stored (${faults[0]}); what it replaces is kept`,
    );
}
