import type { Grouping, Selection } from '../../block/selection.ts';
import { Labels } from '../../promql/exec/labels.ts';
import { staleTester } from '../../promql/exec/sample-source.ts';
import type { WindowMatrix, WindowRow } from '../../promql/exec/window-source.ts';
import { noSeries } from './group-states.ts';
import type { WindowResult } from './task.ts';

type Series = Pick<Selection, 'count' | 'pairs'>;

/** Rows of groups in the order of their first series that has a value. */
export function groupRows(
  { rows, firsts }: Pick<WindowResult, 'rows' | 'firsts'>,
  steps: number,
  { groups }: Grouping,
): WindowRow[] {
  return [...groups.keys()]
    .filter((group) => firsts![group] !== noSeries)
    .sort((a, b) => firsts![a]! - firsts![b]!)
    .map((group) => ({
      labels: Labels.ofSorted(groups[group]!),
      values: rows.subarray(group * steps, (group + 1) * steps),
    }));
}

/** A row whose labels are made when they are asked for. */
class SeriesRow implements WindowRow {
  readonly values: Float64Array;
  readonly #selection: Series;
  readonly #id: number;
  #labels: Labels | undefined;

  constructor(selection: Series, id: number, values: Float64Array) {
    this.#selection = selection;
    this.#id = id;
    this.values = values;
  }

  get labels(): Labels {
    this.#labels ??= Labels.ofSorted(this.#selection.pairs(this.#id));
    return this.#labels;
  }
}

/** The rows that have a value. */
export function seriesRows(rows: Float64Array, steps: number, selection: Series): WindowRow[] {
  return Array.from(
    idsWithValues(rows, steps, selection.count),
    (id) => new SeriesRow(selection, id, rows.subarray(id * steps, (id + 1) * steps)),
  );
}

/** The same as one, with the group of each row. */
export function matrixOf(
  rows: Float64Array,
  steps: number,
  selection: Series,
  { groups, groupOf }: Grouping,
): WindowMatrix {
  const ids = idsWithValues(rows, steps, selection.count);
  const numbers = new Uint32Array(groups.length).fill(noSeries);
  const groupOfRow = new Uint32Array(ids.length);
  let next = 0;
  ids.forEach((id, row) => {
    const group = groupOf[id]!;
    if (numbers[group] === noSeries) numbers[group] = next++;
    groupOfRow[row] = numbers[group]!;
  });
  return {
    count: ids.length,
    values: rows,
    starts: ids.map((id) => id * steps),
    groupOf: groupOfRow,
    labelsOf: (row) => Labels.ofSorted(selection.pairs(ids[row]!)),
  };
}

function idsWithValues(rows: Float64Array, steps: number, count: number): Uint32Array {
  const ids = new Uint32Array(count);
  const isMissing = staleTester(rows);
  let found = 0;
  for (let id = 0; id < count; id++) {
    let step = id * steps;
    const end = step + steps;
    while (step < end && isMissing(step)) step++;
    if (step < end) ids[found++] = id;
  }
  return ids.subarray(0, found);
}
