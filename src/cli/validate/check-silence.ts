import type { Silence } from '../../crds/silence.ts';
import { planWindows } from '../../reconcilers/silence/windows.ts';
import { parseMatchers } from '../../render/alertmanager/matcher.ts';
import { fromText, type SemanticFault } from './semantic-fault.ts';

export function checkSilence(silence: Silence, nowMs: number): SemanticFault[] {
  const faults: SemanticFault[] = [];
  for (const [index, text] of silence.spec.matchers.entries()) {
    const result = parseMatchers(text);
    if (!('fault' in result)) continue;
    const { message, column } = result.fault;
    faults.push({
      path: ['spec', 'matchers', index],
      code: 'InvalidMatcher',
      message,
      severity: 'error',
      ...(column === undefined ? {} : { line: 1, column }),
    });
  }
  // When the object will be created is not known; a start long ago makes no fault of any end.
  const { faults: windowFaults } = planWindows(silence.spec, 0, nowMs);
  return [...faults, ...windowFaults.map(fromText)];
}
