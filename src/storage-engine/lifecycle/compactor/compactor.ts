import { CodedError, describeError } from '../../../base/errors.ts';
import { limits } from '../../../base/limits.ts';
import { BlockCatalog } from '../../block/block-catalog.ts';
import { markBlock } from '../../block/marks.ts';
import { lineageOf, relation } from '../../format/block-lineage.ts';
import type { Retention } from '../../retention/retention.ts';
import type { RetentionStore } from '../../retention/retention-store.ts';
import { plan } from '../plan/plan.ts';
import { type PlannedBlock, plannedCoverage } from '../plan/planned-block.ts';
import { type Judgement, type Looked, planRewrites } from '../plan/rewrites.ts';
import { planSweep, type SweepCandidate } from '../sweep-plan.ts';
import { BucketView, readMeta } from './bucket-view.ts';
import { expiredBlocks } from './expire.ts';
import type { Lease } from './lease.ts';
import { readLooked, writeLooked } from './looked-blocks.ts';
import { type AnyJob, type JobContext, type JobResult, replacedBy, runJob } from './run-job.ts';
import { sweep } from './sweep.ts';

export interface CompactorOptions extends Omit<JobContext, 'fence' | 'memoryBytes' | 'judgement'> {
  readonly lease: Lease;
  /** Of all jobs together. */
  readonly memoryBytes: number;
  /** Groups that are worked on at the same time. */
  readonly concurrency: number;
  readonly consistencyDelayMs: number;
  readonly deletionDelayMs: number;
  readonly partialDelayMs: number;
  readonly downsample: boolean;
  /** What no longer lives; absent: everything does. */
  readonly retention?: RetentionStore | undefined;
}

/** What one pass did, and what it could not do. */
export interface PassReport {
  compacted: number;
  downsampled: number;
  /** Blocks that were written anew without what no longer lives. */
  rewritten: number;
  marked: number;
  deleted: number;
  inputBytes: number;
  samples: number;
  /** Groups that are left alone, and why. */
  readonly quarantined: ReadonlyMap<string, string>;
}

interface Quarantine {
  readonly reason: string;
  readonly untilMs: number;
}

type JobCounts = Pick<PassReport, 'compacted' | 'downsampled' | 'rewritten' | 'inputBytes' | 'samples'>;

const counters = { compact: 'compacted', downsample: 'downsampled', rewrite: 'rewritten' } as const;

/** What is set aside where a job fails: a block that cannot be rewritten does not keep its group from being compacted. */
function nameOf(job: AnyJob): string {
  return job.kind === 'rewrite' ? `block ${job.inputs[0].ulid}` : job.group;
}

/** Works on a bucket until nothing is left to do. A group that fails is set aside by name; the others go on. */
export class Compactor {
  private readonly options: CompactorOptions;
  private readonly view: BucketView;
  private readonly catalog: BlockCatalog;
  private readonly quarantine = new Map<string, Quarantine>();
  private looked: ReadonlyMap<string, Looked> | undefined;

  constructor(options: CompactorOptions) {
    this.options = options;
    this.view = new BucketView(options.bucket, options);
    this.catalog = new BlockCatalog(options.bucket, options.clock);
  }

  /** One pass over the bucket: jobs until none is left, then what is due is deleted. */
  async pass(signal?: AbortSignal): Promise<PassReport> {
    const { clock, lease, bucket, log } = this.options;
    await lease.take(signal);
    try {
      const done = {
        compacted: 0,
        downsampled: 0,
        rewritten: 0,
        marked: 0,
        deleted: 0,
        inputBytes: 0,
        samples: 0,
      };
      const retentions = await this.retentions();
      for (let round = 0; round < limits.compactorRounds; round++) {
        await this.view.refresh(signal);
        for (const [ulid, fault] of this.view.faults) this.setAside(`block ${ulid}`, fault);
        const { jobs, superseded } = plan(this.view.blocks, {
          nowMs: clock.nowMs(),
          downsample: this.options.downsample,
        });
        done.marked += await this.markSuperseded(superseded, signal);
        const open = jobs.filter(({ group }) => !this.isSetAside(group));
        if (open.length === 0) break;
        await this.runJobs(open, this.judge(retentions), done, signal);
      }
      if (retentions?.some(({ isEmpty }) => !isEmpty) === true) {
        const expired = await this.markExpired(retentions, signal);
        done.marked += expired;
        // The rounds ended with a look that found nothing to do: it is still true.
        if (expired > 0) await this.view.refresh(signal);
        await this.runRewrites(retentions, done, signal);
      }
      const { due } = planSweep(this.sweepable(), clock.nowMs(), this.options);
      const fence = () => lease.renew(signal);
      done.deleted = (
        await sweep(due, this.view.blocks, { bucket, clock, log, fence }, signal)
      ).deleted.length;
      await this.publish(signal);
      return {
        ...done,
        quarantined: new Map([...this.quarantine].map(([name, { reason }]) => [name, reason])),
      };
    } finally {
      await lease
        .release()
        .catch((error: unknown) => log.warn({ error: describeError(error) }, 'lease not released'));
    }
  }

  /** Tells readers that start what blocks there are; the index is derived, and costs them time only where it is missing. */
  private async publish(signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.catalog.publishIndex(signal);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      this.options.log.warn({ error: describeError(error) }, 'the index of blocks was not written');
    }
  }

  /** Passes until the signal ends; a bucket that is away, or another compactor, is waited for. */
  async run(waitMs: number, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.options;
    while (!signal.aborted) {
      try {
        const { quarantined, ...done } = await this.pass(signal);
        log.info({ ...done, quarantined: [...quarantined.keys()] }, 'pass done');
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof CodedError)) throw error;
        log.error({ error: describeError(error) }, 'pass failed');
      }
      await clock.sleep(waitMs, signal).catch(() => undefined);
    }
  }

  /** The documents that are in force; undefined where they cannot be read: nothing is left out then, as nobody knows what. */
  private async retentions(): Promise<readonly Retention[] | undefined> {
    const { retention, log } = this.options;
    if (retention === undefined) return undefined;
    try {
      await retention.refresh();
      return await retention.current();
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      log.error({ error: describeError(error) }, 'retention is not applied in this pass');
      return undefined;
    }
  }

  private judge(retentions: readonly Retention[]): Judgement;
  private judge(retentions: readonly Retention[] | undefined): Judgement | undefined;
  private judge(retentions: readonly Retention[] | undefined): Judgement | undefined {
    if (retentions === undefined) return undefined;
    const nowMs = this.options.clock.nowMs();
    return { retentions, coverage: plannedCoverage(this.view.blocks, nowMs), nowMs };
  }

  private async runJobs(
    jobs: readonly AnyJob[],
    judgement: Judgement | undefined,
    done: JobCounts,
    signal: AbortSignal | undefined,
    visit?: (result: JobResult) => void,
  ): Promise<void> {
    const { concurrency, memoryBytes, lease, log } = this.options;
    const width = Math.max(1, Math.min(concurrency, jobs.length));
    const context: JobContext = {
      ...this.options,
      judgement,
      memoryBytes: memoryBytes / width,
      fence: () => lease.renew(signal),
    };
    const waiting = [...jobs];
    const worker = async () => {
      for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
        signal?.throwIfAborted();
        const blocks = job.inputs.map(({ ulid }) => ulid);
        try {
          const result = await runJob(job, context, signal);
          visit?.(result);
          if (result.untouched) continue;
          done[counters[job.kind]]++;
          done.inputBytes += result.inputBytes;
          done.samples += result.samples;
          log.info({ group: job.group, kind: job.kind, blocks, block: result.ulid }, 'done');
        } catch (error) {
          if (!(error instanceof CodedError) || error.code === 'CompactorRunning') throw error;
          this.setAside(nameOf(job), describeError(error));
          log.error({ group: job.group, blocks, error: describeError(error) }, 'group is set aside');
        }
      }
    };
    const outcomes = await Promise.allSettled(Array.from({ length: width }, worker));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** Writes blocks anew out of which something has to go, and notes of which nothing had to. */
  private async runRewrites(
    retentions: readonly Retention[],
    done: JobCounts,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { bucket, clock, lease } = this.options;
    this.looked ??= await readLooked(bucket, signal);
    const before = this.looked;
    const { blocks } = this.view;
    const superseded = new Set(
      plan(blocks, { nowMs: clock.nowMs(), downsample: false }).superseded.map(({ block }) => block),
    );
    const judgement = this.judge(retentions);
    const seen = blocks.filter((block) => !superseded.has(block));
    const jobs = planRewrites(seen, before, judgement).filter((job) => !this.isSetAside(nameOf(job)));
    const present = new Set(blocks.map(({ ulid }) => ulid));
    const looked = new Map([...before].filter(([ulid]) => present.has(ulid)));
    await this.runJobs(jobs, judgement, done, signal, ({ job, untouched }) => {
      if (job.kind !== 'rewrite' || !untouched) return;
      const [{ ulid }] = job.inputs;
      const lacks = [...new Set([...(looked.get(ulid)?.lacks ?? []), ...job.erasures])];
      looked.set(ulid, { lacks, stage: job.stage });
    });
    if (jobs.length === 0 && looked.size === before.size) return;
    await lease.renew(signal);
    await writeLooked(bucket, looked, signal);
    this.looked = looked;
  }

  private *sweepable(): Iterable<SweepCandidate> {
    for (const { ulid, metaMs, deletionMs, newestMs, sizeBytes } of this.view.folders.values())
      yield { ulid, hasMeta: metaMs !== undefined, markedMs: deletionMs, modifiedMs: newestMs, sizeBytes };
  }

  private setAside(name: string, reason: string): void {
    const { clock } = this.options;
    this.quarantine.set(name, { reason, untilMs: clock.monotonicMs() + limits.compactorQuarantineMs });
  }

  private isSetAside(group: string): boolean {
    const found = this.quarantine.get(group);
    if (found === undefined) return false;
    if (found.untilMs > this.options.clock.monotonicMs()) return true;
    this.quarantine.delete(group);
    return false;
  }

  /** Marks blocks of which nothing is left to show. */
  private async markExpired(
    retentions: readonly Retention[],
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const { bucket, clock, lease, log } = this.options;
    const expired = expiredBlocks(this.view.blocks, this.judge(retentions));
    let marked = 0;
    for (const { ulid } of expired) {
      signal?.throwIfAborted();
      await lease.renew(signal);
      const mark = { kind: 'deletion', ulid, details: 'past its retention', reason: '' } as const;
      if (await markBlock(bucket, clock, mark, signal)) marked++;
      log.info({ block: ulid }, 'past its retention');
    }
    return marked;
  }

  /** Marks blocks whose samples another holds; the metas are compared whole before. */
  private async markSuperseded(
    pairs: readonly { block: PlannedBlock; by: PlannedBlock }[],
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const { bucket, clock, lease } = this.options;
    let marked = 0;
    for (const { block, by } of pairs) {
      signal?.throwIfAborted();
      try {
        const [own, theirs] = [
          await readMeta(bucket, block.ulid, signal),
          await readMeta(bucket, by.ulid, signal),
        ];
        if (relation(lineageOf(theirs), lineageOf(own)) === undefined) continue;
        await lease.renew(signal);
        const mark = {
          kind: 'deletion',
          ulid: block.ulid,
          details: replacedBy(by.ulid),
          reason: '',
        } as const;
        if (await markBlock(bucket, clock, mark, signal)) marked++;
      } catch (error) {
        // One of them went in the meantime: the next look decides anew.
        if (!(error instanceof CodedError) || error.code !== 'ObjectNotFound') throw error;
      }
    }
    return marked;
  }
}
