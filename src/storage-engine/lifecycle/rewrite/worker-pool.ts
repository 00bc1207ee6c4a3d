import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { CodedError, type ErrorCode } from '../../../base/errors.ts';
import type { Batch, BatchParameters, BatchResult } from './batch.ts';
import type { BatchPool } from './batch-pool.ts';

/** A batch on its way to a worker, and the answer. */
export interface WorkerRequest {
  readonly batch: Batch;
  readonly parameters: BatchParameters;
}
export type WorkerAnswer =
  | { readonly result: BatchResult }
  | { readonly fault: { readonly code: ErrorCode | undefined; readonly message: string } };

interface Seat {
  readonly worker: Worker;
  waiting: { resolve: (result: BatchResult) => void; reject: (error: Error) => void } | undefined;
}

/** Worker threads that work on batches; their buffers move, they are not copied. Threads start when first needed. */
export class WorkerPool implements BatchPool {
  readonly width: number;
  private readonly seats: Seat[] = [];
  private readonly queue: { request: WorkerRequest; seat: NonNullable<Seat['waiting']> }[] = [];

  constructor(width: number) {
    this.width = width;
  }

  run(batch: Batch, parameters: BatchParameters): Promise<BatchResult> {
    return new Promise((resolve, reject) => {
      this.queue.push({ request: { batch, parameters }, seat: { resolve, reject } });
      this.assign();
    });
  }

  private assign(): void {
    while (this.queue.length > 0) {
      let free = this.seats.find(({ waiting }) => waiting === undefined);
      if (free === undefined && this.seats.length < this.width) free = this.hire();
      if (free === undefined) return;
      const { request, seat } = this.queue.shift()!;
      free.waiting = seat;
      const { bytes, chunks, series, removed } = request.batch;
      const moved = new Set([bytes.buffer, chunks.buffer, series.buffer, removed.buffer]);
      free.worker.postMessage(request, [...moved]);
    }
  }

  private hire(): Seat {
    // From a checkout the sources themselves, from the bundle the chunk beside this one.
    const source = new URL('./batch-worker.ts', import.meta.url);
    const worker = new Worker(existsSync(source) ? source : new URL('./batch-worker.js', import.meta.url));
    const seat: Seat = { worker, waiting: undefined };
    worker.on('message', (answer: WorkerAnswer) => {
      const { waiting } = seat;
      seat.waiting = undefined;
      if ('result' in answer) waiting?.resolve(answer.result);
      else {
        const { code, message } = answer.fault;
        waiting?.reject(code === undefined ? new Error(message) : new CodedError(code, message));
      }
      this.assign();
    });
    worker.on('error', (error) => {
      this.seats.splice(this.seats.indexOf(seat), 1);
      seat.waiting?.reject(error instanceof Error ? error : new Error(String(error)));
      this.assign();
    });
    this.seats.push(seat);
    return seat;
  }

  async close(): Promise<void> {
    await Promise.all(this.seats.map(({ worker }) => worker.terminate()));
  }
}
