import { backoffDelayMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { CodedError, describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { Bucket, Pace } from '../../storage-engine/bucket/bucket.ts';
import type { BlockMeta } from '../../storage-engine/format/block-meta.ts';
import type { DataFolder } from './data-folder.ts';
import { planShipping, type ShipPlan, shippingLagMs } from './plan.ts';
import { type BlockSource, shipBlock } from './ship-block.ts';

export interface ShipperPorts {
  readonly folder: DataFolder;
  /** The bucket as it is configured now; a rotated configuration gives another one. */
  readonly bucket: (signal: AbortSignal) => Promise<Bucket>;
  /** External labels of everything in the folder; raises where they cannot be told. */
  readonly labels: (signal: AbortSignal) => Promise<Readonly<Record<string, string>>>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

export interface ShipperOptions {
  /** Whether blocks that Prometheus compacted are shipped too. */
  readonly compacted: boolean;
  readonly source: BlockSource;
  readonly pace?: Pace | undefined;
}

export interface BlockTrouble {
  readonly ulid: string;
  readonly code: string;
  readonly error: string;
}

/** What a shipper knows of itself; milliseconds since the epoch. */
export interface ShipperState {
  readonly uploads: number;
  readonly failures: number;
  readonly sentBytes: number;
  readonly waitingBlocks: number;
  readonly heldBlocks: number;
  readonly lagMs: number;
  /** End of the time of the oldest block that waits. */
  readonly oldestWaitingMs: number | undefined;
  /** When all that could be shipped was; undefined before the first time. */
  readonly lastSuccessMs: number | undefined;
  /** When a block was last stored. */
  readonly lastUploadMs: number | undefined;
  /** Why the last round could not even begin, or the fault of a block. */
  readonly error: { readonly code: string; readonly message: string } | undefined;
  readonly troubles: readonly BlockTrouble[];
}

interface Pause {
  failures: number;
  untilMs: number;
  trouble: BlockTrouble;
}

/** Ships the finished blocks of one Prometheus, one after the other; a block that fails waits while others go on. */
export class Shipper {
  private readonly ports: ShipperPorts;
  private readonly options: ShipperOptions;
  private readonly pauses = new Map<string, Pause>();
  private readonly said = new Set<string>();
  private last: Promise<unknown> = Promise.resolve();
  private current: ShipperState = {
    uploads: 0,
    failures: 0,
    sentBytes: 0,
    waitingBlocks: 0,
    heldBlocks: 0,
    lagMs: 0,
    oldestWaitingMs: undefined,
    lastSuccessMs: undefined,
    lastUploadMs: undefined,
    error: undefined,
    troubles: [],
  };

  constructor(ports: ShipperPorts, options: ShipperOptions) {
    this.ports = ports;
    this.options = options;
  }

  get state(): ShipperState {
    return this.current;
  }

  /** Rounds until aborted; `changed` is called after each. */
  async run(signal: AbortSignal, changed: () => void = () => {}): Promise<void> {
    while (!signal.aborted) {
      await this.round(signal).catch((error) => {
        if (signal.aborted) return;
        throw error;
      });
      changed();
      await this.ports.clock.sleep(limits.shipperScanMs, signal).catch(() => {});
    }
  }

  /** One look at the folder; ships what can be shipped now. True where nothing is left to ship. */
  round(signal: AbortSignal): Promise<boolean> {
    return this.alone(() => this.look(this.options, signal));
  }

  /** As `round`, at once and for every block: those too that wait after a fault or were compacted. */
  everything(signal: AbortSignal): Promise<boolean> {
    return this.alone(() => {
      this.pauses.clear();
      return this.look({ ...this.options, compacted: true }, signal);
    });
  }

  /** One at a time: there is one place for second names. */
  private alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(work, work);
    this.last = turn.catch(() => {});
    return turn;
  }

  private async look(options: ShipperOptions, signal: AbortSignal): Promise<boolean> {
    try {
      return await this.ship(options, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof CodedError) && !isSystemError(error)) throw error;
      this.note({ error: problem(error), failures: this.current.failures + 1 });
      this.ports.log.warn({ error: describeError(error) }, 'nothing could be shipped');
      return false;
    }
  }

  private async ship(options: ShipperOptions, signal: AbortSignal): Promise<boolean> {
    const { folder, clock } = this.ports;
    const { blocks, faults } = await folder.blocks();
    const recorded = await folder.uploaded();
    const uploaded = new Set(recorded);
    let plan = planShipping(blocks, uploaded, options);
    for (const ulid of this.pauses.keys())
      if (!plan.ship.some((block) => block.ulid === ulid)) this.pauses.delete(ulid);
    this.note({ ...this.measure(plan), ...this.troubles(faults) });
    const due = plan.ship.filter(({ ulid }) => (this.pauses.get(ulid)?.untilMs ?? 0) <= clock.monotonicMs());
    if (due.length > 0) {
      const labels = await this.ports.labels(signal);
      if (Object.keys(labels).length === 0)
        throw new CodedError('ExternalLabelsMissing', `${folder.path}: its blocks have no external labels`);
      const bucket = await this.ports.bucket(signal);
      for (const block of due) {
        if (await this.one(block, bucket, labels, signal)) {
          uploaded.add(block.ulid);
          // Written after each block: Prometheus may compact it, and a restart need not look for it.
          await folder.setUploaded(planShipping(blocks, uploaded, options).uploaded);
        }
        plan = planShipping(blocks, uploaded, options);
        this.note({ ...this.measure(plan), ...this.troubles(faults) });
      }
    } else if ([...recorded].some((ulid) => !plan.uploaded.includes(ulid)) || recorded.size === 0) {
      await folder.setUploaded(plan.uploaded);
    }
    const done = plan.ship.length === 0 && faults.length === 0;
    this.note(done ? { lastSuccessMs: clock.nowMs(), error: undefined } : {});
    return done;
  }

  /** Ships one block; true where it is in the bucket. A fault of the store as a whole goes up: others would meet it too. */
  private async one(
    block: BlockMeta,
    bucket: Bucket,
    labels: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { folder, clock, random, log } = this.ports;
    const { ulid } = block;
    const { source, pace } = this.options;
    try {
      const outcome = await shipBlock(
        ulid,
        { folder, bucket, labels, source, random },
        {
          signal,
          ...(pace === undefined ? {} : { pace }),
          onObject: (_key, bytes) => this.note({ sentBytes: this.current.sentBytes + bytes }),
        },
      );
      this.pauses.delete(ulid);
      if (outcome.state === 'gone') return false;
      if (outcome.irregular.length > 0 && !this.said.has(ulid)) {
        this.said.add(ulid);
        log.warn({ block: ulid, faults: outcome.irregular.slice(0, 3) }, 'the block is not regular');
      }
      log.info({ block: ulid, state: outcome.state }, 'the block is in the bucket');
      if (outcome.state === 'uploaded')
        this.note({ uploads: this.current.uploads + 1, lastUploadMs: clock.nowMs() });
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof CodedError) && !isSystemError(error)) throw error;
      const failures = (this.pauses.get(ulid)?.failures ?? 0) + 1;
      const { code, message } = problem(error);
      const delayMs =
        code === 'BlockRefused'
          ? limits.shipperRefusedMs
          : backoffDelayMs(
              failures,
              { firstDelayMs: limits.shipperRetryFirstMs, maxDelayMs: limits.shipperRetryMaxMs },
              random,
            );
      this.pauses.set(ulid, {
        failures,
        untilMs: clock.monotonicMs() + delayMs,
        trouble: { ulid, code, error: message },
      });
      // No use to try every block of a store that is away or refuses us.
      if (code === 'BucketUnavailable' || code === 'BucketDenied') throw error;
      this.note({ failures: this.current.failures + 1, error: { code, message } });
      log.warn({ block: ulid, error: describeError(error) }, 'the block could not be shipped');
      return false;
    }
  }

  private measure(plan: ShipPlan): Partial<ShipperState> {
    return {
      waitingBlocks: plan.ship.length,
      heldBlocks: plan.held.filter(({ reason }) => reason === 'compacted').length,
      oldestWaitingMs:
        plan.ship.length === 0 ? undefined : Math.min(...plan.ship.map(({ maxTime }) => maxTime)),
      lagMs: shippingLagMs(plan.ship, this.ports.clock.nowMs()),
    };
  }

  private troubles(faults: readonly { ulid: string; error: string }[]): Pick<ShipperState, 'troubles'> {
    const unreadable = faults.map(({ ulid, error }) => ({ ulid, code: 'CorruptData', error }));
    const failing = [...this.pauses.values()].map(({ trouble }) => trouble);
    return { troubles: [...unreadable, ...failing].slice(0, limits.shipperReportBlocks) };
  }

  private note(part: Partial<ShipperState>): void {
    this.current = { ...this.current, ...part };
  }
}

function problem(error: unknown): { code: string; message: string } {
  if (error instanceof CodedError) return { code: error.code, message: error.message };
  const { code = 'FileUnreadable', message } = error as NodeJS.ErrnoException;
  return { code: code === 'ENOSPC' ? 'DiskFull' : 'FileUnreadable', message };
}

/** A fault of the file system: full disk, refused access, a folder that went away. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}
