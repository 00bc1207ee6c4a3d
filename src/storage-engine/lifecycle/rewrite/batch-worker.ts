import { parentPort } from 'node:worker_threads';
import { CodedError } from '../../../base/errors.ts';
import { BatchKernel } from './batch-kernel.ts';
import { processBatch } from './process-batch.ts';
import type { WorkerAnswer, WorkerRequest } from './worker-pool.ts';

const port = parentPort!;
const kernel = new BatchKernel();

port.on('message', ({ batch, parameters }: WorkerRequest) => {
  try {
    const result = processBatch(batch, parameters, kernel);
    const answer: WorkerAnswer = { result };
    port.postMessage(answer, [...new Set([result.bytes.buffer, result.counts.buffer, result.chunks.buffer])]);
  } catch (error) {
    const code = error instanceof CodedError ? error.code : undefined;
    const message =
      error instanceof Error
        ? code === undefined
          ? (error.stack ?? error.message)
          : error.message
        : String(error);
    const answer: WorkerAnswer = { fault: { code, message } };
    port.postMessage(answer);
  }
});
