import { walk } from '../../promql/syntax/ast.ts';
import type { PromqlOptions } from '../../promql/syntax/dialect.ts';
import { parseExpr } from '../../promql/syntax/parse.ts';
import { PromqlSyntaxError } from '../../promql/syntax/syntax-error.ts';
import { ApiError } from '../api-error.ts';
import { openEndMs, openStartMs, optionalTimeParam, type Params } from '../params.ts';
import type { Answer } from '../query-api.ts';
import { forwarded, jsonAnswer, type ServerSource, type Text, told, unique } from './merge.ts';

interface Exemplars {
  readonly seriesLabels: Text;
  readonly exemplars: { readonly labels: Text; readonly value: string; readonly timestamp: number }[];
}

/** Exemplars of the expression's selectors, of all servers; undefined where it selects nothing. */
export async function answerExemplars(
  params: Params,
  dialect: PromqlOptions,
  source: ServerSource,
): Promise<Answer | undefined> {
  const startMs = optionalTimeParam(params, 'start', openStartMs);
  const endMs = optionalTimeParam(params, 'end', openEndMs);
  if (endMs < startMs) throw new ApiError('bad_data', 'end timestamp must not be before start timestamp');
  let selectors = 0;
  try {
    walk(parseExpr(params.get('query') ?? '', dialect).expr, ({ kind }) => {
      if (kind === 'vector') selectors++;
    });
  } catch (error) {
    if (error instanceof PromqlSyntaxError) throw new ApiError('bad_data', error.message);
    throw error;
  }
  if (selectors === 0) return undefined;
  const answers = await source.askServers(`api/v1/query_exemplars${forwarded(params)}`);
  const all = answers.flatMap(({ data, external }) =>
    (data as Exemplars[]).map((item) => ({
      ...item,
      seriesLabels: told(item.seriesLabels, external, source),
    })),
  );
  const merged = unique(
    all,
    ({ seriesLabels }) => seriesLabels,
    (a, b) => ({
      seriesLabels: a.seriesLabels,
      exemplars: unique(
        [...a.exemplars, ...b.exemplars],
        (one) => one,
        (first) => first,
      ).sort((x, y) => x.timestamp - y.timestamp),
    }),
  );
  return jsonAnswer(merged);
}
