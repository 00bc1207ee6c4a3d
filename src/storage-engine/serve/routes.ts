import type { IncomingHttpHeaders } from 'node:http';
import { limits } from '../../base/limits.ts';
import type { PromqlOptions } from '../promql/syntax/dialect.ts';
import type { FederatedSource } from '../query/federation.ts';
import type { QueryBudget } from '../query/query-budget.ts';
import { answerExplain } from './explain-api.ts';
import { answerFederate } from './federate/federate.ts';
import { answerExemplars } from './live/exemplars-api.ts';
import { answerHeadStatus } from './live/head-status-api.ts';
import { answerAlerts, answerRules } from './live/rules-api.ts';
import {
  answerAlertmanagers,
  answerMetadata,
  answerScrapePools,
  answerTargetMetadata,
  answerTargets,
} from './live/targets-api.ts';
import { answerLabels, answerLabelValues, answerSeries } from './metadata-api.ts';
import type { Params } from './params.ts';
import {
  type Answer,
  answerFormatQuery,
  answerParseQuery,
  answerQuery,
  answerQueryRange,
  type QueryCache,
} from './query-api.ts';
import type { RawAnswer } from './raw-answer.ts';
import { answerRemoteRead } from './remote-read/remote-read-api.ts';
import {
  answerBuildInfo,
  answerConfig,
  answerFlags,
  answerRuntimeInfo,
  answerSources,
  type ServerFacts,
} from './status-api.ts';

/** One request on its way: its parameters, its source and the end of its patience. */
export interface Call {
  readonly params: Params;
  readonly source: FederatedSource;
  readonly signal: AbortSignal;
  readonly budget: QueryBudget;
  readonly cache?: QueryCache;
  readonly headers: IncomingHttpHeaders;
  /** Of a route that takes a body of its own; else empty. */
  readonly body: Buffer;
  /** Of a label in the path, as it stands there. */
  readonly name: string;
  readonly nowMs: number;
  readonly monotonicMs: () => number;
  readonly arrivedMs: number;
  /** Lets other work of the process run when it is time to. */
  readonly pause: () => Promise<void> | undefined;
}

/** Undefined: there is nothing to say, HTTP 204. */
export type Handler = (call: Call) => Promise<Said> | Said;
type Said = Answer | RawAnswer | undefined;

export interface Route {
  readonly pattern: RegExp;
  readonly methods: readonly string[];
  readonly handle: Handler;
  /** Its path without the prefix, for metrics and the log. */
  readonly name: string;
  /** Small work that does not wait for its turn. */
  readonly isSmall?: true;
  /** Largest body, where it is no form. */
  readonly bodyBytes?: number;
  /** Errors are plain texts, as Prometheus's are outside of its JSON API. */
  readonly plainErrors?: true;
  /** What stands for an absent `partial_response`. */
  readonly partialResponse?: 'true' | 'false';
}

const form = ['GET', 'OPTIONS', 'POST'];
const read = ['GET', 'OPTIONS'];

/** The paths of Prometheus's HTTP API that are served here, with the methods of each. */
export function apiRoutes({
  dialect,
  facts,
  memoryBytes,
}: {
  readonly dialect: PromqlOptions;
  readonly facts: ServerFacts;
  readonly memoryBytes?: number;
}): readonly Route[] {
  const route = (path: string, methods: readonly string[], handle: Handler): Route => ({
    pattern: new RegExp(`^/api/v1/${path}$`),
    name: path.replace('([^/]+)', ':name'),
    methods,
    handle,
  });
  const small = (path: string, methods: readonly string[], handle: Handler): Route => ({
    ...route(path, methods, handle),
    isSmall: true,
  });
  return [
    route('query', form, (call) => answerQuery(call.params, { ...call, dialect })),
    route('query_range', form, (call) => answerQueryRange(call.params, { ...call, dialect })),
    route('query_exemplars', form, ({ params, source }) => answerExemplars(params, dialect, source)),
    small('format_query', form, ({ params }) => answerFormatQuery(params, dialect)),
    small('parse_query', form, ({ params }) => answerParseQuery(params, dialect)),
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
    small('status/buildinfo', read, () => answerBuildInfo(facts)),
    small('status/flags', read, () => answerFlags(facts)),
    small('status/config', read, ({ source }) => answerConfig(source.liveSources)),
    small('status/runtimeinfo', read, ({ nowMs }) => answerRuntimeInfo(facts, nowMs, memoryBytes)),
    route('explain', form, ({ params, source, nowMs }) => answerExplain(params, { source, dialect, nowMs })),
    small('sources', read, ({ source }) => answerSources(source)),
    {
      ...route('read', ['OPTIONS', 'POST'], (call) => answerRemoteRead(call)),
      bodyBytes: limits.remoteReadRequestBytes,
      plainErrors: true,
      // A reader by remote read hears of no warnings, and may keep what it was given as the whole.
      partialResponse: 'false',
    },
    {
      pattern: /^\/federate$/,
      name: 'federate',
      methods: ['GET', 'OPTIONS'],
      handle: (call) => answerFederate(call),
      plainErrors: true,
    },
  ];
}
