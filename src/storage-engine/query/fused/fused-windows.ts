import { availableParallelism } from 'node:os';
import { limits } from '../../../base/limits.ts';
import type { ChunkColumns, Grouping, Selection, SelectionPart } from '../../block/selection.ts';
import { Kernel } from '../../kernels/kernel.ts';
import type { WindowAnswer, WindowQuery, WindowText } from '../../promql/exec/window-source.ts';
import { dedupMarginMs, expectedReplicas } from '../../samples/dedup.ts';
import type { QueryScope } from '../source.ts';
import { TailJoiner } from '../tail-joiner.ts';
import { fetchTask } from './fetch-task.ts';
import { noSeries, reduceRows } from './group-states.ts';
import { meetsWindow, stepPieces } from './met-windows.ts';
import { groupRows, matrixOf, seriesRows } from './rows.ts';
import { runTask } from './run-task.ts';
import { SegmentReader } from './segment-reader.ts';
import type { TaskPart, TaskText, ThreadAnswer, WindowResult, WindowTask } from './task.ts';
import { TextPool } from './text-pool.ts';
import { ThreadPool } from './thread-pool.ts';

/** What is needed of a selection. */
export type WindowSelection = Pick<
  Selection,
  | 'count'
  | 'pairs'
  | 'labelsJson'
  | 'groupBy'
  | 'parts'
  | 'replicas'
  | 'overlapping'
  | 'chunkCount'
  | 'expectedSamples'
>;

/** What all shares of a task have found. */
type Found = Omit<WindowResult, 'written' | 'bytesRead'> & { readonly text?: WindowText };

/** Evaluates windows over selections on kernels: small ones at once, others in threads. */
export class FusedWindows {
  readonly joiner = new TailJoiner();
  private readonly pool = new ThreadPool(Math.max(1, Math.min(limits.queryThreads, availableParallelism())));
  /** What tasks hold of a block beside the chunks of their series. */
  private readonly columns = new WeakMap<
    ChunkColumns,
    Omit<TaskPart, 'minTimeMs' | 'maxTimeMs' | 'replica' | 'chunkFrom' | 'chunkTo'>
  >();
  private readonly texts = new TextPool();
  private kernel: Kernel | undefined;

  /** Undefined where kernels do not take what is selected: the generic path is to evaluate it. */
  async evaluate(
    query: WindowQuery,
    selection: WindowSelection,
    scope: Pick<QueryScope, 'signal' | 'budget'>,
  ): Promise<WindowAnswer | undefined> {
    const { budget } = scope;
    const mergeMarginMs = mergeMargin(selection);
    const windows = { ...query, ...(mergeMarginMs !== undefined && { mergeMarginMs }) };
    if (stepPieces(windows) === undefined) return undefined;
    if (!isWhole(selection) || selection.replicas.length > mostReplicas) return undefined;
    if (query.distinctWithout !== undefined && meetsWithout(selection, query.distinctWithout))
      return undefined;
    const asked = query.grouping;
    const groups = asked === undefined ? undefined : selection.groupBy(asked.names, asked.without);
    const grouping = asked?.operator === undefined ? undefined : groups;
    // Samples are never held: what costs memory are the rows that come out.
    const rows = grouping === undefined ? selection.count : grouping.groups.length;
    const text = textOf(query, selection);
    const valueBytes = text === undefined ? limits.stepMemoryBytes : limits.resultSampleMemoryBytes;
    const bytes = rows * (limits.seriesMemoryBytes + query.steps * valueBytes);
    const use = { series: selection.count, chunks: selection.chunkCount, bytes };
    budget?.take(use);
    const parts = byReplica(selection.parts).filter(({ minTimeMs, maxTimeMs }) =>
      meetsWindow(windows, minTimeMs, maxTimeMs),
    );
    const expectedSamples = (selection.expectedSamples * parts.length) / Math.max(1, selection.parts.length);
    const files = parts.map((part) => part.files);
    const whole = this.taskOf(query, { count: selection.count, parts, mergeMarginMs }, grouping, text);
    const { task, fetchedBytes } = await fetchTask(whole, files, scope);
    const found = await this.run(task, query, grouping, { expectedSamples, signal: scope.signal });
    budget?.take({ bytes: -fetchedBytes });
    if (found === undefined) {
      budget?.correct(use, {});
      return undefined;
    }
    const { samplesSeen, results, samplesDecoded } = found;
    budget?.take({ samples: samplesDecoded });
    if (grouping !== undefined)
      return { rows: groupRows(found, query.steps, grouping), samplesSeen, results };
    if (found.text !== undefined) return { rows: [], text: found.text, samplesSeen, results };
    const totals = { samplesSeen, results };
    if (groups !== undefined)
      return { rows: [], matrix: matrixOf(found.rows, query.steps, selection, groups), ...totals };
    return { rows: seriesRows(found.rows, query.steps, selection), ...totals };
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  private taskOf(
    query: WindowQuery,
    of: {
      readonly count: number;
      readonly parts: readonly SelectionPart[];
      readonly mergeMarginMs: number | undefined;
    },
    grouping: Grouping | undefined,
    text: TaskText | undefined,
  ): WindowTask {
    const { firstMs, stepMs, steps, rangeMs } = query;
    return {
      function: query.function,
      ...(grouping !== undefined && { operator: query.grouping!.operator! }),
      firstMs,
      stepMs,
      steps,
      rangeMs,
      ...(text !== undefined && { text }),
      series: {
        from: 0,
        to: of.count,
        groups: grouping?.groups.length ?? 0,
        ...(grouping !== undefined && { groupOf: grouping.groupOf }),
      },
      parts: of.parts.map((part) => this.partOf(part)),
      ...(of.mergeMarginMs !== undefined && { mergeMarginMs: of.mergeMarginMs }),
    };
  }

  private partOf({
    replica,
    minTimeMs,
    maxTimeMs,
    chunkFrom,
    chunkTo,
    chunks,
    files,
  }: SelectionPart): TaskPart {
    let known = this.columns.get(chunks);
    if (known === undefined) {
      const { baseMs, minMs, maxMs, segment, offset, endOffset } = chunks;
      const verified = new Uint8Array(new SharedArrayBuffer(offset.length));
      const columns = { baseMs, minMs, maxMs, segment, offset, endOffset, verified };
      if (files.memory === undefined) {
        const last = segment.length === 0 ? 0 : segment[segment.length - 1]!;
        known = { ...columns, paths: Array.from({ length: last + 1 }, (_, i) => files.path(i)) };
      } else {
        verified.fill(1);
        known = {
          ...columns,
          isBare: true,
          paths: [],
          fetched: files.memory.map((bytes, i) => ({ segment: i, offset: 0, bytes })),
        };
      }
      this.columns.set(chunks, known);
    }
    return { replica, minTimeMs, maxTimeMs, chunkFrom, chunkTo, ...known };
  }

  /** All steps at once, or piece by piece where they reach further than the kernels' times do. */
  private async run(
    task: WindowTask,
    query: WindowQuery,
    grouping: Grouping | undefined,
    { expectedSamples, signal }: { readonly expectedSamples: number; readonly signal: AbortSignal },
  ): Promise<Found | undefined> {
    const pieces = stepPieces(task)!;
    if (pieces.length === 1)
      return expectedSamples < limits.queryInlineSamples
        ? this.inline(task)
        : await this.spread(task, query, grouping, signal);
    const found: Found[] = [];
    for (const { text: _, ...piece } of pieces) {
      signal.throwIfAborted();
      const parts = piece.parts.filter((part) => meetsWindow(piece, part.minTimeMs, part.maxTimeMs));
      const own = { ...piece, parts };
      const isSmall = expectedSamples / pieces.length < limits.queryInlineSamples;
      const one = isSmall ? this.inline(own) : await this.spread(own, query, grouping, signal);
      if (one === undefined) return undefined;
      found.push(one);
    }
    const rows = grouping === undefined ? task.series.to : grouping.groups.length;
    return { ...joinSteps(found, pieces, rows, task.steps), ...totalsOf(found) };
  }

  private inline(task: WindowTask): Found | undefined {
    const reader = new SegmentReader(task.parts);
    try {
      const result = runTask(this.ownKernel(), task, reader.read, () => undefined);
      return task.text === undefined
        ? result
        : result && { ...result, text: this.texts.joined([task], [result]) };
    } catch {
      // A file that is gone, or a batch too large: the generic path finds out.
      return undefined;
    } finally {
      reader.close();
    }
  }

  /** Steps are spread over the threads, which is exact for any aggregation; of a single step, or of rows, the series. */
  private async spread(
    task: WindowTask,
    query: WindowQuery,
    grouping: Grouping | undefined,
    signal: AbortSignal,
  ): Promise<Found | undefined> {
    const shares = this.pool.size;
    const byStep = grouping !== undefined && task.steps >= shares * 2;
    const tasks = byStep ? stepShares(task, shares) : this.texts.withTargets(seriesShares(task, shares));
    const answers = await Promise.all(tasks.map((share) => this.pool.run(share, signal)));
    const parts = resultsOf(answers);
    if (parts === undefined) return undefined;
    const totals = totalsOf(parts);
    if (task.text !== undefined)
      return { rows: new Float64Array(0), text: this.texts.joined(tasks, parts), ...totals };
    if (byStep) return { ...joinSteps(parts, tasks, grouping.groups.length, task.steps), ...totals };
    const rows = joinRows(parts);
    if (grouping === undefined) return { rows, ...totals };
    const operator = query.grouping!.operator!;
    const groups = { groupOf: grouping.groupOf, groups: grouping.groups.length };
    return { ...reduceRows(this.ownKernel(), rows, task.steps, operator, groups), ...totals };
  }

  private ownKernel(): Kernel {
    this.kernel ??= new Kernel();
    return this.kernel;
  }
}

/** Whether the chunks are raw samples, and nothing of them is deleted. */
function isWhole({ parts }: WindowSelection): boolean {
  return parts.every(({ deleted, resolutionMs }) => resolutionMs === 0 && (deleted?.size ?? 0) === 0);
}

/** Replicas that the kernels tell apart. */
const mostReplicas = 255;

/** How far around the windows joining looks; undefined where chunks of a series come one behind the other as they are. */
function mergeMargin({ replicas, overlapping }: WindowSelection): number | undefined {
  if (replicas.length > 1) return dedupMarginMs(Math.min(replicas.length, expectedReplicas));
  return overlapping ? 0 : undefined;
}

function byReplica(parts: readonly SelectionPart[]): readonly SelectionPart[] {
  return [...parts].sort((a, b) => a.replica - b.replica || a.minTimeMs - b.minTimeMs);
}

/** Text where it is wanted and its labels can be written beforehand; what would be large is written from rows, in parts. */
function textOf({ text, steps }: WindowQuery, selection: WindowSelection): TaskText | undefined {
  if (text === undefined) return undefined;
  if (selection.count > limits.threadTextSeries || selection.count * steps > limits.threadTextValues)
    return undefined;
  const labels = selection.labelsJson(text.withName);
  return labels && { firstMs: text.firstMs, isVector: text.isVector, labels };
}

/** Whether two series may differ in nothing but the dropped labels: the name is the same for all. */
function meetsWithout(selection: WindowSelection, dropped: readonly string[]): boolean {
  return selection.groupBy(dropped, false).groups.length > 1;
}

function stepShares(task: WindowTask, shares: number): WindowTask[] {
  return Array.from({ length: shares }, (_, i) => {
    const from = Math.floor((task.steps * i) / shares);
    const to = Math.floor((task.steps * (i + 1)) / shares);
    return { ...task, firstMs: task.firstMs + from * task.stepMs, steps: to - from };
  });
}

/** Without the operator: sums depend on the order of all series. */
function seriesShares({ operator: _, ...task }: WindowTask, shares: number): WindowTask[] {
  const { to } = task.series;
  return Array.from({ length: shares }, (_share, i) => ({
    ...task,
    series: { from: Math.floor((to * i) / shares), to: Math.floor((to * (i + 1)) / shares), groups: 0 },
  }));
}

function resultsOf(answers: readonly ThreadAnswer[]): WindowResult[] | undefined {
  const results = answers.map(({ result }) => result);
  return results.every((result) => result !== undefined) ? results : undefined;
}

function totalsOf(parts: readonly Omit<Found, 'rows'>[]) {
  const sumOf = (field: 'samplesSeen' | 'results' | 'samplesDecoded') =>
    parts.reduce((sum, part) => sum + part[field], 0);
  return {
    samplesSeen: sumOf('samplesSeen'),
    results: sumOf('results'),
    samplesDecoded: sumOf('samplesDecoded'),
  };
}

function joinRows(parts: readonly WindowResult[]): Float64Array {
  const rows = new Float64Array(parts.reduce((sum, part) => sum + part.rows.length, 0));
  let at = 0;
  for (const part of parts) {
    rows.set(part.rows, at);
    at += part.rows.length;
  }
  return rows;
}

function joinSteps(
  parts: readonly Pick<WindowResult, 'rows' | 'firsts'>[],
  tasks: readonly WindowTask[],
  groups: number,
  steps: number,
): { rows: Float64Array; firsts: Uint32Array } {
  const rows = new Float64Array(groups * steps);
  const firsts = new Uint32Array(groups).fill(noSeries);
  let at = 0;
  parts.forEach((part, i) => {
    const width = tasks[i]!.steps;
    for (let group = 0; group < groups; group++) {
      rows.set(part.rows.subarray(group * width, (group + 1) * width), group * steps + at);
      if (part.firsts !== undefined) firsts[group] = Math.min(firsts[group]!, part.firsts[group]!);
    }
    at += width;
  });
  return { rows, firsts };
}
