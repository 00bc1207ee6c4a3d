import type { KubeClient } from '../../src/kube/client.ts';
import { type KubeObject, refOf } from '../../src/kube/object.ts';
import { watchEvents } from '../../src/kube/watch.ts';
import { type Figure, ms, quantile } from './figures.ts';
import { isLoaded, ruleSet } from './objects.ts';
import type { BenchPlane } from './plane.ts';

/** Where it is measured: one machine, or a cluster. */
export type Measured = Pick<BenchPlane, 'client' | 'podUrl'>;

export interface ApplyFigures {
  readonly totalMs: readonly number[];
  /** Of each round: the slower one of the two servers' own reloads. */
  readonly reloadMs: readonly number[];
}

/**
 * Changes one rule set again and again: from the start of the request that applies it until its status says that both
 * replicas have loaded it. Prometheus is asked each time whether that is so, and each reloader how long the server itself
 * took to reload.
 */
export async function measureApply(plane: Measured, rounds: number): Promise<ApplyFigures> {
  const { client } = plane;
  const urls = (port: number) =>
    Promise.all([0, 1].map((replica) => plane.podUrl('monitoring', `main-prometheus-0-${replica}`, port)));
  const replicas = await urls(9090);
  const reloaders = await urls(9533);
  const totalMs: number[] = [];
  const reloadMs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const threshold = (round % 8) + 1;
    const started = performance.now();
    const { object } = await client.apply(ruleSet('monitoring', 'measured', threshold), {
      fieldManager: 'bench',
      force: true,
    });
    await untilLoaded(client, object);
    totalMs.push(performance.now() - started);
    reloadMs.push(Math.max(...(await Promise.all(reloaders.map(lastReloadMs)))));
    for (const url of replicas) await confirm(url, `== ${threshold}`);
  }
  return { totalMs, reloadMs };
}

/** How long the server took to answer the reloader's last request to reload. */
async function lastReloadMs(url: string): Promise<number> {
  const text = await fetch(`${url}/metrics`).then((response) => response.text());
  const seconds = /^promfleet_reloader_last_reload_seconds(?:\{[^}]*\})? ([0-9.e+-]+)$/m.exec(text)?.[1];
  if (seconds === undefined) throw new Error(`${url}/metrics does not say how long the last reload took`);
  return Number(seconds) * 1000;
}

/** Follows the object by a watch from the version that was applied. */
async function untilLoaded(client: KubeClient, applied: KubeObject): Promise<void> {
  const { apiVersion, kind, namespace, name } = refOf(applied);
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(new Error(`${name} was not loaded within 5 minutes`)), 300_000);
  const selection = {
    apiVersion,
    kind,
    fieldSelector: `metadata.name=${name}`,
    ...(namespace === undefined ? {} : { namespace }),
  };
  const resourceVersion = applied.metadata.resourceVersion ?? '';
  try {
    if (isLoaded(applied)) return;
    for await (const { object, type } of watchEvents<KubeObject>(client, selection, {
      resourceVersion,
      signal: stop.signal,
    })) {
      if (type !== 'BOOKMARK' && object.metadata.name === name && isLoaded(object)) return;
    }
    throw new Error('the watch ended');
  } finally {
    clearTimeout(timer);
  }
}

/** Throws unless the server itself has the rule. */
async function confirm(url: string, expression: string): Promise<void> {
  const query = new URLSearchParams({ 'rule_name[]': 'Absent', 'rule_group[]': 'requests' });
  const answer = (await fetch(`${url}/api/v1/rules?${query}`).then((response) => response.json())) as {
    data: { groups: { file: string; rules: { query: string }[] }[] };
  };
  const group = answer.data.groups.find(({ file }) => file.endsWith('/rules/monitoring/measured.yaml'));
  if (group?.rules.some((rule) => rule.query.endsWith(expression)) !== true)
    throw new Error(`${url} does not run "${expression}" although the status says so`);
}

export function applyFigures(
  title: string,
  { totalMs, reloadMs }: ApplyFigures,
  aims = { median: '<= 1 s', p95: '<= 2 s' },
): Figure[] {
  const reload = quantile(reloadMs, 0.5);
  const [median, p95] = [quantile(totalMs, 0.5), quantile(totalMs, 0.95)];
  return [
    { what: `apply -> loaded by 2 replicas, ${title}, median`, value: ms(median), aim: aims.median },
    { what: `apply -> loaded by 2 replicas, ${title}, p95`, value: ms(p95), aim: aims.p95 },
    { what: `  Prometheus's own reload, median`, value: ms(reload), aim: '' },
    {
      what: '  total minus reload of the same round, median',
      value: ms(
        quantile(
          totalMs.map((total, round) => total - reloadMs[round]!),
          0.5,
        ),
      ),
      aim: reload > median / 2 ? '<= 0.5 s' : '',
    },
  ];
}
