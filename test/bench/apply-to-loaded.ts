import type { KubeClient } from '../../src/kube/client.ts';
import { type KubeObject, refOf } from '../../src/kube/object.ts';
import { watchEvents } from '../../src/kube/watch.ts';
import { type Figure, ms, quantile } from './figures.ts';
import { isLoaded, ruleSet } from './objects.ts';
import type { BenchPlane } from './plane.ts';

export interface ApplyFigures {
  readonly totalMs: readonly number[];
  readonly reloadMs: readonly number[];
}

/**
 * Changes one rule set again and again: from the start of the request that applies it until its status says that both
 * replicas have loaded it. Prometheus is asked each time whether that is so. Then both servers are told to reload
 * some times: what of the total is Prometheus's own work.
 */
export async function measureApply(plane: BenchPlane, rounds: number): Promise<ApplyFigures> {
  const { client } = plane;
  const replicas = await Promise.all(
    [0, 1].map((replica) => plane.podUrl('monitoring', `main-prometheus-0-${replica}`, 9090)),
  );
  const totalMs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const threshold = (round % 8) + 1;
    const started = performance.now();
    const { object } = await client.apply(ruleSet('monitoring', 'measured', threshold), {
      fieldManager: 'bench',
      force: true,
    });
    await untilLoaded(client, object);
    totalMs.push(performance.now() - started);
    for (const url of replicas) await confirm(url, `== ${threshold}`);
  }
  const reloadMs: number[] = [];
  for (let round = 0; round < 5; round++) {
    for (const url of replicas) {
      const started = performance.now();
      const answer = await fetch(`${url}/-/reload`, { method: 'POST' });
      if (!answer.ok) throw new Error(`reload: ${answer.status}`);
      reloadMs.push(performance.now() - started);
    }
  }
  return { totalMs, reloadMs };
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

export function applyFigures(title: string, { totalMs, reloadMs }: ApplyFigures): Figure[] {
  const reload = quantile(reloadMs, 0.5);
  const [median, p95] = [quantile(totalMs, 0.5), quantile(totalMs, 0.95)];
  return [
    { what: `apply -> loaded by 2 replicas, ${title}, median`, value: ms(median), aim: '<= 1 s' },
    { what: `apply -> loaded by 2 replicas, ${title}, p95`, value: ms(p95), aim: '<= 2 s' },
    { what: `  Prometheus's own reload, median`, value: ms(reload), aim: '' },
    {
      what: '  total minus reload, median',
      value: ms(median - reload),
      aim: reload > median / 2 ? '<= 0.5 s' : '',
    },
  ];
}
