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
import type { BlockTime } from '../../retention/retention.ts';
import { uniteRanges } from '../../retention/time-ranges.ts';
import type { Job } from '../plan/plan.ts';
import { type PlannedBlock, plannedCoverable } from '../plan/planned-block.ts';
import { downsamplings } from '../plan/ranges.ts';
import { blockTime, foldedResult, type Judgement, type RewriteJob } from '../plan/rewrites.ts';
import type { BatchPool } from '../rewrite/batch-pool.ts';
import type { InputRemoval } from '../rewrite/removal.ts';
import { type RewriteInput, rewriteBlocks } from '../rewrite/rewrite.ts';
import { readMeta } from './bucket-view.ts';
import { removalOf } from './fold.ts';
import { resultMeta, rewriteMeta } from './result-meta.ts';

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
  /** Bytes that are free where a folder lies; by default what the system says. */
  readonly freeBytes?: (folder: string) => Promise<number>;
  /** Told before anything changes in the bucket: raises where this compactor no longer holds its lease. */
  readonly fence: () => Promise<void>;
  /** By what blocks that are written anew leave out what no longer lives; undefined where that is not known. */
  readonly judgement: Judgement | undefined;
}

export type AnyJob = Job | RewriteJob;

export interface JobResult {
  readonly job: AnyJob;
  /** The block that was written; undefined where nothing of the inputs was left, or nothing had to go. */
  readonly ulid: string | undefined;
  /** Whether nothing had to go: the block that was to be rewritten stays. */
  readonly untouched: boolean;
  readonly inputBytes: number;
  readonly samples: number;
}

/** Room for the result, what postings spill and what may be wrong with the estimate. */
const diskFactor = 1.3;

/**
 * Does one job: writes the block beside, stores it, reads it again, and only then marks what it replaces. Whatever ends it
 * in between leaves the inputs as they are; a block that it left is whole or has no meta.json.
 */
export async function runJob(job: AnyJob, context: JobContext, signal?: AbortSignal): Promise<JobResult> {
  const { bucket, clock, random, judgement } = context;
  const metas: BlockMeta[] = [];
  for (const { ulid } of job.inputs) metas.push(await readMeta(bucket, ulid, signal));
  const resolutionMs = job.kind === 'downsample' ? job.resolutionMs : blockResolutionMs(metas[0]!);
  const replicaLabels = job.kind === 'compact' ? context.replicaLabels : [];
  const removals = await removalsOf(job, metas, context, signal);
  if (job.kind === 'rewrite' && (removals[0]?.touchedSeries ?? 0) === 0)
    return { job, ulid: undefined, untouched: true, inputBytes: 0, samples: 0 };
  const ulid = newUlid(clock.nowMs(), random);
  const folder = join(context.workFolder, ulid);
  const inputBytes = await sizeOf(bucket, metas, signal);
  try {
    await mkdir(folder, { recursive: true });
    await checkDisk(context, inputBytes);
    const written = await rewriteBlocks({
      bucket,
      inputs: rewriteInputs(metas, replicaLabels).map((input, at) => ({ ...input, removal: removals[at] })),
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
      const trims = removals.some((removal) => removal?.trims === true);
      const time = resultTime(job, metas, resolutionMs, judgement);
      const folded = foldedResult(job.inputs, judgement, time, trims);
      const options = { ulid, resolutionMs, replicaLabels, nowMs: clock.nowMs(), folded };
      const meta =
        job.kind === 'rewrite'
          ? rewriteMeta(metas[0]!, written, options)
          : resultMeta(metas, written, options);
      const files = written.files.map(({ path }) => path);
      await uploadBlock(bucket, { folder, meta, files }, signal === undefined ? {} : { signal });
      await verifyStored(bucket, meta, signal);
      if (folded.trimmed || (job.kind === 'rewrite' && isDownsampled(job.inputs[0], judgement)))
        await keepDownsampled(ulid, context, signal);
    }
    await context.fence();
    await markInputs(job, metas, empty ? undefined : ulid, context, signal);
    return {
      job,
      ulid: empty ? undefined : ulid,
      untouched: false,
      inputBytes,
      samples: written.stats.numSamples,
    };
  } catch (error) {
    throw asDiskFull(error, context.workFolder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function removalsOf(
  job: AnyJob,
  metas: readonly BlockMeta[],
  { bucket, judgement }: JobContext,
  signal: AbortSignal | undefined,
): Promise<readonly (InputRemoval | undefined)[]> {
  const removals: (InputRemoval | undefined)[] = [];
  if (judgement === undefined) return removals;
  const options = { ...(job.kind === 'downsample' && { targetMs: job.resolutionMs }), signal };
  for (const [at, meta] of metas.entries())
    removals.push(await removalOf(bucket, meta, job.inputs[at]!, judgement, options));
  return removals;
}

/** The result as far as its retention goes. */
function resultTime(
  job: AnyJob,
  metas: readonly BlockMeta[],
  resolutionMs: number,
  judgement: Judgement | undefined,
): BlockTime {
  const range = {
    startMs: Math.min(...metas.map(({ minTime }) => minTime)),
    endMs: Math.max(...metas.map(({ maxTime }) => maxTime)),
  };
  const times = job.inputs.map((block) => judgement && blockTime(block, judgement.coverage));
  return {
    ...range,
    resolutionMs,
    // What covers one of the inputs alone does not cover the result.
    coveredAt: (resolution) => {
      const covered = times.map((time) =>
        job.kind === 'downsample' ? [] : (time?.coveredAt(resolution) ?? []),
      );
      return covered.every((ranges) => ranges.length > 0) ? uniteRanges(covered.flat()) : [];
    },
  };
}

function isDownsampled(original: PlannedBlock, judgement: Judgement | undefined): boolean {
  const step = downsamplings.find(({ fromMs }) => fromMs === original.resolutionMs);
  if (step === undefined || judgement === undefined) return false;
  return judgement.coverage.of(plannedCoverable(original), step.toMs).length > 0;
}

/**
 * What was downsampled before it was rewritten is not again: another system does not know the one for the other, and what
 * was trimmed no longer has all that went into it.
 */
async function keepDownsampled(
  ulid: string,
  { bucket, clock }: JobContext,
  signal: AbortSignal | undefined,
): Promise<void> {
  const details = 'promfleet: was downsampled before it was rewritten';
  await markBlock(bucket, clock, { kind: 'no-downsample', ulid, details, reason: '' }, signal);
}

/** Marks what the result replaces. A downsampled block replaces nothing; where it would be empty nobody tries again. */
async function markInputs(
  job: AnyJob,
  metas: readonly BlockMeta[],
  by: string | undefined,
  { bucket, clock }: JobContext,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (job.kind === 'downsample' && by !== undefined) return;
  const details = by === undefined ? 'nothing of it is left' : replacedBy(by);
  const kind = job.kind === 'downsample' ? 'no-downsample' : 'deletion';
  for (const { ulid } of metas) await markBlock(bucket, clock, { kind, ulid, details, reason: '' }, signal);
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

async function checkDisk({ workFolder, freeBytes }: JobContext, inputBytes: number): Promise<void> {
  const free = await (freeBytes ?? systemFreeBytes)(workFolder);
  const needed = Math.ceil(inputBytes * diskFactor);
  if (free < needed)
    throw new CodedError(
      'DiskFull',
      `${workFolder} has ${free} bytes free; compacting ${inputBytes} bytes of blocks needs ${needed}`,
    );
}

async function systemFreeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** A disk that others filled while a block was written is no fault of this program. */
function asDiskFull(error: unknown, folder: string): unknown {
  const { code, message } = error as { readonly code?: unknown; readonly message?: string };
  return code === 'ENOSPC'
    ? new CodedError('DiskFull', `${folder}: ${message ?? 'no space left'}`, { cause: error })
    : error;
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
