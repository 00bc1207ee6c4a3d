import { createHash } from 'node:crypto';
import { Labels } from '../promql/exec/labels.ts';
import { walk } from '../promql/syntax/ast.ts';
import type { PromqlOptions } from '../promql/syntax/dialect.ts';
import { parseExpr } from '../promql/syntax/parse.ts';
import { PromqlSyntaxError } from '../promql/syntax/syntax-error.ts';
import { ApiError, invalidParameter } from './api-error.ts';
import { jsonMessage, jsonText } from './json-text.ts';
import { matchersParam, openEndMs, openStartMs, optionalTimeParam, type Params } from './params.ts';
import type { Answer } from './query-api.ts';

/** What the live servers answer by themselves, with the labels that each adds to what leaves it. */
export interface ServerSource {
  readonly replicaLabels: readonly string[];
  /** `data` of the same request to every live server; one that fails is named as partial. */
  askServers(path: string): Promise<readonly { readonly data: unknown; readonly external: Labels }[]>;
}

type Text = Record<string, string>;

interface Alert {
  labels: Text;
  readonly state: string;
  readonly activeAt?: string;
}
interface Rule {
  labels?: Text;
  readonly name: string;
  readonly query: string;
  readonly type: string;
  readonly state?: string;
  readonly alerts?: Alert[] | null;
  readonly lastEvaluation?: string;
}
interface RuleGroup {
  readonly name: string;
  readonly file: string;
  readonly rules: Rule[];
}

const severity: Readonly<Record<string, number>> = { firing: 3, pending: 2, inactive: 1 };

/** Labels with the server's own put in and those that tell replicas apart left out. */
function told(labels: Text | undefined, external: Labels, source: ServerSource): Text {
  const all = Labels.from([...Object.entries(labels ?? {}), ...external.entries()]);
  return Object.fromEntries([...all.without(source.replicaLabels).entries()]);
}

/** One of each key, chosen by `better` where several servers have it; in the order of first appearance. */
function unique<T>(items: readonly T[], keyOf: (item: T) => unknown, better: (a: T, b: T) => T): T[] {
  const found = new Map<string, T>();
  for (const item of items) {
    const key = JSON.stringify(keyOf(item));
    const known = found.get(key);
    found.set(key, known === undefined ? item : better(known, item));
  }
  return [...found.values()];
}

/** Members that Prometheus writes by its own encoder of labels, which leaves alone what means something in HTML. */
const labelSets: ReadonlySet<string> = new Set([
  'labels',
  'annotations',
  'discoveredLabels',
  'target',
  'seriesLabels',
]);

function jsonAnswer(value: unknown): Answer {
  return { data: jsonOf(value, jsonMessage), warnings: [], infos: [] };
}

function jsonOf(value: unknown, write: (text: string) => string): string {
  if (typeof value === 'string') return write(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map((item) => jsonOf(item, write)).join(',')}]`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members
    .map(([name, member]) => `${write(name)}:${jsonOf(member, labelSets.has(name) ? jsonText : write)}`)
    .join(',')}}`;
}

function forwarded(params: Params, without: readonly string[] = []): string {
  const rest = new URLSearchParams([...params].filter(([name]) => !without.includes(name)));
  return rest.size === 0 ? '' : `?${rest}`;
}

const worse = (a: Alert, b: Alert): Alert => {
  const [x, y] = [severity[a.state] ?? 0, severity[b.state] ?? 0];
  if (x !== y) return x > y ? a : b;
  return (b.activeAt ?? '') !== '' && (b.activeAt ?? '') < (a.activeAt ?? '') ? b : a;
};

function mergedAlerts(alerts: readonly Alert[]): Alert[] {
  return unique(alerts, ({ labels }) => Object.entries(labels), worse);
}

export async function answerAlerts(source: ServerSource): Promise<Answer> {
  const answers = await source.askServers('api/v1/alerts');
  const alerts = answers.flatMap(({ data, external }) =>
    (data as { alerts: Alert[] }).alerts.map((alert) => ({
      ...alert,
      labels: told(alert.labels, external, source),
    })),
  );
  return jsonAnswer({ alerts: mergedAlerts(alerts) });
}

/** Rule groups of all servers. Replicas evaluate the same groups: those are one, with the alerts of all. */
export async function answerRules(params: Params, source: ServerSource): Promise<Answer> {
  matchersParam(params, (reason) => new ApiError('bad_data', reason));
  const type = (params.get('type') ?? '').toLowerCase();
  if (!['', 'alert', 'record'].includes(type))
    throw invalidParameter('type', `not supported value ${jsonMessage(type)}`);
  const exclude = (params.get('exclude_alerts') ?? '').toLowerCase();
  if (exclude !== '' && !['1', 't', 'true', '0', 'f', 'false'].includes(exclude))
    throw invalidParameter(
      'exclude_alerts',
      `error converting exclude_alerts: strconv.ParseBool: parsing ${jsonMessage(exclude)}: invalid syntax`,
    );
  const page = pageOf(params);
  const pages = ['group_limit', 'group_next_token'];
  const answers = await source.askServers(`api/v1/rules${forwarded(params, pages)}`);
  const groups = answers.flatMap(({ data, external }) =>
    (data as { groups: RuleGroup[] }).groups.map((group) => ({
      ...group,
      rules: group.rules.map((rule) => ({
        ...rule,
        ...(rule.labels !== undefined && { labels: told(rule.labels, external, source) }),
        ...(Array.isArray(rule.alerts) && {
          alerts: rule.alerts.map((alert) => ({ ...alert, labels: told(alert.labels, external, source) })),
        }),
      })),
    })),
  );
  const identity = ({ name, file, rules }: RuleGroup) => [
    file,
    name,
    rules.map((rule) => [rule.name, rule.query, rule.type, Object.entries(rule.labels ?? {})]),
  ];
  const merged = unique(groups, identity, mergedGroup);
  // One server's order is its own; several are put in the order in which each lists its groups.
  if (answers.length > 1) merged.sort((a, b) => compare(a.file, b.file) || compare(a.name, b.name));
  return jsonAnswer(paged(merged, page));
}

function mergedGroup(a: RuleGroup, b: RuleGroup): RuleGroup {
  return {
    ...a,
    rules: a.rules.map((rule, i) => {
      const other = b.rules[i]!;
      const [x, y] = [severity[rule.state ?? ''] ?? 0, severity[other.state ?? ''] ?? 0];
      const chosen =
        y > x || (y === x && (other.lastEvaluation ?? '') > (rule.lastEvaluation ?? '')) ? other : rule;
      if (!Array.isArray(rule.alerts) || !Array.isArray(other.alerts)) return chosen;
      return { ...chosen, alerts: mergedAlerts([...rule.alerts, ...other.alerts]) };
    }),
  };
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

interface Page {
  readonly size: number;
  readonly token: string;
}

function pageOf(params: Params): Page | undefined {
  const size = params.get('group_limit') ?? '';
  const token = params.get('group_next_token') ?? '';
  if (token !== '' && size === '')
    throw invalidParameter(
      'group_next_token',
      'group_limit needs to be present in order to paginate over the groups',
    );
  if (size === '') return undefined;
  if (!/^[+-]?\d+$/.test(size))
    throw invalidParameter(
      'group_limit',
      `group_limit needs to be a valid number: strconv.ParseInt: parsing ${jsonMessage(size)}: invalid syntax`,
    );
  if (Number(size) <= 0) throw invalidParameter('group_limit', 'group_limit needs to be greater than 0');
  return { size: Number(size), token };
}

/** Prometheus's token of a group: where the next page begins. */
function tokenOf({ file, name }: RuleGroup): string {
  return createHash('sha256').update(`${file};${name}`).digest('hex');
}

function paged(groups: readonly RuleGroup[], page: Page | undefined) {
  if (page === undefined) return { groups };
  const first = page.token === '' ? 0 : groups.findIndex((group) => tokenOf(group) === page.token);
  if (first < 0)
    throw invalidParameter(
      'group_next_token',
      `invalid group_next_token '${page.token}'. were rule groups changed?`,
    );
  const next = groups[first + page.size];
  return {
    groups: groups.slice(first, first + page.size),
    ...(next !== undefined && { groupNextToken: tokenOf(next) }),
  };
}

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

interface Exemplars {
  readonly seriesLabels: Text;
  readonly exemplars: { readonly labels: Text; readonly value: string; readonly timestamp: number }[];
}

/** Exemplars of the expression's selectors, of all servers; undefined where it selects nothing. */
export async function answerExemplars(
  params: Params,
  dialect: PromqlOptions,
  source: ServerSource,
): Promise<Answer | undefined> {
  const startMs = optionalTimeParam(params, 'start', openStartMs);
  const endMs = optionalTimeParam(params, 'end', openEndMs);
  if (endMs < startMs) throw new ApiError('bad_data', 'end timestamp must not be before start timestamp');
  let selectors = 0;
  try {
    walk(parseExpr(params.get('query') ?? '', dialect).expr, ({ kind }) => {
      if (kind === 'vector') selectors++;
    });
  } catch (error) {
    if (error instanceof PromqlSyntaxError) throw new ApiError('bad_data', error.message);
    throw error;
  }
  if (selectors === 0) return undefined;
  const answers = await source.askServers(`api/v1/query_exemplars${forwarded(params)}`);
  const all = answers.flatMap(({ data, external }) =>
    (data as Exemplars[]).map((item) => ({
      ...item,
      seriesLabels: told(item.seriesLabels, external, source),
    })),
  );
  const merged = unique(
    all,
    ({ seriesLabels }) => seriesLabels,
    (a, b) => ({
      seriesLabels: a.seriesLabels,
      exemplars: unique(
        [...a.exemplars, ...b.exemplars],
        (one) => one,
        (first) => first,
      ).sort((x, y) => x.timestamp - y.timestamp),
    }),
  );
  return jsonAnswer(merged);
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

interface Stat {
  readonly name: string;
  readonly value: number;
}
interface HeadStatus {
  readonly headStats: Record<'numSeries' | 'numLabelPairs' | 'chunkCount' | 'minTime' | 'maxTime', number>;
  readonly seriesCountByMetricName: readonly Stat[];
  readonly labelValueCountByLabelName: readonly Stat[];
  readonly memoryInBytesByLabelName: readonly Stat[];
  readonly seriesCountByLabelValuePair: readonly Stat[];
}

/** Cardinality of the heads of all live servers, added up: each reports its own largest. */
export async function answerHeadStatus(params: Params, source: ServerSource): Promise<Answer> {
  const text = params.get('limit') ?? '';
  if (text !== '' && (!/^[+-]?\d+$/.test(text) || Number(text) < 1))
    throw new ApiError('bad_data', 'limit must be a positive number');
  if (Number(text) > 10_000) throw new ApiError('bad_data', 'limit must not exceed 10000');
  const answers = await source.askServers(`api/v1/status/tsdb${forwarded(params)}`);
  const all = answers.map(({ data }) => data as HeadStatus);
  if (all.length === 1) return jsonAnswer(all[0]);
  const heads = all.map(({ headStats }) => headStats);
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const added = (pick: (status: HeadStatus) => readonly Stat[]): Stat[] => {
    const totals = new Map<string, number>();
    for (const { name, value } of all.flatMap(pick)) totals.set(name, (totals.get(name) ?? 0) + value);
    return [...totals]
      .map(([name, value]) => ({ name, value }))
      .sort((a, b) => b.value - a.value || compare(a.name, b.name))
      .slice(0, text === '' ? 10 : Number(text));
  };
  return jsonAnswer({
    headStats: {
      numSeries: sum(heads.map(({ numSeries }) => numSeries)),
      numLabelPairs: sum(heads.map(({ numLabelPairs }) => numLabelPairs)),
      chunkCount: sum(heads.map(({ chunkCount }) => chunkCount)),
      minTime: heads.length === 0 ? 0 : Math.min(...heads.map(({ minTime }) => minTime)),
      maxTime: heads.length === 0 ? 0 : Math.max(...heads.map(({ maxTime }) => maxTime)),
    },
    seriesCountByMetricName: added((status) => status.seriesCountByMetricName),
    labelValueCountByLabelName: added((status) => status.labelValueCountByLabelName),
    memoryInBytesByLabelName: added((status) => status.memoryInBytesByLabelName),
    seriesCountByLabelValuePair: added((status) => status.seriesCountByLabelValuePair),
  });
}
