import { ApiError } from '../api-error.ts';
import type { Params } from '../params.ts';
import type { Answer } from '../query-api.ts';
import { compare, forwarded, jsonAnswer, type ServerSource, type Text, told, unique } from './merge.ts';

interface Target {
  readonly labels?: Text;
  readonly scrapePool: string;
  readonly scrapeUrl?: string;
  readonly lastScrape?: string;
}
interface Targets {
  readonly activeTargets: Target[] | null;
  readonly droppedTargets: Target[] | null;
  readonly droppedTargetCounts: Record<string, number> | null;
}

/** Targets of all servers. What replicas scrape both is one target, as its last scrape found it. */
export async function answerTargets(params: Params, source: ServerSource): Promise<Answer> {
  const answers = await source.askServers(`api/v1/targets${forwarded(params)}`);
  const all = answers.map(({ data, external }) => ({ data: data as Targets, external }));
  if (all.length === 0) return jsonAnswer({ activeTargets: [], droppedTargets: [], droppedTargetCounts: {} });
  const active = all.flatMap(({ data, external }) =>
    (data.activeTargets ?? []).map((target) => ({
      ...target,
      labels: told(target.labels, external, source),
    })),
  );
  const newer = (a: Target, b: Target) => ((b.lastScrape ?? '') > (a.lastScrape ?? '') ? b : a);
  const isReplicated = source.replicaLabels.length > 0;
  const counts = all.map(({ data }) => data.droppedTargetCounts);
  const total: Record<string, number> = {};
  for (const [pool, dropped] of counts.flatMap((each) => Object.entries(each ?? {})))
    total[pool] = isReplicated ? Math.max(total[pool] ?? 0, dropped) : (total[pool] ?? 0) + dropped;
  return jsonAnswer({
    activeTargets: unique(active, (target) => [target.scrapePool, target.scrapeUrl, target.labels], newer),
    droppedTargets: unique(
      all.flatMap(({ data }) => data.droppedTargets ?? []),
      (target) => target,
      newer,
    ),
    droppedTargetCounts: counts.every((each) => each === null) ? null : total,
  });
}

export async function answerTargetMetadata(params: Params, source: ServerSource): Promise<Answer> {
  const limit = countParam(params, 'limit');
  const answers = await source.askServers(`api/v1/targets/metadata${forwarded(params)}`);
  const all = answers.flatMap(({ data, external }) =>
    (data as { target: Text }[]).map((item) => ({ ...item, target: told(item.target, external, source) })),
  );
  const found = unique(
    all,
    (item) => item,
    (a) => a,
  );
  return jsonAnswer(limit >= 0 ? found.slice(0, limit) : found);
}

/** Type, help and unit of metrics as the targets told them, each variant once. */
export async function answerMetadata(params: Params, source: ServerSource): Promise<Answer> {
  const limit = countParam(params, 'limit');
  const perMetric = countParam(params, 'limit_per_metric');
  const answers = await source.askServers(
    `api/v1/metadata${forwarded(params, ['limit', 'limit_per_metric'])}`,
  );
  const merged = new Map<string, unknown[]>();
  for (const { data } of answers) {
    for (const [name, variants] of Object.entries(data as Record<string, unknown[]>))
      merged.set(
        name,
        unique(
          [...(merged.get(name) ?? []), ...variants],
          (item) => item,
          (a) => a,
        ),
      );
  }
  const names = [...merged.keys()].sort();
  const kept = limit >= 0 ? names.slice(0, limit) : names;
  const cut = (name: string) => (perMetric > 0 ? merged.get(name)!.slice(0, perMetric) : merged.get(name)!);
  return jsonAnswer(Object.fromEntries(kept.map((name) => [name, cut(name)])));
}

function countParam(params: Params, name: string): number {
  const text = params.get(name) ?? '';
  if (text === '') return -1;
  if (!/^[+-]?\d+$/.test(text)) throw new ApiError('bad_data', `${name} must be a number`);
  return Number(text);
}

export async function answerAlertmanagers(source: ServerSource): Promise<Answer> {
  const answers = (await source.askServers('api/v1/alertmanagers')).map(
    ({ data }) => data as { activeAlertmanagers: unknown[]; droppedAlertmanagers: unknown[] },
  );
  const same = (items: unknown[]) =>
    unique(
      items,
      (item) => item,
      (a) => a,
    );
  return jsonAnswer({
    activeAlertmanagers: same(answers.flatMap(({ activeAlertmanagers }) => activeAlertmanagers)),
    droppedAlertmanagers: same(answers.flatMap(({ droppedAlertmanagers }) => droppedAlertmanagers)),
  });
}

export async function answerScrapePools(source: ServerSource): Promise<Answer> {
  const answers = (await source.askServers('api/v1/scrape_pools')).map(
    ({ data }) => (data as { scrapePools: string[] | null }).scrapePools,
  );
  const names = [...new Set(answers.flatMap((names) => names ?? []))].sort(compare);
  return jsonAnswer({
    scrapePools: names.length === 0 && answers.some((each) => each === null) ? null : names,
  });
}
