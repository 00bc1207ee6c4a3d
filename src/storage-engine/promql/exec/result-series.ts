import { absent, type Column, float, histogramAt } from './column.ts';
import { type Steps, stepTime } from './context.ts';
import type { FloatHistogram } from './histogram/float-histogram.ts';
import type { Labels } from './labels.ts';
import { setStale, staleTester } from './sample-source.ts';

/** A point of a result: a float or a histogram. */
export interface Point {
  readonly timestampMs: number;
  readonly value: number | FloatHistogram;
}

export interface ResultSeries {
  readonly labels: Labels;
  readonly points: readonly Point[];
  readonly pointCount: number;
  /** Floats by step, a stale marker (read as bits) where there is none; absent where the series has histograms. */
  readonly row?: ResultRow | undefined;
}

export interface ResultRow {
  readonly steps: Steps;
  readonly values: Float64Array;
}

/** A series of a result as the column it was evaluated in; points are made when they are asked for. */
export class ColumnSeries implements ResultSeries {
  readonly labels: Labels;
  readonly #column: Column;
  readonly #steps: Steps;
  #points: readonly Point[] | undefined;

  constructor(column: Column, steps: Steps) {
    this.labels = column.labels;
    this.#column = column;
    this.#steps = steps;
  }

  get points(): readonly Point[] {
    this.#points ??= pointsOf(this.#column, this.#steps);
    return this.#points;
  }

  get pointCount(): number {
    const { kinds } = this.#column;
    let count = 0;
    for (let step = 0; step < kinds.length; step++) if (kinds[step] !== absent) count++;
    return count;
  }

  get row(): ResultRow | undefined {
    const { histograms, kinds, floats } = this.#column;
    if (histograms?.some((each) => each !== undefined)) return undefined;
    const isStale = staleTester(floats);
    let step = 0;
    while (step < kinds.length && (kinds[step] !== absent || isStale(step))) step++;
    if (step === kinds.length) return { steps: this.#steps, values: floats };
    const values = floats.slice();
    for (; step < kinds.length; step++) if (kinds[step] === absent) setStale(values, step);
    return { steps: this.#steps, values };
  }
}

function pointsOf(column: Column, steps: Steps): readonly Point[] {
  const points: Point[] = [];
  for (let step = 0; step < steps.count; step++) {
    if (column.kinds[step] === absent) continue;
    const value = column.kinds[step] === float ? column.floats[step]! : histogramAt(column, step);
    points.push({ timestampMs: stepTime(steps, step), value });
  }
  return points;
}
