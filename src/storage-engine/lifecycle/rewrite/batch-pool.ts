import type { Batch, BatchParameters, BatchResult } from './batch.ts';
import { processBatch } from './process-batch.ts';

/** Where batches are worked on: in line, or in worker threads. */
export interface BatchPool {
  /** Batches that are worked on at once; more of them in flight only take memory. */
  readonly width: number;
  run(batch: Batch, parameters: BatchParameters): Promise<BatchResult>;
  close(): Promise<void>;
}

export const inlinePool: BatchPool = {
  width: 1,
  run: async (batch, parameters) => processBatch(batch, parameters),
  close: async () => undefined,
};
