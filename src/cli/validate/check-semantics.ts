import type { ErrorCode } from '../../base/error-catalogue.ts';
import { limits } from '../../base/limits.ts';
import type { AlertRoute } from '../../crds/alert-route.ts';
import type { AlertRuleSet, Rule, RuleGroup } from '../../crds/alert-rule-set.ts';
import type { FieldFault, FieldPath } from '../../crds/fault.ts';
import type { KindName } from '../../crds/kinds.ts';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { Silence } from '../../crds/silence.ts';
import { planWindows } from '../../reconcilers/silence/windows.ts';
import { renderAlertmanager } from '../../render/alertmanager/alertmanager.ts';
import { compileAlertRoute } from '../../render/alertmanager/compile.ts';
import { alertmanagerVersionFault } from '../../render/alertmanager/config.ts';
import { parseMatchers } from '../../render/alertmanager/matcher.ts';
import {
  checkRuleGroup,
  duplicateRules,
  type RuleDialect,
  templateWarnings,
} from '../../render/checks/rule-group.ts';
import { renderConfig } from '../../render/prometheus/config.ts';
import { renderPrometheus } from '../../render/prometheus/prometheus.ts';
import { defaultVersion, versionFault } from '../../render/prometheus/versions.ts';
import type { Severity } from './manifest-fault.ts';
import { parsePath } from './parse-path.ts';

/** `pathText` is the path as the operator writes it, where that says more (`spec.receivers[slack]`). */
export type SemanticFault = FieldFault & { readonly severity: Severity; readonly pathText?: string };

/** What the stacks that may select the objects run. */
export interface Versions {
  readonly prometheus: readonly RuleDialect[];
  readonly alertmanager: readonly { readonly version: string; readonly featureFlags: readonly string[] }[];
  /** `namespace/name` of the AlertRoutes that stacks name as platformRoute. */
  readonly platformRoutes: ReadonlySet<string>;
  /** Schedules are judged from here on. */
  readonly nowMs: number;
}

/**
 * What no schema can say: PromQL, templates, matchers, references. Uses the operator's own checks, so that both say
 * the same. `shape` are the faults of the object's shape; with any of them only those rules are judged that have none.
 */
export function checkSemantics(
  kind: KindName,
  object: unknown,
  versions: Versions,
  shape: readonly FieldFault[],
): readonly SemanticFault[] {
  if (kind === 'AlertRuleSet') return checkRuleSet(object as AlertRuleSet, versions, shape);
  if (shape.length > 0) return [];
  switch (kind) {
    case 'AlertRoute':
      return checkRoute(object as AlertRoute, versions);
    case 'Silence':
      return checkSilence(object as Silence, versions.nowMs);
    case 'MonitoringStack':
      return checkStack(object as MonitoringStack);
  }
}

const asError = (fault: FieldFault): SemanticFault => ({ ...fault, severity: 'error' });

function checkRuleSet(
  object: AlertRuleSet,
  versions: Versions,
  shape: readonly FieldFault[],
): SemanticFault[] {
  const groups = (object.spec as Partial<AlertRuleSet['spec']> | null | undefined)?.groups;
  if (!Array.isArray(groups)) return [];
  return groups.flatMap((group: RuleGroup, index) => {
    const path = ['spec', 'groups', index];
    return soundParts(
      group,
      shape.filter((fault) => startsWith(fault.path, path)),
      path.length,
    ).flatMap(({ part, firstRule }) => checkGroup(part, versions, path, firstRule));
  });
}

/** The whole group, or its sound rules one by one when a part of it has a fault of shape. */
function soundParts(
  group: RuleGroup,
  shape: readonly FieldFault[],
  depth: number,
): { readonly part: RuleGroup; readonly firstRule: number }[] {
  if (shape.length === 0) return [{ part: group, firstRule: 0 }];
  const bad = new Set(shape.map(({ path }) => (path[depth] === 'rules' ? path[depth + 1] : undefined)));
  const rules = (group as Partial<RuleGroup> | null)?.rules;
  if (!Array.isArray(rules) || shape.length >= limits.objectFaults) return [];
  return rules.flatMap((rule: Rule, index) =>
    bad.has(index) ? [] : [{ part: { name: 'group', rules: [rule] }, firstRule: index }],
  );
}

const startsWith = (path: FieldPath, prefix: FieldPath) =>
  prefix.every((part, index) => path[index] === part);

function checkGroup(
  group: RuleGroup,
  versions: Versions,
  path: FieldPath,
  firstRule: number,
): SemanticFault[] {
  const place = (inside: FieldPath): FieldPath =>
    inside[0] === 'rules'
      ? [...path, 'rules', firstRule + Number(inside[1]), ...inside.slice(2)]
      : [...path, ...inside];
  const faults = forEachVersion(versions.prometheus, 'Prometheus', (dialect) =>
    checkRuleGroup(group, dialect),
  );
  return [
    ...faults.map((fault) => asError({ ...fault, path: place(fault.path) })),
    ...forEachVersion(versions.prometheus, 'Prometheus', (dialect) => templateWarnings(group, dialect)).map(
      (fault): SemanticFault => ({ ...fault, path: place(fault.path), severity: 'warning' }),
    ),
    ...duplicateRules(group).map(
      ([later, earlier]): SemanticFault => ({
        path: place(['rules', later]),
        code: 'RuleDuplicate',
        message: `has the name and the labels of rule ${earlier}`,
        severity: 'warning',
      }),
    ),
  ];
}

/** Faults of all versions, each told once; those that only some versions have name these. */
function forEachVersion<V extends { readonly version: string }, F extends FieldFault>(
  versions: readonly V[],
  program: string,
  check: (version: V) => readonly F[],
): F[] {
  const found = new Map<string, { fault: F; versions: string[] }>();
  for (const version of versions)
    for (const fault of check(version)) {
      const key = JSON.stringify([fault.path, fault.code, fault.message]);
      const known = found.get(key);
      if (known === undefined) found.set(key, { fault, versions: [version.version] });
      else known.versions.push(version.version);
    }
  return [...found.values()].map(({ fault, versions: names }) =>
    names.length === versions.length
      ? fault
      : { ...fault, message: `${fault.message} (${program} ${[...new Set(names)].join(', ')})` },
  );
}

/** Settings of the platform that a manifest alone does not show; they count as made. */
const assumedGlobal = Object.fromEntries(
  [
    'smtp_smarthost:mail.invalid:25',
    'smtp_from:alerts@mail.invalid',
    'slack_api_url:https://platform.invalid/',
    'slack_app_url:https://platform.invalid/',
    'slack_app_token:x',
    'opsgenie_api_key:x',
    'victorops_api_key:x',
    'wechat_api_secret:x',
    'wechat_api_corp_id:x',
    'jira_api_url:https://platform.invalid/',
    'rocketchat_token:x',
    'rocketchat_token_id:x',
    'mattermost_webhook_url:https://platform.invalid/',
    'telegram_bot_token:x',
    'webex_api_url:https://platform.invalid/',
  ].map((setting) => {
    const split = setting.indexOf(':');
    return [setting.slice(0, split), setting.slice(split + 1)];
  }),
);

/**
 * The route without certificates and keys of Secrets: their text would be parsed, and is not known here. Everything
 * else keeps its place.
 */
function withoutCertificates(route: AlertRoute): AlertRoute {
  const strip = (value: unknown, parent: string): unknown => {
    if (Array.isArray(value)) {
      const items: readonly unknown[] = value;
      const kept =
        parent === 'secretFields'
          ? items.filter((field) => !/\btls_config\b/.test((field as { path: string }).path))
          : items;
      return kept.map((item) => strip(item, parent));
    }
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).filter(
      ([name, field]) => !(parent === 'tlsConfig' && isSecretValue(field) && /^(ca|cert|key)$/.test(name)),
    );
    return Object.fromEntries(entries.map(([name, field]) => [name, strip(field, name)]));
  };
  return { ...route, spec: { ...route.spec, receivers: strip(route.spec.receivers, '') as never } };
}

const isSecretValue = (value: unknown) =>
  typeof value === 'object' && value !== null && 'secretKeyRef' in value;

function checkRoute(route: AlertRoute, versions: Versions): SemanticFault[] {
  const { namespace = '', name } = route.metadata;
  const scope = versions.platformRoutes.has(`${namespace}/${name}`) ? 'platform' : 'namespace';
  const found = forEachVersion(versions.alertmanager, 'Alertmanager', ({ version, featureFlags }) =>
    compileAlertRoute(withoutCertificates(route), {
      version: version.replace(/^v/, ''),
      featureFlags,
      global: assumedGlobal,
      policy: { allowedHosts: [], refusedHosts: [] },
      // Values of Secrets are not known here; any address or text is taken as good.
      secrets: () => 'https://secret.invalid/',
      scope,
    }).faults.map((fault): FieldFault => ({ ...fault, path: parsePath(fault.path) })),
  );
  // Whether the platform allows the address is for its operator to say.
  return found.map((fault) => ({
    ...fault,
    severity: fault.code === 'AddressRefused' ? 'warning' : 'error',
  }));
}

function checkSilence(silence: Silence, nowMs: number): SemanticFault[] {
  const faults: SemanticFault[] = [];
  for (const [index, text] of silence.spec.matchers.entries()) {
    const result = parseMatchers(text);
    if (!('fault' in result)) continue;
    const { message, column } = result.fault;
    faults.push(
      asError({
        path: ['spec', 'matchers', index],
        code: 'InvalidMatcher',
        message,
        ...(column === undefined ? {} : { line: 1, column }),
      }),
    );
  }
  // When the object will be created is not known; a start long ago makes no fault of any end.
  const { faults: windowFaults } = planWindows(silence.spec, 0, nowMs);
  return [...faults, ...windowFaults.map(fromText)];
}

/** A fault in the operator's words, its path a text. */
function fromText(fault: { path: string; code: ErrorCode | string; message: string }): SemanticFault {
  return {
    path: parsePath(fault.path),
    pathText: fault.path,
    code: fault.code as ErrorCode,
    message: fault.message,
    severity: 'error',
  };
}

/** Renders the stack and keeps the faults: what the operator would leave out. */
function checkStack(written: MonitoringStack): SemanticFault[] {
  const { namespace = 'default', uid = 'none' } = written.metadata;
  const stack = { ...written, metadata: { ...written.metadata, namespace, uid } };
  const agentImage = 'promfleet:any';
  const input = { stack, agentImage, discoveryNamespaces: [] };
  const versionFaults = [
    ['prometheus', versionFault(stack.spec.prometheus?.version ?? defaultVersion)],
    ['alertmanager', alertmanagerVersionFault(stack.spec.alertmanager?.version ?? 'v0.33.1')],
  ].flatMap(([server, message]) =>
    message === undefined
      ? []
      : [{ path: `spec.${server}.version`, code: 'VersionUnsupported' as const, message }],
  );
  const faults = [
    ...versionFaults,
    ...renderPrometheus(input).faults,
    ...renderConfig({ ...input, shard: 0 }).faults,
    ...renderAlertmanager({ stack, agentImage }).faults,
  ];
  const unique = new Map(faults.map((fault) => [JSON.stringify(fault), fault]));
  return [...unique.values()].map(fromText);
}
