import { limits } from '../../../base/limits.ts';
import { eachAtOnce } from '../../block/each-at-once.ts';
import type { ChunkFiles } from '../../block/selection.ts';
import type { QueryScope } from '../source.ts';
import { planBatch } from './plan-batch.ts';
import type { FetchedRange, WindowTask } from './task.ts';

interface WantedRange {
  readonly part: number;
  readonly segment: number;
  readonly offset: number;
  end: number;
}

/** All ranges of segment files that a task reads, joined over small gaps. */
function wantedRanges(task: WindowTask): WantedRange[] {
  const reads: WantedRange[] = [];
  for (let from = task.series.from; from < task.series.to; ) {
    const batch = planBatch(task, from);
    for (const { part, segment, offset, end } of batch.reads) reads.push({ part, segment, offset, end });
    from = batch.to;
  }
  reads.sort((a, b) => a.part - b.part || a.segment - b.segment || a.offset - b.offset);
  const joined: WantedRange[] = [];
  for (const read of reads) {
    const last = joined.at(-1);
    const joins =
      last !== undefined &&
      last.part === read.part &&
      last.segment === read.segment &&
      read.offset - last.end <= limits.readGapBytes &&
      read.end - last.offset <= limits.readBytes;
    if (joins) last.end = Math.max(last.end, read.end);
    else joined.push({ ...read });
  }
  return joined;
}

/**
 * The task with the bytes of those parts whose files cannot be read in place, on shared memory, and how many bytes those
 * are; they are taken from the budget, and the caller gives them back once the task has run.
 */
export async function fetchTask(
  task: WindowTask,
  files: readonly ChunkFiles[],
  { signal, budget }: Pick<QueryScope, 'signal' | 'budget'>,
): Promise<{ task: WindowTask; fetchedBytes: number }> {
  const isRemote = task.parts.map(({ paths, fetched }) => paths[0] === undefined && fetched === undefined);
  if (!isRemote.includes(true)) return { task, fetchedBytes: 0 };
  const wanted = wantedRanges(task).filter(({ part }) => isRemote[part]);
  const fetchedBytes = wanted.reduce((sum, { offset, end }) => sum + end - offset, 0);
  budget?.take({ bytes: fetchedBytes });
  const fetched = task.parts.map((): FetchedRange[] => []);
  try {
    await eachAtOnce(wanted.length, limits.blockReadConcurrency, async (i) => {
      const { part, segment, offset, end } = wanted[i]!;
      const bytes = await files[part]!.read(segment, offset, end - offset, signal);
      const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
      shared.set(bytes);
      fetched[part]!.push({ segment, offset, bytes: shared });
    });
  } catch (error) {
    budget?.take({ bytes: -fetchedBytes });
    throw error;
  }
  const parts = task.parts.map((part, i) => (isRemote[i] ? { ...part, fetched: fetched[i]! } : part));
  return { task: { ...task, parts }, fetchedBytes };
}
