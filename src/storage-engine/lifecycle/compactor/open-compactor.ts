import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { limits } from '../../../base/limits.ts';
import type { Logger } from '../../../base/log.ts';
import type { Random } from '../../../base/random.ts';
import type { Bucket } from '../../bucket/bucket.ts';
import type { RetentionStore } from '../../retention/retention-store.ts';
import { inlinePool } from '../rewrite/batch-pool.ts';
import { WorkerPool } from '../rewrite/worker-pool.ts';
import { Compactor } from './compactor.ts';
import { Lease } from './lease.ts';

export interface OpenCompactorOptions {
  readonly bucket: Bucket;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Folder for scratch files; what an earlier run left in it is not looked at. */
  readonly dataFolder: string;
  readonly memoryBytes: number;
  readonly replicaLabels: readonly string[];
  readonly native: boolean;
  readonly concurrency: number;
  readonly consistencyDelayMs: number;
  readonly deletionDelayMs: number;
  readonly downsample: boolean;
  readonly retention?: RetentionStore | undefined;
  /** Worker threads for merging and downsampling; 0: in line. */
  readonly workers?: number;
}

/** A compactor on a bucket, with its worker threads; they end with `close`. */
export async function openCompactor(
  options: OpenCompactorOptions,
): Promise<{ compactor: Compactor; close: () => Promise<void> }> {
  const workFolder = join(options.dataFolder, 'compact');
  await mkdir(workFolder, { recursive: true });
  const workers = options.workers ?? Math.min(limits.compactorWorkers, availableParallelism());
  const pool = workers === 0 ? inlinePool : new WorkerPool(workers);
  const { bucket, clock, random } = options;
  const compactor = new Compactor({
    ...options,
    pool,
    workFolder,
    partialDelayMs: limits.partialBlockMs,
    lease: new Lease({ bucket, clock, random, expiryMs: limits.compactorLeaseMs }),
  });
  return { compactor, close: () => pool.close() };
}
