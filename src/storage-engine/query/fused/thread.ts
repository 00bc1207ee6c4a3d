import { parentPort } from 'node:worker_threads';
import { Kernel } from '../../kernels/kernel.ts';
import { runTask } from './run-task.ts';
import { SegmentReader } from './segment-reader.ts';
import type { ThreadAnswer, ThreadRequest, WindowResult } from './task.ts';

class Canceled extends Error {}

const kernel = new Kernel();

/** Runs one task; whatever goes wrong with it leaves the work to the generic path. */
function answer({ task, canceled }: ThreadRequest): ThreadAnswer {
  const reader = new SegmentReader(task.parts);
  try {
    const result = runTask(kernel, task, reader.read, () => {
      if (Atomics.load(canceled, 0) !== 0) throw new Canceled();
    });
    return { result };
  } catch (error) {
    return { result: undefined, fault: error instanceof Error ? error.message : String(error) };
  } finally {
    reader.close();
  }
}

/** What changes hands without a copy. */
function buffersOf({ rows, written }: WindowResult): ArrayBuffer[] {
  return [rows.buffer as ArrayBuffer, ...(written?.parts ?? []).map(({ buffer }) => buffer)];
}

parentPort!.on('message', (request: ThreadRequest) => {
  const found = answer(request);
  parentPort!.postMessage(found, found.result === undefined ? [] : buffersOf(found.result));
});
