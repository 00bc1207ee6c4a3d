import { limits } from '../../../base/limits.ts';
import { PromqlExecutionError } from '../plan/execution-error.ts';
import type { Expr } from '../syntax/ast.ts';
import type { Annotations } from './annotations.ts';
import type { Column } from './column.ts';
import type { SampleSource } from './sample-source.ts';

/** Settings of the engine, named as Prometheus's. */
export interface EngineOptions {
  /** How far back an instant selector looks, in ms. */
  readonly lookbackDeltaMs: number;
  /** Step of subqueries that give none, in ms. */
  readonly defaultStepMs: number;
  /** `promql-delayed-name-removal`. */
  readonly delayedNameRemoval: boolean;
  /** `type-and-unit-labels`. */
  readonly typeAndUnitLabels: boolean;
  /** `use-start-timestamps`. */
  readonly startTimestamps: boolean;
  /** Samples one query may hold at a time. */
  readonly maxSamples: number;
}

/** The steps at which an expression is evaluated: start, start + interval, ... up to end. */
export interface Steps {
  readonly startMs: number;
  readonly endMs: number;
  readonly intervalMs: number;
  readonly count: number;
}

export function stepsOf(startMs: number, endMs: number, intervalMs: number): Steps {
  const count = endMs < startMs ? 0 : Math.floor((endMs - startMs) / intervalMs) + 1;
  return { startMs, endMs, intervalMs, count };
}

export function stepTime(steps: Steps, step: number): number {
  return steps.startMs + step * steps.intervalMs;
}

/** What every part of an evaluation can reach. */
export interface EvalContext {
  readonly steps: Steps;
  readonly options: EngineOptions;
  readonly source: SampleSource;
  readonly annotations: Annotations;
  readonly budget: SampleBudget;
  readonly evaluate: (expr: Expr, context: EvalContext) => Promise<Column[]>;
  /** Throws when the query is canceled. */
  readonly checkCanceled: () => void;
  /** To be awaited now and then, where it is time for other work of the process; else undefined. */
  readonly pause: () => Promise<void> | undefined;
}

/** Counts the samples a query holds. */
export class SampleBudget {
  readonly #limit: number;
  readonly #holdMemory: (bytes: number) => void;
  #used = 0;
  #peak = 0;
  /** Samples that evaluation looked at, one looked at in several steps as often, as Prometheus counts them. */
  queryable = 0;

  /** `holdMemory` hears of memory that is taken for the rest of the query; it throws where that is too much. */
  constructor(limit: number, holdMemory: (bytes: number) => void = () => undefined) {
    this.#limit = limit;
    this.#holdMemory = holdMemory;
  }

  /** Memory of one series at so many steps. */
  holdSteps(steps: number): void {
    this.#holdMemory(steps * limits.stepMemoryBytes);
  }

  /** Most samples held at a time. */
  get peak(): number {
    return this.#peak;
  }

  take(samples: number): void {
    this.#used += samples;
    if (this.#used > this.#peak) this.#peak = this.#used;
    if (this.#used > this.#limit) {
      throw new PromqlExecutionError(
        'query processing would load too many samples into memory in query execution',
      );
    }
  }

  release(samples: number): void {
    this.#used -= samples;
  }
}
