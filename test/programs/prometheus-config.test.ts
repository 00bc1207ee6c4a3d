import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { load } from 'js-yaml';
import { afterAll, expect, test } from 'vitest';
import type { MonitoringStack } from '../../src/crds/monitoring-stack.ts';
import { mergeAdditionalConfig } from '../../src/render/prometheus/additional-config.ts';
import { additionalJobs } from '../../src/render/prometheus/additional-scrape.ts';
import { renderConfig, toYaml } from '../../src/render/prometheus/config.ts';
import { prometheusArgs } from '../../src/render/prometheus/flags.ts';
import { relabelFault } from '../../src/render/prometheus/relabel-check.ts';
import { renderGroup, renderRuleFile } from '../../src/render/prometheus/rule-file.ts';
import { versionTable } from '../../src/render/prometheus/versions.ts';
import { realProgram } from '../support/programs.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'promfleet-'));
const testdata = join(import.meta.dirname, '../../src/render/prometheus/testdata');
let files = 0;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** What promtool says against a text; undefined when it takes it. */
async function refusal(command: 'config' | 'rules', text: string): Promise<string | undefined> {
  const file = write(`check-${files++}.yaml`, text);
  try {
    const arguments_ = [
      'check',
      command,
      ...(command === 'config' ? ['--syntax-only'] : []),
      '--lint=none',
      file,
    ];
    await run(await realProgram('promtool'), arguments_);
    return undefined;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    return `${stdout ?? ''}${stderr ?? ''}`;
  }
}

test.each(readdirSync(testdata))('promtool takes every configuration of the golden case %s', async (name) => {
  const golden = load(readFileSync(join(testdata, name, 'expected.yaml'), 'utf8')) as {
    config: Record<string, string>;
  };
  for (const text of Object.values(golden.config)) expect(await refusal('config', text)).toBeUndefined();
});

test('the rule file patterns find files of every namespace', async () => {
  const stack: MonitoringStack = {
    apiVersion: 'promfleet.dev/v1alpha1',
    kind: 'MonitoringStack',
    metadata: { name: 'main', namespace: 'monitoring' },
    spec: { alertmanager: { replicas: 0 } },
  };
  const { file } = renderConfig({ stack, shard: 0, discoveryNamespaces: [] });
  const configFile = write('patterns/prometheus.yaml', file.content);
  write('patterns/kubeconfig', '{}');
  const namespaces = ['a', 'team-b', 'n'.repeat(63)];
  for (const namespace of namespaces) {
    const rendered = renderRuleFile({ namespace, name: 'x.y' }, [
      renderGroup(namespace, { name: 'g', rules: [{ record: `r${namespace.length}`, expr: '1' }] }),
    ]);
    write(`patterns/${rendered.path}`, rendered.content);
  }
  const { stdout } = await run(await realProgram('promtool'), ['check', 'config', configFile]);
  expect(stdout).toContain('3 rule files found');
});

test('promtool takes rule files whatever stands in their texts, and reads the same texts', async () => {
  const hostile = [
    'yes',
    '12:30',
    '~',
    '0x1F',
    '1_000',
    '2001-01-01',
    'a\nb',
    '"',
    "'",
    '{{ $value }}',
    ': x',
    '# y',
    '\u2028',
    '\u0007',
    '- z',
    '%',
  ];
  const group = renderGroup('team', {
    name: 'hostile: "group"',
    interval: '1m',
    limit: 3,
    queryOffset: '30s',
    labels: { shared: 'yes' },
    rules: [
      ...hostile.map((text, n) => ({
        alert: `A${n}`,
        expr: 'up == 1',
        for: '5m',
        keepFiringFor: '10m',
        labels: { text },
        annotations: { text: `note ${text}` },
      })),
      { record: 'a:b', expr: 'sum(up)\n  # with a comment\n', labels: { l: 'no' } },
    ],
  });
  const { content } = renderRuleFile({ namespace: 'team', name: 'hostile' }, [group]);
  expect(await refusal('rules', content)).toBeUndefined();
  expect(load(content)).toEqual({ groups: [group] });
});

const relabelings: readonly Record<string, unknown>[] = [
  { action: 'replace', target_label: 'a' },
  { action: 'replace' },
  { source_labels: ['a'], regex: '(' },
  { source_labels: ['a'], regex: '(?P<x>.)', target_label: 'b', replacement: '$x' },
  { action: 'KEEP', source_labels: ['a'], regex: 'b' },
  { action: 'labeldrop', regex: 'a', source_labels: ['b'] },
  { action: 'labelmap', regex: 'a(.*)', replacement: 'b$1' },
  { action: 'hashmod', source_labels: ['a'], target_label: 'b' },
  { action: 'hashmod', source_labels: ['a'], target_label: 'b', modulus: 4 },
  { action: 'keepequal', source_labels: ['a'], target_label: 'b' },
  { action: 'keepequal', source_labels: ['a'] },
  { action: 'dropequal', source_labels: ['a'], target_label: 'b', regex: 'x' },
  { action: 'lowercase', source_labels: ['a'] },
  { action: 'uppercase', source_labels: ['a'], target_label: 'b' },
  { action: 'explode' },
  { sourcelabels: ['a'] },
  { source_labels: 'a', target_label: 'b' },
];

test.each(relabelings)('promtool and the check agree on relabelling %j', async (rule) => {
  const text = toYaml({ scrape_configs: [{ job_name: 'x', relabel_configs: [rule] }] });
  expect(relabelFault(rule) !== undefined).toBe((await refusal('config', text)) !== undefined);
});

const jobs: readonly Record<string, unknown>[] = [
  { job_name: 'a' },
  { job_name: '' },
  { metrics_path: '/x' },
  { job_name: 'a', scheme: 'https', params: { a: ['b'] }, honor_labels: true, enable_compression: false },
  { job_name: 'a', scrape_interval: '1m', scrape_timeout: '2m' },
  { job_name: 'a', scrape_interval: '90' },
  {
    job_name: 'a',
    body_size_limit: '10MB',
    sample_limit: 5,
    label_limit: 3,
    target_limit: 1,
    keep_dropped_targets: 2,
  },
  { job_name: 'a', body_size_limit: 'ten' },
  { job_name: 'a', honor_labels: 'perhaps' },
  { job_name: 'a', unknown_field: 1 },
  { job_name: 'a', static_configs: [{ targets: ['a:1'], labels: { x: 'y' } }] },
  { job_name: 'a', static_configs: { targets: [] } },
  { job_name: 'a', always_scrape_classic_histograms: true, convert_classic_histograms_to_nhcb: true },
  { job_name: 'a', scrape_classic_histograms: true },
  { job_name: 'a', fallback_scrape_protocol: 'PrometheusText1.0.0', metric_name_validation_scheme: 'legacy' },
  { job_name: 'a', native_histogram_bucket_limit: 160, native_histogram_min_bucket_factor: 1.1 },
  { job_name: 'a', http_headers: { 'X-A': { values: ['b'] } }, proxy_url: 'http://proxy:1', no_proxy: 'x' },
  {
    job_name: 'a',
    basic_auth: { username: 'u', password: 'p' },
    follow_redirects: false,
    enable_http2: false,
  },
  {
    job_name: 'a',
    track_timestamps_staleness: true,
    honor_timestamps: false,
    scrape_protocols: ['OpenMetricsText1.0.0'],
  },
  { job_name: 'a', metric_name_validation_scheme: 'legacy' },
  { job_name: 'a', metric_name_escaping_scheme: 'utf8' },
  { job_name: 'a', scrape_protocols: [] },
  { job_name: 'a', scrape_protocols: ['Foo'] },
  { job_name: 'a', basic_auth: { user: 'u' } },
  { job_name: 'a', basic_auth: { username: 'u' }, authorization: { credentials: 'c' } },
  { job_name: 'a', authorization: { type: 'Basic', credentials: 'c' } },
  { job_name: 'a', tls_config: { min_version: 'TLS12', server_name: 'x' } },
  { job_name: 'a', tls_config: { min_version: 'TLS9' } },
  {
    job_name: 'a',
    oauth2: {
      client_id: 'i',
      client_secret: 's',
      token_url: 'http://x',
      scopes: ['a'],
      endpoint_params: { a: 'b' },
    },
  },
  { job_name: 'a', no_proxy: 'x' },
  { job_name: 'a', proxy_from_environment: true, proxy_url: 'http://x' },
  { job_name: 'a', static_configs: [{ targets: ['http://a/b'] }] },
  { job_name: 'a', static_configs: [{ target: ['a'] }] },
  { job_name: 'a', dns_sd_configs: [{ names: ['x'] }] },
  { job_name: 'a', dns_sd_configs: [{ names: ['x'], type: 'A' }] },
  { job_name: 'a', dns_sd_configs: [{ names: ['x'], type: 'A', port: 80, refresh_interval: '1m' }] },
  { job_name: 'a', dns_sd_configs: [{ type: 'SRV' }] },
  { job_name: 'a', http_sd_configs: [{ url: 'http://x/y', basic_auth: { username: 'u', password: 'p' } }] },
  { job_name: 'a', http_sd_configs: [{ url: 'ftp://x' }] },
  { job_name: 'a', kubernetes_sd_configs: [{ role: 'pod', selectors: [{ role: 'pod', label: 'a=b' }] }] },
  { job_name: 'a', kubernetes_sd_configs: [{ role: 'pods' }] },
  { job_name: 'a', kubernetes_sd_configs: [{ role: 'node', attach_metadata: { node: true } }] },
  { job_name: 'a', imaginary_sd_configs: [{ host: 'x' }] },
];

test.each(jobs)('promtool and the check agree on scrape configuration %j', async (job) => {
  const { faults } = additionalJobs(JSON.stringify([job]), 'v3.5.3', '1m');
  const said = await refusal('config', toYaml({ scrape_configs: [job] }));
  expect({ refused: faults.length > 0, faults }).toMatchObject({ refused: said !== undefined });
});

const additions: readonly Record<string, unknown>[] = [
  {
    remote_write: [
      {
        url: 'https://x/write',
        name: 'a',
        queue_config: { max_shards: 3, sample_age_limit: '1h' },
        send_exemplars: true,
      },
    ],
  },
  {
    remote_write: [
      { url: 'https://x', write_relabel_configs: [{ regex: '(', action: 'drop', source_labels: ['a'] }] },
    ],
  },
  { remote_write: [{ name: 'a' }] },
  {
    remote_write: [
      { url: 'http://a', name: 'n' },
      { url: 'http://b', name: 'n' },
    ],
  },
  {
    remote_write: [
      { url: 'http://a', remote_timeout: '5s', headers: { 'X-A': 'b' }, metadata_config: { send: false } },
    ],
  },
  {
    remote_write: [
      { url: 'http://a', protobuf_message: 'io.prometheus.write.v2.Request', round_robin_dns: true },
    ],
  },
  { remote_write: [{ url: 'http://a', queue: {} }] },
  { remote_write: [{ url: 'http://a', sigv4: { region: 'eu-1', access_key: 'a', secret_key: 'b' } }] },
  { remote_write: {} },
  {
    remote_read: [
      { url: 'http://a', read_recent: true, required_matchers: { a: 'b' }, filter_external_labels: false },
    ],
  },
  { remote_read: [{ url: 'http://a', basic_auth: { username: 'u', passwd: 'p' } }] },
];

test.each(additions)('promtool and the check agree on the addition %j', async (addition) => {
  const { faults } = mergeAdditionalConfig({}, addition);
  expect(faults.length > 0).toBe((await refusal('config', toYaml(addition))) !== undefined);
});

test('the real server knows every flag that is set, and every feature of the version table', async () => {
  const { args } = prometheusArgs({ retention: { time: '1h', size: '1Gi' }, version: 'v3.5.3' }, false, true);
  const { stdout, stderr } = await run(await realProgram('prometheus'), ['--help']);
  const help = stdout + stderr;
  for (const arg of args) {
    const name = arg.replace(/^--/, '').split('=')[0]!;
    expect(help).toMatch(new RegExp(`--(\\[no-\\])?${name.replaceAll('.', '\\.')}\\b`));
  }
  // What ended before this version must not be set for it.
  expect(args.some((arg) => arg.startsWith('--enable-feature'))).toBe(false);
  expect(versionTable.every((row) => 'since' in row || 'until' in row)).toBe(true);
});
