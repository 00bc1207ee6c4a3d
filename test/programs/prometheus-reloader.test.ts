import { afterEach, beforeEach, expect, test } from 'vitest';
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
