import { availableParallelism, hostname } from 'node:os';
import { dump } from 'js-yaml';
import type { FederatedSource } from '../query/federation.ts';
import { jsonAnswer } from './live/merge.ts';
import type { Answer } from './query-api.ts';

/** What the process is and how it was started. */
export interface ServerFacts {
  readonly version: string;
  readonly startedMs: number;
  /** Options by name, as they are in force; nothing secret in them. */
  readonly flags: Readonly<Record<string, string>>;
}

/** The PromQL release that is served. */
export function answerBuildInfo({ version }: ServerFacts): Answer {
  return jsonAnswer({ version, revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' });
}

export function answerFlags({ flags }: ServerFacts): Answer {
  return jsonAnswer(Object.fromEntries(Object.entries(flags).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** A configuration as Prometheus would write it: no external labels of its own, live servers as remote reads. */
export function answerConfig(sources: readonly string[]): Answer {
  const config = {
    global: {
      scrape_interval: '1m',
      scrape_timeout: '10s',
      evaluation_interval: '1m',
      external_labels: {},
    },
    ...(sources.length > 0 && {
      remote_read: sources.map((url) => ({ url: `${url}api/v1/read`, read_recent: true })),
    }),
  };
  return jsonAnswer({ yaml: dump(config) });
}

/** Members that mean something to Go programs only stay empty. */
export function answerRuntimeInfo(
  facts: ServerFacts,
  nowMs: number,
  memoryBytes: number | undefined,
): Answer {
  const startTime = new Date(facts.startedMs).toISOString();
  return jsonAnswer({
    startTime,
    CWD: process.cwd(),
    hostname: hostname(),
    serverTime: new Date(nowMs).toISOString(),
    reloadConfigSuccess: true,
    lastConfigTime: startTime,
    corruptionCount: 0,
    goroutineCount: 0,
    GOMAXPROCS: availableParallelism(),
    GOMEMLIMIT: memoryBytes ?? 0,
    GOGC: '',
    GODEBUG: '',
    storageRetention: '',
  });
}

const seconds = (ms: number | undefined) => (ms === undefined ? undefined : ms / 1000);
const date = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());

/** Each source: whether it answers, how it answered so far, and what it holds. */
export async function answerSources(source: FederatedSource): Promise<Answer> {
  const all = await source.describe();
  return jsonAnswer({
    sources: all.map(({ name, description, error, record }) => ({
      name,
      kind: description?.kind,
      state: error === undefined ? 'up' : record?.notAskedUntilMs === undefined ? 'down' : 'not asked',
      error,
      lastError: record?.lastError,
      lastErrorTime: date(record?.lastFailureMs),
      lastAnswerTime: date(record?.lastAnswerMs),
      notAskedUntil: date(record?.notAskedUntilMs),
      latencySeconds: seconds(record?.latencyMs),
      answers: record?.answers,
      failures: record?.failures,
      labelSets: description?.labelSets,
      minTime: seconds(description?.minTimeMs),
      maxTime: seconds(description?.maxTimeMs),
      series: description?.series,
      blocks: description?.blocks,
      version: description?.version,
      faults: description?.faults,
    })),
  });
}
