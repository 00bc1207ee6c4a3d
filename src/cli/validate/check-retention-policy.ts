import type { RetentionPolicy } from '../../crds/retention-policy.ts';
import { compilePolicy } from '../../reconcilers/retention-policy/compile.ts';
import type { SemanticFault } from './semantic-fault.ts';

export function checkRetentionPolicy(policy: RetentionPolicy): SemanticFault[] {
  const { faults, notes } = compilePolicy(policy);
  return [
    ...faults.map((fault) => ({ ...fault, severity: 'error' as const })),
    ...notes.map((note) => ({ ...note, severity: 'warning' as const })),
  ];
}
