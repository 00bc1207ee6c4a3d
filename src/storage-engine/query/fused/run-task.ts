import { limits } from '../../../base/limits.ts';
import { type Kernel, kernelStatus, slackBytes } from '../../kernels/kernel.ts';
import { windowFunctions, windowOperators } from '../../kernels/window-functions.ts';
import { GroupStates } from './group-states.ts';
import { type Batch, planBatch } from './plan-batch.ts';
import { RowTexts } from './row-texts.ts';
import type { WindowResult, WindowTask } from './task.ts';

/** Fills `target` with bytes of a segment file; what lies behind its end stays as it is. */
export type ReadSegment = (part: number, segment: number, offset: number, target: Uint8Array) => void;

/**
 * Runs a task on a kernel, batch by batch. Undefined: the kernel does not take some chunk of it, so that all is left to
 * the generic path, which also says what is wrong where bytes are corrupt. `checkCanceled` is asked between batches.
 */
export function runTask(
  kernel: Kernel,
  task: WindowTask,
  read: ReadSegment,
  checkCanceled: () => void,
): WindowResult | undefined {
  kernel.release();
  const { series, steps } = task;
  const { run } = kernel;
  const operator = task.operator === undefined ? 0 : windowOperators[task.operator];
  const bounds = kernel.allocate(steps * 8 + 64);
  const groups = new GroupStates(kernel, task.operator === undefined ? 0 : series.groups, steps);
  const scratchRow = kernel.allocate(operator === 0 ? 0 : steps * 8);
  const texts = task.text === undefined ? undefined : new RowTexts(kernel, task, task.text);
  const isRows = operator === 0 && texts === undefined;
  const rows = new Float64Array(isRows ? (series.to - series.from) * steps : 0);
  run.setQuery(windowFunctions[task.function], task.rangeMs, task.stepMs, steps, task.rangeMs, bounds);
  run.setSpan(task.firstMs - task.rangeMs, task.rangeMs + (steps - 1) * task.stepMs);
  let bytesRead = 0;
  const { mark } = kernel;
  for (let from = series.from; from < series.to; ) {
    checkCanceled();
    kernel.release(mark);
    const batch = planBatch(task, from);
    const entries = load(kernel, task, batch, read);
    if (entries === undefined) return undefined;
    bytesRead += batch.sizeBytes;
    const width = batch.to - batch.from;
    const longest = run.samplesOfLongest();
    run.setColumns(
      kernel.allocate(longest * 4),
      kernel.allocate(longest * 8),
      kernel.allocate(longest * 4),
      longest,
    );
    const queue = kernel.allocate(longest * 4);
    const groupOf = kernel.allocate(operator === 0 ? 0 : width * 4);
    const out = operator === 0 ? kernel.allocate(width * steps * 8) : scratchRow;
    if (operator !== 0) kernel.uint32(groupOf, width).set(series.groupOf!.subarray(batch.from, batch.to));
    const { at, seriesFrom, replicaOf } = entries;
    if (task.mergeMarginMs !== undefined) {
      const buffers = kernel.allocate(run.mergingBytes(longest));
      run.setMerging(buffers, longest, task.mergeMarginMs, limits.dedupIntervalMs);
    }
    const status = run.runBatch(
      at,
      seriesFrom,
      width,
      out,
      queue,
      operator,
      groupOf,
      groups.states,
      groups.firsts,
      batch.from,
      replicaOf,
    );
    if (status !== kernelStatus.ok) return undefined;
    texts?.add(out, batch.from, batch.to);
    if (isRows) rows.set(kernel.float64(out, width * steps), (batch.from - series.from) * steps);
    from = batch.to;
  }
  const totals = {
    samplesSeen: run.samplesSeen(),
    results: run.results(),
    samplesDecoded: run.samplesDecoded(),
    bytesRead,
  };
  if (texts !== undefined) return { rows, written: texts.written, ...totals };
  if (task.operator === undefined) return { rows, ...totals };
  return { ...groups.finish(task.operator), ...totals };
}

/** Reads a batch's chunks into the kernel's memory and has them looked at; undefined where the kernel does not take them. */
function load(
  kernel: Kernel,
  task: WindowTask,
  batch: Batch,
  read: ReadSegment,
): { at: number; seriesFrom: number; replicaOf: number } | undefined {
  const data = kernel.allocate(batch.sizeBytes);
  const at = kernel.allocate(batch.entries.byteLength);
  const seriesFrom = kernel.allocate(batch.seriesFrom.byteLength);
  const unverified = kernel.allocate(batch.unverified.length + slackBytes);
  const { replicaOf } = batch;
  const replicasAt = replicaOf === undefined ? 0 : kernel.allocate(replicaOf.length);
  for (const { part, segment, offset, end, at: place } of batch.reads)
    read(part, segment, offset, kernel.bytes(data + place, end - offset));
  const entries = kernel.uint32(at, batch.entries.length);
  for (let i = 0; i < entries.length; i++) entries[i] = batch.entries[i]! + data;
  kernel.uint32(seriesFrom, batch.seriesFrom.length).set(batch.seriesFrom);
  kernel.bytes(unverified, batch.unverified.length).set(batch.unverified);
  if (replicaOf !== undefined) kernel.bytes(replicasAt, replicaOf.length).set(replicaOf);
  const status = kernel.run.inspect(at, unverified, seriesFrom, batch.to - batch.from);
  if (status !== kernelStatus.ok) return undefined;
  for (const [part, row] of batch.toVerify) task.parts[part]!.verified[row] = 1;
  return { at, seriesFrom, replicaOf: replicasAt };
}
