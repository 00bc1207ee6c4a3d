import { PromqlExecutionError } from '../plan/execution-error.ts';
import { prepareExpr } from '../plan/prepare.ts';
import { type Expr, typeOf } from '../syntax/ast.ts';
import type { PromqlOptions } from '../syntax/dialect.ts';
import { parseExprAgain } from '../syntax/parse-cache.ts';
import { type Annotation, Annotations } from './annotations.ts';
import { type Column, duplicateLabelset, isEmpty, mergeEqualLabels } from './column.ts';
import { type EngineOptions, type EvalContext, SampleBudget, type Steps, stepsOf } from './context.ts';
import { rangeSeries } from './eval-range.ts';
import { evalText } from './eval-windows.ts';
import { evaluate } from './evaluator.ts';
import { extendedPoints } from './functions/extended-rate.ts';
import { moveWindow, startWindow } from './range-series.ts';
import { ColumnSeries, type Point, type ResultSeries } from './result-series.ts';
import type { SampleSource } from './sample-source.ts';
import type { WindowText } from './window-source.ts';

export const defaultEngineOptions: EngineOptions = {
  lookbackDeltaMs: 5 * 60_000,
  defaultStepMs: 60_000,
  delayedNameRemoval: false,
  typeAndUnitLabels: false,
  startTimestamps: false,
  maxSamples: 50_000_000,
};

export type QueryValue =
  | { readonly type: 'scalar'; readonly timestampMs: number; readonly value: number }
  | { readonly type: 'string'; readonly timestampMs: number; readonly value: string }
  | { readonly type: 'vector'; readonly series: readonly ResultSeries[] }
  | { readonly type: 'matrix'; readonly series: readonly ResultSeries[] };

export interface QueryResult {
  readonly value: QueryValue;
  readonly annotations: readonly Annotation[];
  /** Texts with positions. */
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  readonly samples: { readonly queryable: number; readonly peak: number };
  /** The series as text, where that was asked for and the source wrote it; those of `value` are none then. */
  readonly text?: WindowText;
}

export interface QueryRequest {
  readonly query: string;
  readonly source: SampleSource;
  readonly options?: Partial<EngineOptions>;
  readonly dialect?: PromqlOptions;
  readonly signal?: AbortSignal;
  /** Asked between series; a promise lets other work of the process run. */
  readonly pause?: () => Promise<void> | undefined;
  /** The result may come as text. */
  readonly wantsText?: boolean;
  /** Hears of memory, in bytes, that evaluation holds until its end; throws where that is too much. */
  readonly holdMemory?: (bytes: number) => void;
}

/** Evaluates a query at one time. Throws PromqlSyntaxError and PromqlExecutionError. */
export async function queryInstant(
  request: QueryRequest & { readonly timeMs: number },
): Promise<QueryResult> {
  const { query, timeMs } = request;
  const { expr } = parseExprAgain(query, request.dialect);
  const prepared = prepareExpr(query, expr, { startMs: timeMs, endMs: timeMs, stepMs: 0 });
  const context = contextOf(request, stepsOf(timeMs, timeMs, 1));
  const { value, text } = await instantValue(prepared, context, request.wantsText === true);
  return resultOf(request, context, value, text);
}

async function instantValue(
  expr: Expr,
  context: EvalContext,
  wantsText: boolean,
): Promise<{ value: QueryValue; text?: WindowText }> {
  const timestampMs = context.steps.startMs;
  if (expr.kind === 'string') return { value: { type: 'string', timestampMs, value: expr.value } };
  if (expr.kind === 'matrix' || expr.kind === 'subquery')
    return { value: { type: 'matrix', series: await rangeResult(expr, context) } };
  const found = await evaluated(expr, context, wantsText, true);
  if ('text' in found) return { value: { type: 'vector', series: [] }, text: found.text };
  return { value: vectorValue(expr, finish(found.columns, context), context) };
}

async function evaluated(expr: Expr, context: EvalContext, wantsText: boolean, isVector: boolean) {
  return wantsText ? evalText(expr, context, isVector) : { columns: await evaluate(expr, context) };
}

function vectorValue(expr: Expr, columns: Column[], context: EvalContext): QueryValue {
  const timestampMs = context.steps.startMs;
  if (typeOf(expr) === 'scalar') return { type: 'scalar', timestampMs, value: columns[0]!.floats[0]! };
  return { type: 'vector', series: columns.map((column) => new ColumnSeries(column, context.steps)) };
}

/** Evaluates a query at each step from start to end. */
export async function queryRange(
  request: QueryRequest & { readonly startMs: number; readonly endMs: number; readonly stepMs: number },
): Promise<QueryResult> {
  const { query, startMs, endMs, stepMs } = request;
  const { expr } = parseExprAgain(query, request.dialect);
  const type = typeOf(expr);
  if (type !== 'vector' && type !== 'scalar') {
    const seen = type === 'matrix' ? 'range vector' : type;
    throw new PromqlExecutionError(
      `invalid expression type "${seen}" for range query, must be Scalar or instant Vector`,
    );
  }
  const prepared = prepareExpr(query, expr, { startMs, endMs, stepMs });
  const context = contextOf(request, stepsOf(startMs, endMs, stepMs));
  const found = await evaluated(prepared, context, request.wantsText === true, false);
  if ('text' in found) return resultOf(request, context, { type: 'matrix', series: [] }, found.text);
  const columns = finish(found.columns, context);
  columns.sort((a, b) => a.labels.compare(b.labels));
  return resultOf(request, context, {
    type: 'matrix',
    // Sorting leaves series that lost all their values.
    series: columns
      .filter((column) => !isEmpty(column))
      .map((column) => new ColumnSeries(column, context.steps)),
  });
}

function contextOf(request: QueryRequest, steps: Steps): EvalContext {
  const options = { ...defaultEngineOptions, ...request.options };
  return {
    steps,
    options,
    source: request.source,
    annotations: new Annotations(),
    budget: new SampleBudget(options.maxSamples, request.holdMemory),
    evaluate,
    pause: request.pause ?? (() => undefined),
    checkCanceled: () => {
      if (request.signal?.aborted)
        throw new PromqlExecutionError('query was canceled in expression evaluation');
    },
  };
}

function resultOf(
  { query }: QueryRequest,
  { annotations, budget }: EvalContext,
  value: QueryValue,
  text?: WindowText,
): QueryResult {
  return {
    ...(text !== undefined && { text }),
    samples: { queryable: budget.queryable, peak: budget.peak },
    value,
    annotations: annotations.all,
    warnings: annotations.texts('warning', query),
    infos: annotations.texts('info', query),
  };
}

/** Drops the names that were kept until the end. */
function finish(columns: Column[], context: EvalContext): Column[] {
  if (!context.options.delayedNameRemoval) return columns;
  return mergeEqualLabels(
    columns.map((column) =>
      column.dropName ? { ...column, labels: column.labels.withoutMetadata() } : column,
    ),
  );
}

/** The samples that a range selector or subquery holds at one time. */
async function rangeResult(
  expr: Expr & { kind: 'matrix' | 'subquery' },
  context: EvalContext,
): Promise<ResultSeries[]> {
  const reference = expr.kind === 'matrix' ? expr.vector : expr;
  const endMs = (reference.timestampMs ?? context.steps.startMs) - reference.offsetMs;
  const results: ResultSeries[] = [];
  for (const series of await rangeSeries(expr, context)) {
    const window = startWindow(series);
    const mode = expr.kind === 'matrix' ? expr.vector.rangeMode : undefined;
    const startMs = endMs - expr.rangeMs;
    const wider = mode === undefined ? 0 : context.options.lookbackDeltaMs;
    moveWindow(window, startMs - wider, endMs + (mode === 'smoothed' ? wider : 0));
    const points: Point[] = [];
    if (mode !== undefined) {
      if (window.hHigh > window.hLow) {
        throw new PromqlExecutionError(`${mode} modifier is not supported with histograms`);
      }
      points.push(...extendedPoints(window, { startMs, endMs }, mode === 'smoothed'));
    } else {
      for (let i = window.fLow; i < window.fHigh; i++) {
        points.push({ timestampMs: series.floatTimes[i]!, value: series.floats[i]! });
      }
    }
    for (let i = window.hLow; i < window.hHigh; i++) {
      points.push({ timestampMs: series.histogramTimes[i]!, value: series.histograms[i]! });
    }
    points.sort((a, b) => a.timestampMs - b.timestampMs);
    const drops = series.dropName && context.options.delayedNameRemoval;
    if (points.length > 0)
      results.push({
        labels: drops ? series.labels.withoutMetadata() : series.labels,
        points,
        pointCount: points.length,
      });
  }
  results.sort((a, b) => a.labels.compare(b.labels));
  for (const [i, series] of results.entries()) {
    if (i > 0 && series.labels.key === results[i - 1]!.labels.key)
      throw new PromqlExecutionError(duplicateLabelset);
  }
  return results;
}
