import type { AlertRuleSet } from '../../crds/alert-rule-set.ts';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { Fault } from '../../crds/selection-status.ts';
import { type RuleDialect as CheckedDialect, ruleGroupStatusFaults } from '../../render/checks/rule-group.ts';
import { type RenderedGroup, renderGroup } from '../../render/prometheus/rule-file.ts';
import { defaultVersion } from '../../render/prometheus/versions.ts';

/** What decides whether a group can be loaded: a Prometheus version and its feature flags. */
export interface RuleDialect extends CheckedDialect {
  /** Equal for stacks that accept the same rules. */
  readonly key: string;
}

export interface CompiledGroup {
  readonly name: string;
  /** Absent when the group has a fault. */
  readonly rendered: RenderedGroup | undefined;
  readonly faults: readonly Fault[];
}

export interface CompiledRuleSet {
  readonly groups: readonly CompiledGroup[];
}

export function dialectOf(stack: MonitoringStack): RuleDialect {
  return ruleDialect(stack.spec.prometheus?.version, stack.spec.prometheus?.featureFlags);
}

/** What an object that no stack selects is judged by. */
export const defaultDialect: RuleDialect = ruleDialect(undefined, undefined);

function ruleDialect(version = defaultVersion, featureFlags: readonly string[] = []): RuleDialect {
  return { version, featureFlags, key: [version, ...[...featureFlags].sort()].join(' ') };
}

/** Compiles each group by itself: a fault leaves out its own group only. Pure, and linear in the object's size. */
export function compileRuleSet(
  object: Pick<AlertRuleSet, 'metadata' | 'spec'>,
  dialect: RuleDialect,
): CompiledRuleSet {
  const namespace = object.metadata.namespace ?? '';
  const names = new Set<string>();
  return {
    groups: (object.spec.groups ?? []).map((group): CompiledGroup => {
      const faults = [...ruleGroupStatusFaults(group, dialect)];
      if (names.has(group.name))
        faults.push({
          path: `spec.groups[${group.name}].name`,
          code: 'DuplicateName',
          message: `group ${JSON.stringify(group.name)} is there twice`,
        });
      names.add(group.name);
      return {
        name: group.name,
        rendered: faults.length === 0 ? renderGroup(namespace, group) : undefined,
        faults,
      };
    }),
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
