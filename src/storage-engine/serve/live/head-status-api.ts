import { ApiError } from '../api-error.ts';
import type { Params } from '../params.ts';
import type { Answer } from '../query-api.ts';
import { compare, forwarded, jsonAnswer, type ServerSource } from './merge.ts';

interface Stat {
  readonly name: string;
  readonly value: number;
}
interface HeadStatus {
  readonly headStats: Record<'numSeries' | 'numLabelPairs' | 'chunkCount' | 'minTime' | 'maxTime', number>;
  readonly seriesCountByMetricName: readonly Stat[];
  readonly labelValueCountByLabelName: readonly Stat[];
  readonly memoryInBytesByLabelName: readonly Stat[];
  readonly seriesCountByLabelValuePair: readonly Stat[];
}

/** Cardinality of the heads of all live servers, added up: each reports its own largest. */
export async function answerHeadStatus(params: Params, source: ServerSource): Promise<Answer> {
  const text = params.get('limit') ?? '';
  if (text !== '' && (!/^[+-]?\d+$/.test(text) || Number(text) < 1))
    throw new ApiError('bad_data', 'limit must be a positive number');
  if (Number(text) > 10_000) throw new ApiError('bad_data', 'limit must not exceed 10000');
  const answers = await source.askServers(`api/v1/status/tsdb${forwarded(params)}`);
  const all = answers.map(({ data }) => data as HeadStatus);
  if (all.length === 1) return jsonAnswer(all[0]);
  const heads = all.map(({ headStats }) => headStats);
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const added = (pick: (status: HeadStatus) => readonly Stat[]): Stat[] => {
    const totals = new Map<string, number>();
    for (const { name, value } of all.flatMap(pick)) totals.set(name, (totals.get(name) ?? 0) + value);
    return [...totals]
      .map(([name, value]) => ({ name, value }))
      .sort((a, b) => b.value - a.value || compare(a.name, b.name))
      .slice(0, text === '' ? 10 : Number(text));
  };
  return jsonAnswer({
    headStats: {
      numSeries: sum(heads.map(({ numSeries }) => numSeries)),
      numLabelPairs: sum(heads.map(({ numLabelPairs }) => numLabelPairs)),
      chunkCount: sum(heads.map(({ chunkCount }) => chunkCount)),
      minTime: heads.length === 0 ? 0 : Math.min(...heads.map(({ minTime }) => minTime)),
      maxTime: heads.length === 0 ? 0 : Math.max(...heads.map(({ maxTime }) => maxTime)),
    },
    seriesCountByMetricName: added((status) => status.seriesCountByMetricName),
    labelValueCountByLabelName: added((status) => status.labelValueCountByLabelName),
    memoryInBytesByLabelName: added((status) => status.memoryInBytesByLabelName),
    seriesCountByLabelValuePair: added((status) => status.seriesCountByLabelValuePair),
  });
}
