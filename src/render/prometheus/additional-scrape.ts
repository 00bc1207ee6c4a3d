/** Scrape configurations that the platform gives in a Secret: each is checked by itself, a bad one is left out. */
import { load } from 'js-yaml';
import { limits } from '../../base/limits.ts';
import { durationMs } from '../workload/duration.ts';
import type { RenderFault } from '../workload/manifest.ts';
import { fileFieldFaults } from './file-fields.ts';
import { relabelFault } from './relabel-check.ts';
import { ownJobName, podsJobName, type ScrapeJob } from './scrape-jobs.ts';
import { compareVersions } from './versions.ts';

const path = 'spec.prometheus.additionalScrapeConfigs';

type Check = (value: unknown) => string | undefined;
const is =
  (what: string, test: (value: unknown) => boolean): Check =>
  (value) =>
    test(value) ? undefined : `must be ${what}`;

const flag = is('true or false', (value) => typeof value === 'boolean');
const count = is('a whole number of at least 0', (value) => Number.isInteger(value) && Number(value) >= 0);
const number = is('a number', (value) => typeof value === 'number');
const text = is('a text', (value) => typeof value === 'string');
const size = is(
  'a size such as 10MB',
  (value) => /^(0|\d+([KMGTPE]i?)?B)$/.test(String(value)) && typeof value !== 'object',
);
const duration = is(
  'a duration such as 30s',
  (value) => typeof value === 'string' && durationMs(value) !== undefined,
);
const map = is('an object', isObject);
const maps = is('a list of objects', (value) => Array.isArray(value) && value.every(isObject));
const texts = is(
  'a list of texts',
  (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
);
const relabeling: Check = (value) => {
  if (!Array.isArray(value)) return 'must be a list of rules';
  for (const [position, rule] of value.entries()) {
    const fault = relabelFault(rule);
    if (fault !== undefined) return `rule ${position}: ${fault}`;
  }
  return undefined;
};

/** Fields of scrape_config with their check and, where it matters, the first and first missing version. */
const fields: Readonly<Record<string, readonly [Check, since?: string, until?: string]>> = {
  job_name: [is('a text that is not empty', (value) => typeof value === 'string' && value !== '')],
  honor_labels: [flag],
  honor_timestamps: [flag],
  track_timestamps_staleness: [flag],
  params: [map],
  scrape_interval: [duration],
  scrape_timeout: [duration],
  scrape_protocols: [texts],
  fallback_scrape_protocol: [text, '3.0.0'],
  scrape_native_histograms: [flag, '3.8.0'],
  scrape_classic_histograms: [flag, '2.45.0', '3.0.0'],
  always_scrape_classic_histograms: [flag, '3.0.0'],
  convert_classic_histograms_to_nhcb: [flag, '3.0.0'],
  metric_name_validation_scheme: [
    is('legacy or utf8', (value) => value === 'legacy' || value === 'utf8'),
    '3.0.0',
  ],
  metric_name_escaping_scheme: [text, '3.4.0'],
  metrics_path: [text],
  scheme: [is('http or https', (value) => value === 'http' || value === 'https')],
  enable_compression: [flag],
  basic_auth: [map],
  authorization: [map],
  oauth2: [map],
  bearer_token: [text],
  follow_redirects: [flag],
  enable_http2: [flag],
  tls_config: [map],
  proxy_url: [text],
  no_proxy: [text],
  proxy_from_environment: [flag],
  proxy_connect_header: [map],
  http_headers: [map, '2.55.0'],
  static_configs: [maps],
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
  const name = job.job_name;
  if (name === undefined) faults.push(fault(at, 'needs job_name'));
  if (typeof name === 'string' && names.has(name))
    faults.push(fault(`${at}.job_name`, 'is used by another job'));
  for (const [key, value] of Object.entries(job)) {
    if (key.endsWith('_sd_configs')) {
      const wrong = maps(value);
      if (wrong !== undefined) faults.push(fault(`${at}.${key}`, wrong));
      continue;
    }
    const row = Object.hasOwn(fields, key) ? fields[key] : undefined;
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
    if (wrong !== undefined) faults.push(fault(`${at}.${key}`, wrong));
  }
  const interval = job.scrape_interval ?? scrapeInterval;
  const timeout = job.scrape_timeout;
  if (typeof timeout === 'string' && (durationMs(timeout) ?? 0) > (durationMs(String(interval)) ?? 0)) {
    faults.push(fault(`${at}.scrape_timeout`, 'is longer than the scrape interval'));
  }
  return faults;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
