import { limits } from '../../base/limits.ts';
import { namedFault } from '../block/block.ts';
import { readChunks } from '../block/chunk-reader.ts';
import type { SelectionPart } from '../block/selection.ts';
import { type AggregateParts, decodeAggregateChunk } from '../format/aggregate-chunk.ts';
import { chunkEncoding } from '../format/chunk.ts';
import type { SelectHints } from '../promql/exec/sample-source.ts';
import { aggregateColumns } from '../samples/aggregate-columns.ts';
import {
  decodeChunk,
  filterColumns,
  mergeColumns,
  type SampleColumns,
  sliceColumns,
} from '../samples/sample-columns.ts';

/** Samples of one part inside the hints, by series id, without deleted ones; `hold` hears of each series' as they come. */
export async function decodePart(
  part: SelectionPart,
  hints: SelectHints,
  signal: AbortSignal,
  pause: () => Promise<void> | undefined,
  hold: (columns: SampleColumns) => void = () => undefined,
): Promise<ReadonlyMap<number, SampleColumns>> {
  const samples = new Map<number, SampleColumns>();
  const { chunkFrom } = part;
  for (let first = 0; first < chunkFrom.length; ) {
    signal.throwIfAborted();
    const { end, rows } = batchFrom(part, first);
    if (rows > 0) {
      await decodeBatch(part, first, end, rows, { hints, signal, pause, samples, hold }).catch((error) => {
        throw namedFault(part.ulid, error);
      });
    }
    first = end;
  }
  return samples;
}

/** Series from `first` on that are read together: some chunks of a file at hand, many bytes of one that is far. */
function batchFrom(
  { chunks: { offset, endOffset }, chunkFrom, chunkTo, files }: SelectionPart,
  first: number,
): { end: number; rows: number } {
  const isRemote = files.path(0) === undefined;
  let [end, rows, bytes] = [first, 0, 0];
  while (
    end < chunkFrom.length &&
    (rows === 0 || (isRemote ? bytes < limits.remoteBatchBytes : rows < limits.chunkBatch))
  ) {
    const [from, to] = [chunkFrom[end]!, chunkTo[end]!];
    rows += to - from;
    if (isRemote) for (let row = from; row < to; row++) bytes += endOffset[row]! - offset[row]!;
    end++;
  }
  return { end, rows };
}

/** Reads and decodes the chunks of series [first, end), `rowCount` in all. */
async function decodeBatch(
  part: SelectionPart,
  first: number,
  end: number,
  rowCount: number,
  to: {
    readonly hints: SelectHints;
    readonly signal: AbortSignal;
    readonly pause: () => Promise<void> | undefined;
    readonly samples: Map<number, SampleColumns>;
    readonly hold: (columns: SampleColumns) => void;
  },
): Promise<void> {
  const { hints, signal, pause, samples, hold } = to;
  const { chunkFrom, chunkTo } = part;
  const rows = new Uint32Array(rowCount);
  let at = 0;
  for (let id = first; id < end; id++)
    for (let row = chunkFrom[id]!; row < chunkTo[id]!; row++) rows[at++] = row;
  const chunks = await readChunks(part, rows, signal);
  at = 0;
  for (let id = first; id < end; id++) {
    const turn = pause();
    if (turn !== undefined) await turn;
    const columns: SampleColumns[] = [];
    const aggregates: AggregateParts[] = [];
    for (let row = chunkFrom[id]!; row < chunkTo[id]!; row++) {
      const { encoding, data } = chunks[at++]!;
      if (encoding === chunkEncoding.aggregate) aggregates.push(decodeAggregateChunk(data));
      else columns.push(sliceColumns(decodeChunk(encoding, data), hints.startMs, hints.endMs));
    }
    if (aggregates.length > 0)
      columns.push(sliceColumns(aggregateColumns(aggregates, hints.func), hints.startMs, hints.endMs));
    const merged = mergeColumns(columns);
    if (merged.timestamps.length === 0) continue;
    hold(merged);
    const deleted = part.deleted?.get(id);
    samples.set(
      id,
      deleted === undefined
        ? merged
        : filterColumns(
            merged,
            (time) => !deleted.some(({ minTime, maxTime }) => time >= minTime && time <= maxTime),
          ),
    );
  }
}
