import { CodedError, describeError } from '../../../base/errors.ts';
import { limits } from '../../../base/limits.ts';
import { markBlock } from '../../block/marks.ts';
import { lineageOf, relation } from '../../format/block-lineage.ts';
import type { RetentionStore } from '../../retention/retention-store.ts';
import { type Job, plan } from '../plan/plan.ts';
import type { PlannedBlock } from '../plan/planned-block.ts';
import { BucketView, readMeta } from './bucket-view.ts';
import { expiredBlocks } from './expire.ts';
import type { Lease } from './lease.ts';
import { type JobContext, replacedBy, runJob } from './run-job.ts';
import { planSweep, sweep } from './sweep.ts';

export interface CompactorOptions extends Omit<JobContext, 'fence' | 'memoryBytes'> {
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

/** Works on a bucket until nothing is left to do. A group that fails is set aside by name; the others go on. */
export class Compactor {
  private readonly options: CompactorOptions;
  private readonly view: BucketView;
  private readonly quarantine = new Map<string, Quarantine>();

  constructor(options: CompactorOptions) {
    this.options = options;
    this.view = new BucketView(options.bucket, options);
  }

  /** One pass over the bucket: jobs until none is left, then what is due is deleted. */
  async pass(signal?: AbortSignal): Promise<PassReport> {
    const { clock, lease, bucket, log } = this.options;
    await lease.take(signal);
    try {
      const done = { compacted: 0, downsampled: 0, marked: 0, deleted: 0, inputBytes: 0, samples: 0 };
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
        await this.runJobs(open, done, signal);
      }
      done.marked += await this.markExpired(signal);
      const due = planSweep(this.view.folders.values(), { ...this.options, nowMs: clock.nowMs() });
      const fence = () => lease.renew(signal);
      done.deleted = (
        await sweep(due, this.view.blocks, { bucket, clock, log, fence }, signal)
      ).deleted.length;
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

  private async runJobs(
    jobs: readonly Job[],
    done: { compacted: number; downsampled: number; inputBytes: number; samples: number },
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { concurrency, memoryBytes, lease, log } = this.options;
    const width = Math.max(1, Math.min(concurrency, jobs.length));
    const context: JobContext = {
      ...this.options,
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
          done[job.kind === 'compact' ? 'compacted' : 'downsampled']++;
          done.inputBytes += result.inputBytes;
          done.samples += result.samples;
          log.info({ group: job.group, kind: job.kind, blocks, block: result.ulid }, 'done');
        } catch (error) {
          if (!(error instanceof CodedError) || error.code === 'CompactorRunning') throw error;
          this.setAside(job.group, describeError(error));
          log.error({ group: job.group, blocks, error: describeError(error) }, 'group is set aside');
        }
      }
    };
    const outcomes = await Promise.allSettled(Array.from({ length: width }, worker));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
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

  /** Marks blocks of which nothing is left to show. Where the documents are not known nothing is. */
  private async markExpired(signal: AbortSignal | undefined): Promise<number> {
    const { bucket, clock, lease, log, retention } = this.options;
    if (retention === undefined) return 0;
    await retention.refresh();
    await this.view.refresh(signal);
    const expired = expiredBlocks(this.view.blocks, await retention.current(), clock.nowMs());
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
