import type { AlertRuleSet, RuleGroup } from '../../crds/alert-rule-set.ts';
import type { Fault } from '../../crds/selection-status.ts';

/** What decides whether a group can be loaded: a Prometheus version and its feature flags. */
export interface RuleDialect {
  /** Equal for stacks that accept the same rules. */
  readonly key: string;
  readonly version: string;
  readonly featureFlags: readonly string[];
}

/** A group in the form of a rule file, ready to be written. */
export type RenderedGroup = Readonly<Record<string, unknown>> & { readonly name: string };

export interface CompiledGroup {
  readonly name: string;
  /** Absent when the group has a fault. */
  readonly rendered: RenderedGroup | undefined;
  readonly faults: readonly Fault[];
}

export interface CompiledRuleSet {
  readonly groups: readonly CompiledGroup[];
}

/** Checks and renders one group in isolation; both are pure. */
export interface RuleGroupCompiler {
  check(group: RuleGroup, position: number, dialect: RuleDialect): readonly Fault[];
  render(group: RuleGroup, namespace: string): RenderedGroup;
}

/** Compiles each group by itself: a fault leaves out its own group only. */
export function compileRuleSet(
  object: Pick<AlertRuleSet, 'metadata' | 'spec'>,
  dialect: RuleDialect,
  compiler: RuleGroupCompiler,
): CompiledRuleSet {
  const namespace = object.metadata.namespace ?? '';
  const names = new Set<string>();
  return {
    groups: (object.spec.groups ?? []).map((group, position): CompiledGroup => {
      const faults = [...compiler.check(group, position, dialect)];
      if (names.has(group.name))
        faults.push({
          path: `spec.groups[${group.name}].name`,
          code: 'DuplicateName',
          message: `group ${JSON.stringify(group.name)} is there twice`,
        });
      names.add(group.name);
      const rendered = faults.length === 0 ? compiler.render(group, namespace) : undefined;
      return { name: group.name, rendered, faults };
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
