import type { PromqlOptions } from '../promql/syntax/dialect.ts';
import type { FederatedSource } from '../query/federation.ts';
import { answerLabels, answerLabelValues, answerSeries } from './metadata-api.ts';
import type { Params } from './params.ts';
import {
  type Answer,
  answerFormatQuery,
  answerParseQuery,
  answerQuery,
  answerQueryRange,
} from './query-api.ts';
import {
  answerAlertmanagers,
  answerAlerts,
  answerExemplars,
  answerHeadStatus,
  answerMetadata,
  answerRules,
  answerScrapePools,
  answerTargetMetadata,
  answerTargets,
} from './server-api.ts';

/** One request on its way: its parameters, its source and the end of its patience. */
export interface Call {
  readonly params: Params;
  readonly source: FederatedSource;
  readonly signal: AbortSignal;
  /** Of a label in the path, as it stands there. */
  readonly name: string;
  readonly nowMs: number;
  readonly monotonicMs: () => number;
  readonly arrivedMs: number;
  /** Lets other work of the process run when it is time to. */
  readonly pause: () => Promise<void> | undefined;
}

/** Undefined: there is nothing to say, HTTP 204. */
export type Handler = (call: Call) => Promise<Answer | undefined> | Answer | undefined;

export interface Route {
  readonly pattern: RegExp;
  readonly methods: readonly string[];
  readonly handle: Handler;
}

const form = ['GET', 'OPTIONS', 'POST'];
const read = ['GET', 'OPTIONS'];

/** The paths of Prometheus's HTTP API that are served here, with the methods of each. */
export function apiRoutes({
  dialect,
  version,
}: {
  dialect: PromqlOptions;
  version: string;
}): readonly Route[] {
  const route = (path: string, methods: readonly string[], handle: Handler): Route => ({
    pattern: new RegExp(`^/api/v1/${path}$`),
    methods,
    handle,
  });
  return [
    route('query', form, (call) => answerQuery(call.params, { ...call, dialect })),
    route('query_range', form, (call) => answerQueryRange(call.params, { ...call, dialect })),
    route('query_exemplars', form, ({ params, source }) => answerExemplars(params, dialect, source)),
    route('format_query', form, ({ params }) => answerFormatQuery(params, dialect)),
    route('parse_query', form, ({ params }) => answerParseQuery(params, dialect)),
    route('series', form, ({ params, source }) => answerSeries(params, source)),
    route('labels', form, ({ params, source }) => answerLabels(params, source)),
    route('label/([^/]+)/values', read, ({ name, params, source }) =>
      answerLabelValues(name, params, source),
    ),
    route('metadata', read, ({ params, source }) => answerMetadata(params, source)),
    route('targets', read, ({ params, source }) => answerTargets(params, source)),
    route('targets/metadata', read, ({ params, source }) => answerTargetMetadata(params, source)),
    route('scrape_pools', read, ({ source }) => answerScrapePools(source)),
    route('alertmanagers', read, ({ source }) => answerAlertmanagers(source)),
    route('rules', read, ({ params, source }) => answerRules(params, source)),
    route('alerts', read, ({ source }) => answerAlerts(source)),
    route('status/tsdb', read, ({ params, source }) => answerHeadStatus(params, source)),
    route('status/buildinfo', read, () => buildInfo(version)),
  ];
}

function buildInfo(version: string): Answer {
  const unknown = { revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' };
  return { data: JSON.stringify({ version, ...unknown }), warnings: [], infos: [] };
}
