import { limits } from '../../base/limits.ts';
import type { AlertRuleSet, Rule, RuleGroup } from '../../crds/alert-rule-set.ts';
import type { FieldFault, FieldPath } from '../../crds/fault.ts';
import { checkRuleGroup, duplicateRules, templateWarnings } from '../../render/checks/rule-group.ts';
import { forEachVersion, type SemanticFault, type Versions } from './semantic-fault.ts';

/** With faults of shape only those rules are judged that have none. */
export function checkRuleSet(
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
    ...faults.map((fault) => ({ ...fault, path: place(fault.path), severity: 'error' as const })),
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
