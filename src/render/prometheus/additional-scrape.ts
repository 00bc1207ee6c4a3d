/** Scrape configurations that the platform gives in a Secret: each is checked by itself, a bad one is left out. */
import { load } from 'js-yaml';
import { limits } from '../../base/limits.ts';
import { durationMs } from '../workload/duration.ts';
import type { RenderFault } from '../workload/manifest.ts';
import { discoveryCheck } from './discovery-fields.ts';
import {
  all,
  type Check,
  choice,
  count,
  duration,
  flag,
  is,
  isObject,
  listOf,
  number,
  size,
  text,
  texts,
} from './field-checks.ts';
import { fileFieldFaults } from './file-fields.ts';
import { clientConflict, httpClientFields } from './http-client-fields.ts';
import { relabelFault } from './relabel-check.ts';
import { ownJobName, podsJobName, type ScrapeJob } from './scrape-jobs.ts';
import { compareVersions } from './versions.ts';

const path = 'spec.prometheus.additionalScrapeConfigs';

const relabeling: Check = (value) => {
  if (!Array.isArray(value)) return 'must be a list of rules';
  for (const [position, rule] of value.entries()) {
    const fault = relabelFault(rule);
    if (fault !== undefined) return `rule ${position}: ${fault}`;
  }
  return undefined;
};

const protocol = choice(
  'PrometheusProto',
  'PrometheusText0.0.4',
  'PrometheusText1.0.0',
  'OpenMetricsText0.0.1',
  'OpenMetricsText1.0.0',
);

const params = is(
  'an object of lists of texts',
  (value) => isObject(value) && Object.values(value).every((list) => texts(list) === undefined),
);

/** Fields of scrape_config with their check and, where it matters, the first and first missing version. */
const scrapeFields: Readonly<Record<string, readonly [Check, since?: string, until?: string]>> = {
  ...Object.fromEntries(Object.entries(httpClientFields).map(([name, check]) => [name, [check] as const])),
  job_name: [is('a text that is not empty', (value) => typeof value === 'string' && value !== '')],
  honor_labels: [flag],
  honor_timestamps: [flag],
  track_timestamps_staleness: [flag],
  params: [params],
  scrape_interval: [duration],
  scrape_timeout: [duration],
  scrape_protocols: [
    all(
      listOf(protocol),
      is('a list that is not empty', (value) => (value as unknown[]).length > 0),
    ),
  ],
  fallback_scrape_protocol: [protocol, '3.0.0'],
  scrape_native_histograms: [flag, '3.8.0'],
  scrape_classic_histograms: [flag, '2.45.0', '3.0.0'],
  always_scrape_classic_histograms: [flag, '3.0.0'],
  convert_classic_histograms_to_nhcb: [flag, '3.0.0'],
  metric_name_validation_scheme: [choice('legacy', 'utf8'), '3.0.0'],
  metric_name_escaping_scheme: [choice('allow-utf-8', 'underscores', 'dots', 'values'), '3.4.0'],
  metrics_path: [text],
  scheme: [choice('http', 'https')],
  enable_compression: [flag],
  http_headers: [httpClientFields.http_headers!, '2.55.0'],
  relabel_configs: [relabeling],
  metric_relabel_configs: [relabeling],
  body_size_limit: [size],
  sample_limit: [count],
  label_limit: [count],
  label_name_length_limit: [count],
  label_value_length_limit: [count],
  target_limit: [count],
  keep_dropped_targets: [count],
  native_histogram_bucket_limit: [count],
  native_histogram_min_bucket_factor: [number, '2.51.0'],
};

/** Jobs in the given order, without those that have a fault. */
export function additionalJobs(
  secretText: string,
  version: string,
  scrapeInterval: string,
): { readonly jobs: readonly ScrapeJob[]; readonly faults: readonly RenderFault[] } {
  const fault = (at: string, message: string): RenderFault => ({ path: at, code: 'ConfigInvalid', message });
  if (Buffer.byteLength(secretText) > limits.manifestDocumentBytes) {
    return { jobs: [], faults: [fault(path, `has more than ${limits.manifestDocumentBytes} bytes`)] };
  }
  let parsed: unknown;
  try {
    parsed = load(secretText);
  } catch (error) {
    // The parser's message quotes the text around the fault, which may hold a credential: only its place is told.
    const mark = (error as { mark?: { line: number; column: number } }).mark;
    const place = mark === undefined ? '' : ` at line ${mark.line + 1}, column ${mark.column + 1}`;
    return { jobs: [], faults: [fault(path, `is no YAML${place}`)] };
  }
  if (parsed === undefined || parsed === null) return { jobs: [], faults: [] };
  if (!Array.isArray(parsed))
    return { jobs: [], faults: [fault(path, 'must be a list of scrape configurations')] };
  const jobs: ScrapeJob[] = [];
  const faults: RenderFault[] = [];
  const names = new Set([ownJobName, podsJobName]);
  for (const [position, job] of parsed.entries()) {
    const found = jobFaults(job, `${path}[${position}]`, version, scrapeInterval, names);
    faults.push(...found);
    if (found.length > 0) continue;
    names.add((job as { job_name: string }).job_name);
    jobs.push(job as ScrapeJob);
  }
  return { jobs, faults };
}

function jobFaults(
  job: unknown,
  at: string,
  version: string,
  scrapeInterval: string,
  names: ReadonlySet<string>,
): readonly RenderFault[] {
  const fault = (where: string, message: string): RenderFault => ({
    path: where,
    code: 'ConfigInvalid',
    message,
  });
  if (!isObject(job)) return [fault(at, 'must be an object')];
  const faults: RenderFault[] = [...fileFieldFaults(job, at)];
  const blamed = (place: string) => faults.some(({ path: known }) => known.startsWith(place));
  const name = job.job_name;
  if (name === undefined) faults.push(fault(at, 'needs job_name'));
  if (typeof name === 'string' && names.has(name))
    faults.push(fault(`${at}.job_name`, 'is used by another job'));
  for (const [key, value] of Object.entries(job)) {
    if (key.endsWith('_sd_configs') || key === 'static_configs') {
      const wrong = value === null ? undefined : discoveryCheck(key)(value);
      if (wrong !== undefined && !blamed(`${at}.${key}`)) faults.push(fault(`${at}.${key}`, wrong));
      continue;
    }
    const row = Object.hasOwn(scrapeFields, key) ? scrapeFields[key] : undefined;
    if (row === undefined) {
      if (!faults.some(({ path: known }) => known === `${at}.${key}`))
        faults.push(fault(`${at}.${key}`, 'is no known field'));
      continue;
    }
    const [check, since, until] = row;
    const outside =
      (since !== undefined && compareVersions(version, since) < 0) ||
      (until !== undefined && compareVersions(version, until) >= 0);
    const wrong = outside
      ? `is not known to Prometheus ${version}`
      : value === null
        ? undefined
        : check(value);
    if (wrong !== undefined && !blamed(`${at}.${key}`)) faults.push(fault(`${at}.${key}`, wrong));
  }
  const conflict = clientConflict(job);
  if (conflict !== undefined) faults.push(fault(at, conflict));
  const escaping = job.metric_name_escaping_scheme ?? 'allow-utf-8';
  if (job.metric_name_validation_scheme === 'legacy' && escaping === 'allow-utf-8') {
    faults.push(
      fault(
        `${at}.metric_name_validation_scheme`,
        'legacy needs metric_name_escaping_scheme, such as underscores',
      ),
    );
  }
  const interval = job.scrape_interval ?? scrapeInterval;
  const timeout = job.scrape_timeout;
  if (typeof timeout === 'string' && (durationMs(timeout) ?? 0) > (durationMs(String(interval)) ?? 0)) {
    faults.push(fault(`${at}.scrape_timeout`, 'is longer than the scrape interval'));
  }
  return faults;
}
