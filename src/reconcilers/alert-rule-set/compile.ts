import type { AlertRuleSet, RuleGroup } from '../../crds/alert-rule-set.ts';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { Fault } from '../../crds/selection-status.ts';
import { type PartialRule, partialRules } from '../../render/checks/partial-rules.ts';
import { type RuleDialect as CheckedDialect, ruleGroupStatusFaults } from '../../render/checks/rule-group.ts';
import { groupText, renderGroup } from '../../render/prometheus/rule-file.ts';
import { defaultVersion } from '../../render/prometheus/versions.ts';

/** What decides whether a group can be loaded: a Prometheus version and its feature flags. */
export interface RuleDialect extends CheckedDialect {
  /** Equal for stacks that make the same of a rule. */
  readonly key: string;
  /** The stack has several shards: rules that combine targets are looked for. */
  readonly sharded: boolean;
}

export interface CompiledGroup {
  readonly name: string;
  /** Its text in a rule file; absent when the group has a fault. */
  readonly rendered: string | undefined;
  readonly faults: readonly Fault[];
}

export interface CompiledRuleSet {
  readonly groups: readonly CompiledGroup[];
  /** Rules of groups without a fault that combine targets; empty unless the dialect is sharded. */
  readonly partialRules: readonly PartialRule[];
}

export function dialectOf({ spec }: MonitoringStack): RuleDialect {
  const { version, featureFlags, shards = 1 } = spec.prometheus ?? {};
  return ruleDialect(version, featureFlags, shards > 1);
}

/** What an object that no stack selects is judged by. */
export const defaultDialect: RuleDialect = ruleDialect(undefined, undefined, false);

function ruleDialect(
  version = defaultVersion,
  featureFlags: readonly string[] = [],
  sharded: boolean,
): RuleDialect {
  const key = [version, sharded ? 'sharded' : 'whole', ...[...featureFlags].sort()].join(' ');
  return { version, featureFlags, key, sharded };
}

/** Compiles each group by itself: a fault leaves out its own group only. Pure, and linear in the object's size. */
export function compileRuleSet(
  object: Pick<AlertRuleSet, 'metadata' | 'spec'>,
  dialect: RuleDialect,
): CompiledRuleSet {
  const namespace = object.metadata.namespace ?? '';
  const names = new Set<string>();
  const good: RuleGroup[] = [];
  const groups = (object.spec.groups ?? []).map((group): CompiledGroup => {
    const faults = [...ruleGroupStatusFaults(group, dialect)];
    if (names.has(group.name))
      faults.push({
        path: `spec.groups[${group.name}].name`,
        code: 'DuplicateName',
        message: `group ${JSON.stringify(group.name)} is there twice`,
      });
    names.add(group.name);
    if (faults.length > 0) return { name: group.name, rendered: undefined, faults };
    good.push(group);
    return { name: group.name, rendered: groupText(renderGroup(namespace, group)), faults };
  });
  return { groups, partialRules: dialect.sharded ? partialRules(good, dialect) : [] };
}

/** As `compileRuleSet`; a fault of the checks themselves becomes one of this object, and no other object waits for it. */
export function compileSafely(
  object: Pick<AlertRuleSet, 'metadata' | 'spec'>,
  dialect: RuleDialect,
): CompiledRuleSet {
  try {
    return compileRuleSet(object, dialect);
  } catch (error) {
    return notCheckable(object, 'CheckFailed', `cannot be checked: ${String(error)}`);
  }
}

/** No group of the object is taken; what was good before runs on. */
export function notCheckable(object: Pick<AlertRuleSet, 'spec'>, code: string, why: string): CompiledRuleSet {
  const fault: Fault = { path: 'spec', code, message: `the object ${why}` };
  const groups = Array.isArray(object.spec?.groups) ? object.spec.groups : [];
  return {
    groups: groups.map((group, position) => ({
      name: String(group?.name),
      rendered: undefined,
      faults: position === 0 ? [fault] : [],
    })),
    partialRules: [],
  };
}

/** Size of the work, for choosing a worker: characters of all expressions and templates. */
export function compileSizeChars(object: Pick<AlertRuleSet, 'spec'>): number {
  let size = 0;
  for (const group of object.spec.groups ?? []) {
    for (const rule of group.rules ?? []) {
      size += 64 + rule.expr.length;
      for (const text of Object.values(rule.annotations ?? {})) size += text.length;
      for (const text of Object.values(rule.labels ?? {})) size += text.length;
    }
  }
  return size;
}
