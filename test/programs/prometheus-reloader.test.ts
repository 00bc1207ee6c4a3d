import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PrometheusServer } from '../../src/agents/reloader/prometheus-server.ts';
import type { RuleGroup } from '../../src/crds/alert-rule-set.ts';
import { renderConfig } from '../../src/render/prometheus/config.ts';
import { renderGroup, renderRuleFile } from '../../src/render/prometheus/rule-file.ts';
import { PrometheusWorld, stack } from './prometheus-world.ts';

let world: PrometheusWorld;

beforeEach(async () => {
  world = new PrometheusWorld();
  await world.start();
});

afterEach(async () => {
  await world.stop();
});

/** The stack's real configuration; `scrapeInterval` changes its content. */
function config(scrapeInterval = '30s'): Record<string, string> {
  const { file } = renderConfig({
    stack: {
      ...stack,
      spec: { prometheus: { scrapeInterval, evaluationInterval: '1s' }, alertmanager: { replicas: 0 } },
    },
    shard: 0,
    discoveryNamespaces: [],
  });
  return { [file.path]: file.content };
}

function ruleSet(namespace: string, name: string, group: Partial<RuleGroup> = {}): Record<string, string> {
  const rendered = renderGroup(namespace, {
    name: `${namespace}-${name}`,
    rules: [{ alert: 'Always', expr: 'vector(1)' }],
    ...group,
  });
  const file = renderRuleFile({ namespace, name }, [rendered]);
  return { [file.path]: file.content };
}

const slow = {
  rules: [
    { alert: 'Pending', expr: 'vector(1)', for: '1h' },
    { alert: 'Firing', expr: 'vector(1)' },
  ],
};

interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: string;
  readonly activeAt: string;
}

/** The alerts of the untouched set: state and start. */
async function untouched(): Promise<readonly string[]> {
  const { alerts } = await world.get<{ alerts: Alert[] }>('/api/v1/alerts');
  return alerts
    .filter(({ labels }) => labels.promfleet_namespace === 'quiet')
    .map(({ labels, state, activeAt }) => `${labels.alertname} ${state} ${activeAt}`)
    .sort();
}

async function startAll(bundle: Parameters<PrometheusWorld['publish']>[0]): Promise<void> {
  await world.publish(bundle);
  await world.init();
  await world.startServer();
  world.startAgent();
  await world.reported();
}

test('editing a set, repacking, a new configuration and a new agent never reset an alert of an unchanged group', async () => {
  const quiet = ruleSet('quiet', 'set', slow);
  await startAll({
    'main-prometheus-0-config': config(),
    'main-rules-00': { ...quiet, ...ruleSet('loud', 'set') },
  });
  await world.until('both alerts are active', async () => (await untouched()).length === 2);
  const before = await untouched();
  expect(before.map((text) => text.split(' ').slice(0, 2).join(' '))).toEqual([
    'Firing firing',
    'Pending pending',
  ]);

  await world.publish({
    'main-prometheus-0-config': config(),
    'main-rules-00': { ...quiet, ...ruleSet('loud', 'set', { rules: [{ record: 'a', expr: '1' }] }) },
  });
  await world.reported();
  expect(await untouched()).toEqual(before);

  await world.publish({
    'main-prometheus-0-config': config(),
    'main-rules-00': ruleSet('loud', 'set'),
    'main-rules-07': quiet,
  });
  await world.reported();
  expect(await untouched()).toEqual(before);

  await world.publish({ 'main-prometheus-0-config': config('17s'), 'main-rules-07': quiet });
  expect((await world.reported()).error).toBeUndefined();
  expect(await world.groups()).toEqual(['quiet-set']);
  expect((await world.get<{ yaml: string }>('/api/v1/status/config')).yaml).toContain('scrape_interval: 17s');
  expect(await untouched()).toEqual(before);

  await world.stopAgent();
  world.startAgent();
  await world.publish({ 'main-prometheus-0-config': config('18s'), 'main-rules-07': quiet });
  await world.reported();
  expect(await untouched()).toEqual(before);
});

test('what runs is compared with what the file says: an older content of it is not taken for the new one', async () => {
  const version = (expr: string, wait: RuleGroup['rules'][number]['for'] = '90s') =>
    ruleSet('a', 'one', { rules: [{ alert: 'Many', expr, for: wait }] });
  const running = version('sum(up)by(job)>1');
  await startAll({ 'main-prometheus-0-config': config(), 'main-rules-00': running });
  const server = new PrometheusServer({ url: world.url, configDir: world.configDir });
  const [path = '', before] = Object.entries(running)[0] ?? [];
  const unconfirmed = (next: Record<string, string>) =>
    server.unconfirmed(
      { put: [path], removed: [], contents: async () => ({ before, after: next[path]! }) },
      new AbortController().signal,
    );
  const next = version('sum(up)by(job)>2');
  expect(await unconfirmed(next)).toEqual([path]);
  expect(await unconfirmed(version('sum(up)by(job)>1', '91s'))).toEqual([path]);
  // Another spelling of what runs.
  expect(await unconfirmed(version('sum by (job) (up) > 1', '1m30s'))).toEqual([]);
  await world.publish({ 'main-prometheus-0-config': config(), 'main-rules-00': next });
  expect((await world.reported()).quarantined).toEqual([]);
  expect(await unconfirmed(next)).toEqual([]);
});

test('a bad rule file is quarantined by name while others go live, and is loaded once it is mended', async () => {
  await startAll({ 'main-prometheus-0-config': config(), 'main-rules-00': ruleSet('a', 'one') });
  const many = Object.assign({}, ...Array.from({ length: 9 }, (_, n) => ruleSet('b', `s${n}`)));
  const bad = { 'rules/b/s4.yaml': 'groups: [{name: x, rules: [{alert: A, expr: "sum("}]}]\n' };
  const worse = { 'rules/a/one.yaml': 'name: [not rules\n' };
  await world.publish({
    'main-prometheus-0-config': config('20s'),
    'main-rules-00': { ...worse, ...many, ...bad },
  });
  const report = await world.reported();
  expect(report.quarantined.map(({ path }) => path)).toEqual(['rules/a/one.yaml', 'rules/b/s4.yaml']);
  expect(report.error).toBeUndefined();
  // The last good content of the refused set runs on.
  expect(await world.groups()).toEqual(['a-one', ...[0, 1, 2, 3, 5, 6, 7, 8].map((n) => `b-s${n}`)]);
  await world.publish({
    'main-prometheus-0-config': config('20s'),
    'main-rules-00': { ...many, ...ruleSet('a', 'one') },
  });
  expect((await world.reported()).quarantined).toEqual([]);
  expect((await world.groups()).length).toBe(10);
});

test('a refused configuration leaves the old one running and says why', async () => {
  await startAll({ 'main-prometheus-0-config': config('21s'), 'main-rules-00': ruleSet('a', 'one') });
  await world.publish({
    'main-prometheus-0-config': { 'prometheus.yaml': 'globall: {}\n' },
    'main-rules-00': { ...ruleSet('a', 'one'), ...ruleSet('a', 'two') },
  });
  const report = await world.reported();
  expect(report.error).toContain('field globall not found');
  expect(await world.groups()).toEqual(['a-one', 'a-two']);
  const info = await world.get<{ reloadConfigSuccess: boolean }>('/api/v1/status/runtimeinfo');
  expect(info.reloadConfigSuccess).toBe(true);
  expect((await world.get<{ yaml: string }>('/api/v1/status/config')).yaml).toContain('scrape_interval: 21s');
});

test('a killed Prometheus comes back with the same files, and changes meanwhile are loaded', async () => {
  await startAll({ 'main-prometheus-0-config': config(), 'main-rules-00': ruleSet('a', 'one') });
  await world.killServer();
  await world.publish({ 'main-prometheus-0-config': config(), 'main-rules-00': ruleSet('a', 'two') });
  await world.startServer();
  await world.reported();
  expect(await world.groups()).toEqual(['a-two']);
});

test('a rule that fails to evaluate is told by file and group', async () => {
  const failing = {
    record: 'r',
    expr: 'vector(1) == on() (label_replace(vector(1), "x", "1", "", "") or vector(1))',
  };
  await startAll({
    'main-prometheus-0-config': config(),
    'main-rules-00': { ...ruleSet('a', 'bad', { rules: [failing] }), ...ruleSet('a', 'good') },
  });
  const server = new PrometheusServer({ url: world.url, configDir: world.configDir });
  const { signal } = new AbortController();
  const faults = await world.until('the evaluation fails', async () => {
    const found = await server.ruleFaults(['rules/a/bad.yaml', 'rules/a/good.yaml'], signal);
    return found.length > 0 && found;
  });
  expect(faults).toEqual([
    {
      path: 'rules/a/bad.yaml',
      group: 'a-bad',
      rule: 'r',
      error: expect.stringContaining('duplicate series'),
    },
  ]);
});

test('no target forges a reserved label, and an alert leaves with its owner and without replica, shard and team', async () => {
  const received: Record<string, string>[] = [];
  const sink = createServer((request, response) => {
    if (request.url === '/metrics') {
      response.setHeader('content-type', 'text/plain');
      response.end('forged{promfleet_namespace="x",promfleet_team="y",kept="z"} 1\n');
      return;
    }
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      for (const { labels } of JSON.parse(body) as { labels: Record<string, string> }[])
        received.push(labels);
      response.end();
    });
  });
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(sink.address() as AddressInfo).port}`;
  const target = { targets: [address], labels: { promfleet_namespace: 'x', promfleet_team: 'y' } };
  const { file } = renderConfig({
    stack: {
      ...stack,
      spec: {
        externalLabels: { cluster: 'c$1' },
        alertmanager: { replicas: 0 },
        prometheus: {
          scrapeInterval: '1s',
          evaluationInterval: '1s',
          additionalConfig: { alerting: { alertmanagers: [{ static_configs: [{ targets: [address] }] }] } },
        },
      },
    },
    shard: 0,
    discoveryNamespaces: [],
    additionalScrapeConfigs: JSON.stringify([
      { job_name: 'forger', honor_labels: true, static_configs: [target] },
    ]),
  });
  const expr =
    'label_replace(label_replace(forged, "promfleet_namespace", "other", "", ""), "promfleet_team", "other", "", "")';
  await startAll({
    'main-prometheus-0-config': { [file.path]: file.content },
    'main-rules-00': ruleSet('owner', 'set', { rules: [{ alert: 'Forged', expr }] }),
  });
  const alert = await world.until('the alert is sent', async () => received[0]);
  expect(alert).toEqual({
    alertname: 'Forged',
    cluster: 'c$1',
    instance: address,
    job: 'forger',
    kept: 'z',
    promfleet_namespace: 'owner',
  });
  type Vector = { result: { metric: Record<string, string> }[] };
  for (const name of ['forged', 'up{job="forger"}']) {
    const { result } = await world.get<Vector>(`/api/v1/query?query=${encodeURIComponent(name)}`);
    expect(result.length).toBe(1);
    expect(Object.keys(result[0]!.metric).filter((label) => label.startsWith('promfleet_'))).toEqual([]);
  }
  sink.closeAllConnections();
  await new Promise((resolve) => sink.close(resolve));
});
