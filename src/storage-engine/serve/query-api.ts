import { limits } from '../../base/limits.ts';
import { countReads, type ReadCounts } from '../bucket/read-counts.ts';
import { jsonText } from '../format/json-text.ts';
import {
  defaultEngineOptions,
  type QueryResult,
  type QueryValue,
  queryInstant,
  queryRange,
} from '../promql/exec/engine.ts';
import type { SampleSource } from '../promql/exec/sample-source.ts';
import { PromqlExecutionError } from '../promql/plan/execution-error.ts';
import type { PromqlOptions } from '../promql/syntax/dialect.ts';
import { goQuote } from '../promql/syntax/go-format.ts';
import { parseExpr } from '../promql/syntax/parse.ts';
import { parseExprAgain } from '../promql/syntax/parse-cache.ts';
import { prettyExpr } from '../promql/syntax/pretty.ts';
import { PromqlSyntaxError } from '../promql/syntax/syntax-error.ts';
import type { QueryBudget } from '../query/query-budget.ts';
import { ApiError, invalidParameter } from './api-error.ts';
import { jsonExpr } from './ast-json.ts';
import { jsonQueryData } from './json-text.ts';
import {
  durationParam,
  limitParam,
  optionalDurationParam,
  optionalTimeParam,
  type Params,
  timeParam,
} from './params.ts';

import { type StepReach, stepReach } from './range-cache/cached-window.ts';
import type { RangeCache } from './range-cache/range-cache.ts';

/** JSON of `data` and what is said beside it. */
export interface Answer {
  /** Text, or UTF-8 in parts as they are made. */
  readonly data: string | Iterable<Uint8Array>;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  /** Called once `data` is sent: its memory may be written anew. */
  readonly release?: () => void;
}

/** An answer whose `data` is one text. */
export interface TextAnswer extends Answer {
  readonly data: string;
}

/** What a query needs beside its parameters. */
export interface QueryPorts {
  readonly source: SampleSource;
  readonly dialect: PromqlOptions;
  readonly nowMs: number;
  readonly monotonicMs: () => number;
  /** `monotonicMs` when the request came. */
  readonly arrivedMs: number;
  readonly signal: AbortSignal;
  readonly pause: () => Promise<void> | undefined;
  readonly budget: QueryBudget;
  readonly cache?: QueryCache;
}

/** The cache of range queries as one request sees it. */
export interface QueryCache {
  readonly entries: RangeCache;
  /** What beside the query decides its answer: tenant, labels of replicas. */
  readonly identity: readonly unknown[];
  readonly stateOf: (startMs: number, endMs: number) => Promise<string | undefined>;
  readonly isPartial: () => boolean;
}

const maxPoints = 11_000;
const truncated = 'results truncated due to limit';

export function answerQuery(params: Params, ports: QueryPorts): Promise<Answer> {
  limitParam(params);
  const timeMs = optionalTimeParam(params, 'time', ports.nowMs);
  return evaluated(params, ports, () => queryInstant({ ...request(params, ports), timeMs }));
}

export function answerQueryRange(params: Params, ports: QueryPorts): Promise<Answer> {
  limitParam(params);
  const startMs = timeParam(params, 'start');
  const endMs = timeParam(params, 'end');
  if (endMs < startMs) throw invalidParameter('end', 'end timestamp must not be before start time');
  const stepMs = durationParam(params, 'step');
  if (stepMs <= 0)
    throw invalidParameter(
      'step',
      'zero or negative query resolution step widths are not accepted. Try a positive integer',
    );
  if ((endMs - startMs) / stepMs > maxPoints) {
    throw new ApiError(
      'bad_data',
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    );
  }
  const times = { startMs, endMs, stepMs: Math.max(1, Math.trunc(stepMs)) };
  return evaluated(params, ports, () => cachedRange(params, ports, times));
}

/** The range query by way of the cache, where there is one and the query can be kept. */
function cachedRange(
  params: Params,
  ports: QueryPorts,
  times: { readonly startMs: number; readonly endMs: number; readonly stepMs: number },
): Promise<QueryResult> {
  const { cache, dialect, nowMs, monotonicMs } = ports;
  const asked = request(params, ports);
  const evaluate = (startMs: number, endMs: number) =>
    queryRange({ ...asked, wantsText: false, startMs, endMs, stepMs: times.stepMs });
  const evaluateWhole = () => queryRange({ ...asked, ...times });
  // Statistics tell of an evaluation.
  if (cache === undefined || (params.get('stats') ?? '') !== '') return evaluateWhole();
  const lookbackMs = asked.options.lookbackDeltaMs ?? defaultEngineOptions.lookbackDeltaMs;
  const { query } = asked;
  let reach: StepReach | undefined;
  try {
    reach = stepReach(query, parseExprAgain(query, dialect).expr, lookbackMs, times.stepMs);
  } catch (error) {
    // The evaluation fails in the same way, and tells it.
    if (!(error instanceof PromqlSyntaxError)) throw error;
  }
  if (reach === undefined) return evaluateWhole();
  return cache.entries.run({
    ...times,
    reach,
    evaluate,
    evaluateText: evaluateWhole,
    identity: [...cache.identity, query, lookbackMs, dialect],
    freshMs: nowMs - limits.rangeCacheFreshMs,
    monotonicMs: monotonicMs(),
    stateOf: cache.stateOf,
    isPartial: cache.isPartial,
  });
}

export function answerFormatQuery(params: Params, dialect: PromqlOptions): Answer {
  return { data: jsonText(prettyExpr(parsed(params.get('query') ?? '', dialect))), warnings: [], infos: [] };
}

export function answerParseQuery(params: Params, dialect: PromqlOptions): Answer {
  return { data: jsonExpr(parsed(params.get('query') ?? '', dialect)), warnings: [], infos: [] };
}

function parsed(query: string, dialect: PromqlOptions) {
  try {
    return parseExpr(query, dialect).expr;
  } catch (error) {
    throw asApiError(error);
  }
}

function lookbackParam(params: Params): number | undefined {
  try {
    return optionalDurationParam(params, 'lookback_delta');
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const reason = error.message.replace(/^invalid parameter "lookback_delta": /, '');
    throw new ApiError('bad_data', `error parsing lookback delta duration: ${reason}`);
  }
}

function request(params: Params, { source, dialect, signal, pause, budget }: QueryPorts) {
  const lookbackDeltaMs = lookbackParam(params);
  return {
    query: params.get('query') ?? '',
    source,
    dialect,
    signal,
    pause,
    // A limit counts series.
    wantsText: limitParam(params) === 0,
    holdMemory: (bytes: number) => budget.take({ bytes }),
    options: {
      maxSamples: budget.maxSamples,
      ...(lookbackDeltaMs !== undefined && lookbackDeltaMs > 0 && { lookbackDeltaMs }),
    },
  };
}

async function evaluated(
  params: Params,
  ports: QueryPorts,
  evaluate: () => Promise<QueryResult>,
): Promise<Answer> {
  const limit = limitParam(params);
  const startedMs = ports.monotonicMs();
  const reads = { requests: 0, bytes: 0 };
  let result: QueryResult;
  try {
    result = await countReads(reads, evaluate);
  } catch (error) {
    // Whatever the end of the query's time made fail: it is over because of that.
    ports.signal.throwIfAborted();
    throw asApiError(error);
  }
  const cut = limit > 0 && 'series' in result.value && result.value.series.length > limit;
  const value = cut
    ? ({
        ...result.value,
        series: (result.value as { series: readonly unknown[] }).series.slice(0, limit),
      } as QueryValue)
    : result.value;
  ports.budget.take({ bytes: samplesOf(value) * limits.resultSampleMemoryBytes });
  return {
    data: jsonQueryData(value, statsOf(params, ports, startedMs, result, reads), result.text?.parts),
    warnings: [...result.warnings, ...(cut ? [truncated] : []), ...statsWarning(params)],
    infos: result.infos,
    ...(result.text !== undefined && { release: () => result.text?.release() }),
  };
}

function samplesOf(value: QueryValue): number {
  return 'series' in value ? value.series.reduce((sum, { pointCount }) => sum + pointCount, 0) : 1;
}

/** Prometheus's statistics of a query, where they are asked for: seconds and samples. */
function statsOf(
  params: Params,
  { monotonicMs, arrivedMs }: QueryPorts,
  startedMs: number,
  { samples }: QueryResult,
  reads: ReadCounts,
): string | undefined {
  if ((params.get('stats') ?? '') === '') return undefined;
  const endedMs = monotonicMs();
  const evaluation = (endedMs - startedMs) / 1000;
  const timings = {
    evalTotalTime: evaluation,
    resultSortTime: 0,
    queryPreparationTime: 0,
    innerEvalTime: evaluation,
    execQueueTime: (startedMs - arrivedMs) / 1000,
    execTotalTime: (endedMs - arrivedMs) / 1000,
  };
  const { queryable, peak } = samples;
  return JSON.stringify({
    timings,
    samples: { totalQueryableSamples: queryable, samplesRead: queryable, peakSamples: peak },
    // Prometheus has no store behind it and nothing to say here.
    ...(reads.requests > 0 && { bucket: reads }),
  });
}

function statsWarning(params: Params): string[] {
  const stats = params.get('stats') ?? '';
  if (['', 'true', 'all'].includes(stats)) return [];
  return [
    `value ${goQuote(stats)} for parameter "stats" is deprecated and will be rejected in the next major release, use "true" or "all"`,
  ];
}

/** A parse error is a fault of the parameter, an evaluation's one of the execution; others pass. */
function asApiError(error: unknown): unknown {
  if (error instanceof PromqlSyntaxError) return invalidParameter('query', error.message);
  // The type of a range query's expression is checked before it is run.
  if (error instanceof PromqlExecutionError && error.message.startsWith('invalid expression type'))
    return invalidParameter('query', error.message);
  if (error instanceof PromqlExecutionError) return new ApiError('execution', error.message);
  return error;
}
