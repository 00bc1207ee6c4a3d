import { defaultEngineOptions } from '../promql/exec/engine.ts';
import type { SelectHints } from '../promql/exec/sample-source.ts';
import { PromqlExecutionError } from '../promql/plan/execution-error.ts';
import { hotWindow } from '../promql/plan/hot-window.ts';
import { prepareExpr } from '../promql/plan/prepare.ts';
import { type EvaluationTimes, selectionTimes } from '../promql/plan/selection-times.ts';
import { isStepInvariant } from '../promql/plan/step-invariant.ts';
import { childrenOf, type Expr, type LabelMatcher, typeOf } from '../promql/syntax/ast.ts';
import type { PromqlOptions } from '../promql/syntax/dialect.ts';
import { parseExpr } from '../promql/syntax/parse.ts';
import { aggregateHead, operatorText, printExpr } from '../promql/syntax/print.ts';
import { PromqlSyntaxError } from '../promql/syntax/syntax-error.ts';
import type { SelectionEstimate } from '../query/source-description.ts';
import { ApiError, invalidParameter } from './api-error.ts';
import { jsonAnswer } from './live/merge.ts';
import { durationParam, optionalDurationParam, optionalTimeParam, type Params } from './params.ts';
import type { TextAnswer } from './query-api.ts';

/** What can tell what a selection would read. */
export interface EstimateSource {
  estimate(matchers: readonly LabelMatcher[], hints: SelectHints): Promise<readonly SelectionEstimate[]>;
}

export interface PlanNode {
  readonly node: string;
  readonly text: string;
  /** Evaluated once and used for all steps. */
  readonly once?: true;
  /** Evaluated with what stands below it in one pass of a kernel, where the data are floats in blocks. */
  readonly kernel?: true;
  readonly children?: readonly PlanNode[];
  readonly selection?: {
    readonly start: number;
    readonly end: number;
    readonly sources: readonly SelectionEstimate[];
  };
}

export interface Explanation {
  readonly query: string;
  readonly resultType: string;
  readonly start: number;
  readonly end: number;
  readonly step: number;
  readonly steps: number;
  readonly plan: PlanNode;
  readonly totals: { readonly series: number; readonly chunks: number; readonly sizeBytes: number };
}

/** `explain`: how a query would be answered, with what each selector would read from each source; nothing is evaluated. */
export async function answerExplain(
  params: Params,
  ports: { readonly source: EstimateSource; readonly dialect: PromqlOptions; readonly nowMs: number },
): Promise<TextAnswer> {
  const timeMs = optionalTimeParam(params, 'time', ports.nowMs);
  const isRange = params.has('start') || params.has('end');
  const startMs = isRange ? optionalTimeParam(params, 'start', timeMs) : timeMs;
  const endMs = isRange ? optionalTimeParam(params, 'end', ports.nowMs) : timeMs;
  if (endMs < startMs) throw invalidParameter('end', 'end timestamp must not be before start time');
  const stepMs = isRange ? Math.trunc(durationParam(params, 'step')) : 0;
  if (isRange && stepMs <= 0) throw invalidParameter('step', 'a positive step is needed');
  const lookbackMs = optionalDurationParam(params, 'lookback_delta') ?? defaultEngineOptions.lookbackDeltaMs;
  const query = params.get('query') ?? '';
  return jsonAnswer(await explain(query, { startMs, endMs, stepMs, lookbackMs }, ports));
}

export async function explain(
  query: string,
  times: EvaluationTimes & { readonly stepMs: number; readonly lookbackMs: number },
  { source, dialect }: { readonly source: EstimateSource; readonly dialect: PromqlOptions },
): Promise<Explanation> {
  const { startMs, endMs, stepMs, lookbackMs } = times;
  const expr = prepared(query, dialect, times);
  const selections = selectionTimes(
    expr,
    times,
    lookbackMs > 0 ? lookbackMs : defaultEngineOptions.lookbackDeltaMs,
  );
  const estimates = new Map<Expr, PlanNode['selection']>();
  const totals = { series: 0, chunks: 0, sizeBytes: 0 };
  for (const { vector, ...hints } of selections) {
    const sources = await source.estimate(vector.matchers, hints);
    for (const { series, chunks = 0, sizeBytes = 0 } of sources) {
      totals.series += series;
      totals.chunks += chunks;
      totals.sizeBytes += sizeBytes;
    }
    estimates.set(vector, { start: hints.startMs / 1000, end: hints.endMs / 1000, sources });
  }
  return {
    query: printExpr(expr),
    resultType: typeOf(expr),
    start: startMs / 1000,
    end: endMs / 1000,
    step: stepMs / 1000,
    steps: stepMs === 0 ? 1 : Math.floor((endMs - startMs) / stepMs) + 1,
    plan: planNode(expr, estimates, startMs !== endMs),
    totals,
  };
}

function prepared(
  query: string,
  dialect: PromqlOptions,
  times: { startMs: number; endMs: number; stepMs: number },
): Expr {
  try {
    return prepareExpr(query, parseExpr(query, dialect).expr, times);
  } catch (error) {
    if (error instanceof PromqlSyntaxError) throw invalidParameter('query', error.message);
    if (error instanceof PromqlExecutionError) throw new ApiError('execution', error.message);
    throw error;
  }
}

function planNode(
  expr: Expr,
  estimates: ReadonlyMap<Expr, PlanNode['selection']>,
  isRange: boolean,
  isInside = false,
): PlanNode {
  const selection = estimates.get(expr.kind === 'matrix' ? expr.vector : expr);
  const children = expr.kind === 'matrix' ? [] : childrenOf(expr);
  const isLeaf = expr.kind === 'number' || expr.kind === 'string';
  const isHot = hotWindow(expr) !== undefined;
  return {
    node: expr.kind,
    text: headOf(expr),
    ...(isRange && !isLeaf && isStepInvariant(expr) && { once: true as const }),
    ...(isHot && !isInside && { kernel: true as const }),
    ...(selection !== undefined && { selection }),
    ...(children.length > 0 && {
      children: children.map((child) => planNode(child, estimates, isRange, isHot || isInside)),
    }),
  };
}

/** What a node does, without what stands below it. */
function headOf(expr: Expr): string {
  switch (expr.kind) {
    case 'aggregate':
      return aggregateHead(expr);
    case 'binary':
      return operatorText(expr);
    case 'call':
      return expr.func.name;
    case 'unary':
      return expr.op;
    case 'subquery':
      return `[${expr.rangeMs / 1000}s:${expr.stepMs === 0 ? '' : `${expr.stepMs / 1000}s`}]`;
    default:
      return printExpr(expr);
  }
}
