/** Inhibition of one AlertRoute: both sides are held to the object's own namespace. */
import type { InhibitRule } from '../../../crds/alert-route.ts';
import { reservedLabels } from '../../names.ts';
import type { RenderedInhibitRule } from '../fragment.ts';
import { atLeast } from '../version.ts';
import type { FaultList } from './fault.ts';
import { isClassicName, readMatcherTexts } from './route.ts';

export interface InhibitContext {
  readonly faults: FaultList;
  readonly prefix: string;
  readonly version: string;
  readonly classicMode: boolean;
  /** The matcher that holds the object to its namespace; absent for the platform's own object. */
  readonly guard: string | undefined;
}

/** The rendered rule, or undefined when it is at fault. */
export function renderInhibitRule(
  rule: InhibitRule,
  path: string,
  context: InhibitContext,
): RenderedInhibitRule | undefined {
  const { faults, guard, version } = context;
  const before = faults.length;
  const guards = guard === undefined ? [] : [guard];
  const source = readMatcherTexts(rule.sourceMatchers, `${path}.sourceMatchers`, context);
  const target = readMatcherTexts(rule.targetMatchers, `${path}.targetMatchers`, context);
  const asciiOnly = context.classicMode || !atLeast(version, '0.28.0');
  rule.equal?.forEach((name, index) => {
    if (asciiOnly ? !isClassicName(name) : name === '' || !name.isWellFormed()) {
      const message = `${JSON.stringify(name)} is no label name${asciiOnly ? ' for this version and mode' : ''}`;
      faults.add(`${path}.equal[${index}]`, 'InvalidInhibitRule', message);
    }
  });
  if (faults.length > before) return undefined;
  const equal = [
    ...new Set([...(guard === undefined ? [] : [reservedLabels.namespace]), ...(rule.equal ?? [])]),
  ];
  return {
    ...(rule.name === undefined ? {} : { name: context.prefix + rule.name }),
    source_matchers: [...new Set([...guards, ...source])],
    target_matchers: [...new Set([...guards, ...target])],
    ...(equal.length === 0 ? {} : { equal }),
  };
}
