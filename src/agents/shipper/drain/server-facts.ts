import { load } from 'js-yaml';
import { CodedError } from '../../../base/errors.ts';
import { durationMs } from '../../../render/workload/duration.ts';
import { type ClientTls, httpCall, httpJson } from '../../reloader/http-call.ts';

/** What a draining server says of itself. */
export interface ServerFacts {
  /** No scraping and no rules are configured any more. */
  readonly quiet: boolean;
  /** Samples taken since it started, of every way in and every kind. */
  readonly appended: number;
  /** When the process started, seconds: `appended` counts from there. */
  readonly startedSeconds: number;
  readonly external: Readonly<Record<string, string>>;
  readonly scrapeIntervalMs: number;
  /** Time of the samples in memory, those in the out-of-order window included; undefined where there are none. */
  readonly head: { readonly startMs: number; readonly endMs: number } | undefined;
}

interface Config {
  readonly global?: {
    readonly scrape_interval?: string;
    readonly external_labels?: Readonly<Record<string, unknown>>;
  };
  readonly scrape_configs?: readonly unknown[];
  readonly rule_files?: readonly unknown[];
  readonly storage?: { readonly tsdb?: { readonly out_of_order_time_window?: string } };
}

/** Reads them over HTTP. Throws ServerUnreachable. */
export async function readServerFacts(
  url: string,
  signal: AbortSignal,
  tls?: ClientTls | undefined,
): Promise<ServerFacts> {
  const base = url.replace(/\/+$/, '');
  type ConfigAnswer = { data?: { yaml?: string } };
  type HeadAnswer = { data?: { headStats?: { numSeries?: number; minTime?: number; maxTime?: number } } };
  const answer = await httpJson<ConfigAnswer>(`${base}/api/v1/status/config`, { signal, tls });
  const config = (load(answer.data?.yaml ?? '') ?? {}) as Config;
  const { data } = await httpJson<HeadAnswer>(`${base}/api/v1/status/tsdb?limit=1`, { signal, tls });
  const metrics = await httpCall('GET', `${base}/metrics`, { signal, tls });
  if (metrics.status !== 200)
    throw new CodedError('ServerUnreachable', `GET /metrics: HTTP ${metrics.status}`);
  const head = data?.headStats;
  const windowMs = durationMs(config.storage?.tsdb?.out_of_order_time_window ?? '0') ?? 0;
  const empty = head === undefined || head.numSeries === 0 || head.minTime! > head.maxTime!;
  return {
    quiet: (config.scrape_configs ?? []).length === 0 && (config.rule_files ?? []).length === 0,
    appended:
      sumOf(metrics.body, 'prometheus_tsdb_head_samples_appended_total') +
      sumOf(metrics.body, 'prometheus_tsdb_head_out_of_order_samples_appended_total'),
    startedSeconds: sumOf(metrics.body, 'process_start_time_seconds'),
    external: Object.fromEntries(
      Object.entries(config.global?.external_labels ?? {}).map(([name, value]) => [name, String(value)]),
    ),
    scrapeIntervalMs: durationMs(config.global?.scrape_interval ?? '1m') ?? 60_000,
    head: empty
      ? undefined
      : {
          startMs: Math.min(head.minTime!, windowMs === 0 ? head.minTime! : head.maxTime! - 2 * windowMs),
          endMs: head.maxTime!,
        },
  };
}

/** Sum over the series of one metric in the text format. */
export function sumOf(text: string, metric: string): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    if (!line.startsWith(metric) || !/^[{ ]/.test(line.slice(metric.length))) continue;
    sum += Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return sum;
}
