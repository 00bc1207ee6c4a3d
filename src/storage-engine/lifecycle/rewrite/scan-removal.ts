import { type TimeRange, uniteRanges } from '../../retention/time-ranges.ts';
import type { BlockInput } from './block-input.ts';
import { goneClass, type InputRemoval, type SeriesJudge } from './removal.ts';
import { SeriesChunks } from './series-chunks.ts';

/**
 * Reads the index of a block, freshly opened, and judges each series by its labels and the times of its chunks; no chunk is
 * read. Takes two bytes a series and a bit a symbol.
 */
export async function scanRemoval(input: BlockInput, judge: SeriesJudge): Promise<InputRemoval> {
  for (let number = 0; ; number++) {
    let more = input.symbols.tryNext();
    while (more === undefined) {
      await input.symbols.load();
      more = input.symbols.tryNext();
    }
    if (!more) break;
    input.noteSymbol();
    judge.note(number, input.symbols.text);
  }
  input.map = {
    get: (symbol) => symbol,
    push: () => undefined,
    seal: () => undefined,
    close: () => undefined,
  };
  const used = new Uint32Array((input.symbols.count >>> 5) + 1);
  let classes = new Uint16Array(4096);
  const chunks = new SeriesChunks();
  let [series, touchedSeries, goneSeries] = [0, 0, 0];
  let trims = false;
  for (;;) {
    let more = input.tryNext();
    while (more === undefined) {
      await input.load();
      more = input.tryNext();
    }
    if (!more) break;
    if (series >= classes.length) {
      const grown = new Uint16Array(classes.length * 2);
      grown.set(classes);
      classes = grown;
    }
    let own = judge.classOf(input.labels);
    const removed = judge.removed(own);
    if (removed.length > 0) {
      chunks.clear();
      chunks.add(input, 0);
      const found = judgeChunks(chunks, withTombstones(input, removed));
      trims ||= judgeChunks(chunks, judge.covered(own)).touched;
      if (found.touched) touchedSeries++;
      if (found.left === 0) {
        own = goneClass;
        goneSeries++;
      }
    }
    if (own !== goneClass) for (const symbol of input.labels) used[symbol >>> 5]! |= 1 << (symbol & 31);
    classes[series++] = own;
  }
  return {
    isGone: (number) => classes[number] === goneClass,
    removed: (number) => (classes[number] === goneClass ? [] : judge.removed(classes[number]!)),
    uses: (symbol) => (used[symbol >>> 5]! & (1 << (symbol & 31))) !== 0,
    touchedSeries,
    trims,
    goneSeries,
    series,
  };
}

function withTombstones(input: BlockInput, removed: readonly TimeRange[]): readonly TimeRange[] {
  const deleted = input.tombstonesOfSeries();
  if (deleted.length === 0) return removed;
  return uniteRanges([
    ...removed,
    ...deleted.map(({ minTime, maxTime }) => ({ startMs: minTime, endMs: maxTime + 1 })),
  ]);
}

/** Whether anything of a series goes, and how many of its chunks are left, whole or in part. */
function judgeChunks(
  chunks: SeriesChunks,
  removed: readonly TimeRange[],
): { touched: boolean; left: number } {
  let touched = false;
  let left = 0;
  for (let at = 0; at < chunks.count; at++) {
    const [first, last] = [chunks.minTime[at]!, chunks.maxTime[at]!];
    if (removed.some(({ startMs, endMs }) => first < endMs && last >= startMs)) touched = true;
    if (!removed.some(({ startMs, endMs }) => first >= startMs && last < endMs)) left++;
  }
  return { touched, left };
}
