import { limits } from '../../../base/limits.ts';
import { leavesGaps, meetsWindow } from './met-windows.ts';
import type { TaskPart, WindowTask } from './task.ts';

/** Bytes of one segment file that are read at once, to `at` in the batch's memory. */
export interface PlannedRead {
  readonly part: number;
  readonly segment: number;
  readonly offset: number;
  end: number;
  readonly at: number;
}

/** The chunks of some series that a task needs, and the reads that bring them. */
export interface Batch {
  /** Series ids [from, to). */
  readonly from: number;
  readonly to: number;
  readonly reads: readonly PlannedRead[];
  readonly sizeBytes: number;
  /** Chunks of series i of the batch: [seriesFrom[i], seriesFrom[i + 1]). */
  readonly seriesFrom: Uint32Array;
  /** Begin and limit of each chunk entry, relative to the batch's memory. */
  readonly entries: Uint32Array;
  /** 1 where a checksum is to be verified. */
  readonly unverified: Uint8Array;
  /** Part and row of each chunk whose checksum is to be verified. */
  readonly toVerify: readonly (readonly [part: number, row: number])[];
  /** Replica of each chunk, where they are to be told apart. */
  readonly replicaOf?: Uint8Array;
}

/** Added to the start of an entry that is bare: memory never reaches so far (`assembly/chunk.ts`). */
const bareEntry = 2 ** 31;
/** Room behind each read, for what kernels read in whole vectors. */
const readSlackBytes = 32;

/** Rows of a part's chunks that a task's windows can meet, of one series. */
function rowsOf(part: TaskPart, id: number, afterMs: number, untilMs: number): [number, number] {
  let from = part.chunkFrom[id]!;
  let to = part.chunkTo[id]!;
  const { minMs, maxMs } = part;
  while (from < to && maxMs[from]! <= afterMs) from++;
  while (to > from && minMs[to - 1]! > untilMs) to--;
  return [from, to];
}

/** Tells chunks that some window needs from those that lie between windows. */
function needed(task: WindowTask): (part: TaskPart, row: number) => boolean {
  return ({ baseMs, minMs, maxMs }, row) => meetsWindow(task, baseMs + minMs[row]!, baseMs + maxMs[row]!);
}

/** The batch that begins with series `from`: as many as the limits allow, one at least. */
export function planBatch(task: WindowTask, from: number): Batch {
  const marginMs = task.mergeMarginMs ?? 0;
  const afterMs = task.firstMs - task.rangeMs - marginMs;
  const untilMs = task.firstMs + (task.steps - 1) * task.stepMs + marginMs;
  const { parts } = task;
  const isNeeded = leavesGaps(task) ? needed(task) : undefined;
  const wanted = Math.min(task.series.to, from + limits.kernelBatchSeries);
  const width = wanted - from;
  const rows = parts.map(() => ({ from: new Uint32Array(width), to: new Uint32Array(width) }));
  const seriesFrom = new Uint32Array(width + 1);
  let bytes = 0;
  let count = 0;
  let series = 0;
  for (; series < width; series++) {
    const before = count;
    parts.forEach((part, p) => {
      const [first, end] = rowsOf(part, from + series, afterMs - part.baseMs, untilMs - part.baseMs);
      rows[p]!.from[series] = first;
      rows[p]!.to[series] = end;
      if (isNeeded === undefined) count += end - first;
      else for (let row = first; row < end; row++) if (isNeeded(part, row)) count++;
      if (end > first) bytes += part.endOffset[end - 1]! - part.offset[first]!;
    });
    if (series > 0 && bytes > limits.kernelBatchBytes) {
      count = before;
      break;
    }
    seriesFrom[series + 1] = count;
  }
  const entries = new Uint32Array(count * 2);
  const unverified = new Uint8Array(count);
  const replicaOf = task.mergeMarginMs === undefined ? undefined : new Uint8Array(count);
  const toVerify: [number, number][] = [];
  const next = seriesFrom.slice();
  const reads: PlannedRead[] = [];
  let at = 0;
  parts.forEach((part, p) => {
    let read: PlannedRead | undefined;
    const { from: firsts, to: ends } = rows[p]!;
    for (let i = 0; i < series; i++) {
      for (let row = firsts[i]!; row < ends[i]!; row++) {
        if (isNeeded !== undefined && !isNeeded(part, row)) continue;
        const offset = part.offset[row]!;
        const end = part.endOffset[row]!;
        const joins =
          read !== undefined &&
          read.segment === part.segment[row] &&
          offset >= read.offset &&
          offset - read.end <= limits.kernelReadGapBytes;
        if (!joins) {
          if (read !== undefined) at += read.end - read.offset + readSlackBytes;
          read = { part: p, segment: part.segment[row]!, offset, end, at };
          reads.push(read);
        }
        if (end > read!.end) read!.end = end;
        const entry = next[i]!++;
        entries[entry * 2] = at + offset - read!.offset + (part.isBare === true ? bareEntry : 0);
        entries[entry * 2 + 1] = at + end - read!.offset;
        if (replicaOf !== undefined) replicaOf[entry] = part.replica;
        if (part.verified[row] === 0) {
          unverified[entry] = 1;
          toVerify.push([p, row]);
        }
      }
    }
    if (read !== undefined) at += read.end - read.offset + readSlackBytes;
  });
  return {
    from,
    to: from + series,
    reads,
    sizeBytes: at,
    seriesFrom: seriesFrom.subarray(0, series + 1),
    entries,
    unverified,
    toVerify,
    ...(replicaOf !== undefined && { replicaOf }),
  };
}
