import { type QueryResult, type QueryValue, queryInstant, queryRange } from '../promql/exec/engine.ts';
import type { SampleSource } from '../promql/exec/sample-source.ts';
import { PromqlExecutionError } from '../promql/plan/execution-error.ts';
import type { PromqlOptions } from '../promql/syntax/dialect.ts';
import { parseExpr } from '../promql/syntax/parse.ts';
import { prettyExpr } from '../promql/syntax/pretty.ts';
import { PromqlSyntaxError } from '../promql/syntax/syntax-error.ts';
import { ApiError, invalidParameter } from './api-error.ts';
import { jsonQueryData, jsonText } from './json-text.ts';
import {
  durationParam,
  limitParam,
  optionalDurationParam,
  optionalTimeParam,
  type Params,
  timeParam,
} from './params.ts';

/** JSON of `data` and what is said beside it. */
export interface Answer {
  readonly data: string;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

/** What a query needs beside its parameters. */
export interface QueryPorts {
  readonly source: SampleSource;
  readonly dialect: PromqlOptions;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

const maxPoints = 11_000;
const truncated = 'results truncated due to limit';

export function answerQuery(params: Params, ports: QueryPorts): Promise<Answer> {
  const limit = limitParam(params);
  const timeMs = optionalTimeParam(params, 'time', ports.nowMs);
  return evaluated(limit, () => queryInstant({ ...request(params, ports), timeMs }));
}

export function answerQueryRange(params: Params, ports: QueryPorts): Promise<Answer> {
  const limit = limitParam(params);
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
  return evaluated(limit, () =>
    queryRange({ ...request(params, ports), startMs, endMs, stepMs: Math.max(1, Math.trunc(stepMs)) }),
  );
}

export function answerFormatQuery(params: Params, dialect: PromqlOptions): Answer {
  return { data: jsonText(prettyExpr(parsed(params.get('query') ?? '', dialect))), warnings: [], infos: [] };
}

function parsed(query: string, dialect: PromqlOptions) {
  try {
    return parseExpr(query, dialect).expr;
  } catch (error) {
    throw asApiError(error);
  }
}

function request(params: Params, { source, dialect, signal }: QueryPorts) {
  const lookbackDeltaMs = optionalDurationParam(params, 'lookback_delta');
  return {
    query: params.get('query') ?? '',
    source,
    dialect,
    signal,
    ...(lookbackDeltaMs !== undefined && lookbackDeltaMs > 0 && { options: { lookbackDeltaMs } }),
  };
}

async function evaluated(limit: number, evaluate: () => Promise<QueryResult>): Promise<Answer> {
  let result: QueryResult;
  try {
    result = await evaluate();
  } catch (error) {
    throw asApiError(error);
  }
  const cut = limit > 0 && 'series' in result.value && result.value.series.length > limit;
  const value = cut
    ? ({
        ...result.value,
        series: (result.value as { series: readonly unknown[] }).series.slice(0, limit),
      } as QueryValue)
    : result.value;
  return {
    data: jsonQueryData(value),
    warnings: cut ? [...result.warnings, truncated] : result.warnings,
    infos: result.infos,
  };
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
