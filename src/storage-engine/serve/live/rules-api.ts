import { createHash } from 'node:crypto';
import { ApiError, invalidParameter } from '../api-error.ts';
import { jsonMessage } from '../json-text.ts';
import { matchersParam, type Params } from '../params.ts';
import type { Answer } from '../query-api.ts';
import { compare, forwarded, jsonAnswer, type ServerSource, type Text, told, unique } from './merge.ts';

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
