import type { AlertRoute } from '../../crds/alert-route.ts';
import type { AlertRuleSet } from '../../crds/alert-rule-set.ts';
import type { FieldFault } from '../../crds/fault.ts';
import type { KindName } from '../../crds/kinds.ts';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { RetentionPolicy } from '../../crds/retention-policy.ts';
import type { Silence } from '../../crds/silence.ts';
import { checkRetentionPolicy } from './check-retention-policy.ts';
import { checkRoute } from './check-route.ts';
import { checkRuleSet } from './check-rule-set.ts';
import { checkSilence } from './check-silence.ts';
import { checkStack } from './check-stack.ts';
import type { SemanticFault, Versions } from './semantic-fault.ts';

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
    case 'RetentionPolicy':
      return checkRetentionPolicy(object as RetentionPolicy);
    case 'MonitoringStack':
      return checkStack(object as MonitoringStack);
  }
}
