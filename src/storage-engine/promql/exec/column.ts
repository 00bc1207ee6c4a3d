import { PromqlExecutionError } from '../plan/execution-error.ts';
import type { FloatHistogram } from './histogram/float-histogram.ts';
import { Labels } from './labels.ts';

/** What a step holds. */
export const absent = 0;
export const float = 1;
export const histogram = 2;

/** One series with a slot for each step. */
export interface Column {
  labels: Labels;
  /** The name is to be dropped at the end of the query (delayed name removal). */
  dropName: boolean;
  /** absent, float or histogram, by step. */
  readonly kinds: Uint8Array;
  readonly floats: Float64Array;
  /** Histograms by step; shared, so never changed in place. */
  histograms: (FloatHistogram | undefined)[] | undefined;
}

export function newColumn(labels: Labels, steps: number, dropName = false): Column {
  return {
    labels,
    dropName,
    kinds: new Uint8Array(steps),
    floats: new Float64Array(steps),
    histograms: undefined,
  };
}

export function setFloat(column: Column, step: number, value: number): void {
  column.kinds[step] = float;
  column.floats[step] = value;
}

export function setHistogram(column: Column, step: number, value: FloatHistogram): void {
  column.kinds[step] = histogram;
  column.histograms ??= new Array<FloatHistogram | undefined>(column.kinds.length).fill(undefined);
  column.histograms[step] = value;
}

/** The histogram of a step that holds one. */
export function histogramAt(column: Column, step: number): FloatHistogram {
  return column.histograms![step]!;
}

/** Copies what one step holds. */
export function copyStep(from: Column, to: Column, step: number): void {
  const kind = from.kinds[step]!;
  if (kind === float) setFloat(to, step, from.floats[step]!);
  else if (kind === histogram) setHistogram(to, step, histogramAt(from, step));
}

export function isEmpty({ kinds }: Column): boolean {
  for (let step = 0; step < kinds.length; step++) if (kinds[step] !== absent) return false;
  return true;
}

/** A column without labels that holds a float at each step. */
export function scalarColumn(steps: number, valueAt: (step: number) => number): Column {
  const column = newColumn(Labels.empty, steps);
  for (let step = 0; step < steps; step++) setFloat(column, step, valueAt(step));
  return column;
}

export const duplicateLabelset = 'vector cannot contain metrics with the same labelset';

/** Joins columns with equal labels; two values at one step are an error. Empty columns go. */
export function mergeEqualLabels(columns: readonly Column[]): Column[] {
  const byKey = new Map<string, Column>();
  for (const column of columns) {
    if (isEmpty(column)) continue;
    const present = byKey.get(column.labels.key);
    if (present === undefined) {
      byKey.set(column.labels.key, column);
      continue;
    }
    const joined: Column = {
      ...present,
      kinds: present.kinds.slice(),
      floats: present.floats.slice(),
      histograms: present.histograms?.slice(),
    };
    for (let step = 0; step < column.kinds.length; step++) {
      if (column.kinds[step] === absent) continue;
      if (joined.kinds[step] !== absent) throw new PromqlExecutionError(duplicateLabelset);
      copyStep(column, joined, step);
    }
    byKey.set(column.labels.key, joined);
  }
  return [...byKey.values()];
}

/** Collects results of single steps into columns by labels. */
export class ColumnBuilder {
  readonly #steps: number;
  readonly #columns = new Map<string, Column>();

  constructor(steps: number) {
    this.#steps = steps;
  }

  /** The column for these labels to write a step of; a step that is written already is an error. */
  at(labels: Labels, step: number, dropName: boolean): Column {
    let column = this.#columns.get(labels.key);
    if (column === undefined) {
      column = newColumn(labels, this.#steps, dropName);
      this.#columns.set(labels.key, column);
    }
    if (column.kinds[step] !== absent) throw new PromqlExecutionError(duplicateLabelset);
    return column;
  }

  get columns(): Column[] {
    return [...this.#columns.values()];
  }
}
