import { Labels } from '../promql/exec/labels.ts';
import type { LabelMatcher } from '../promql/syntax/ast.ts';
import { compileMatcher } from '../promql/syntax/matcher.ts';

/**
 * What is left of matchers for a source whose series all get `external` labels: matchers on those labels are decided
 * here. Undefined where they refuse, so that the source has nothing to answer.
 */
export function resolveMatchers(
  matchers: readonly LabelMatcher[],
  external: Labels,
): LabelMatcher[] | undefined {
  const left: LabelMatcher[] = [];
  for (const matcher of matchers) {
    const value = external.get(matcher.name);
    if (value === '') left.push(matcher);
    else if (!compileMatcher(matcher)(value)) return undefined;
  }
  return left;
}

/** Labels with the external ones put in; where both have a name, the external value wins. */
export function attachLabels(labels: Labels, external: Labels): Labels {
  return external.pairs.length === 0 ? labels : Labels.from([...labels.entries(), ...external.entries()]);
}
