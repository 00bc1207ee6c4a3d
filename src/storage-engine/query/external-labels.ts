import type { LabelMatcher } from '../promql/syntax/ast.ts';
import { compileMatcher } from '../promql/syntax/matcher.ts';

export type Labels = readonly (readonly [string, string])[];

/**
 * What is left of matchers for a source whose series all get `external` labels: matchers on those labels are decided
 * here. Undefined where they refuse, so that the source has nothing to answer.
 */
export function resolveMatchers(
  matchers: readonly LabelMatcher[],
  external: ReadonlyMap<string, string>,
): LabelMatcher[] | undefined {
  const left: LabelMatcher[] = [];
  for (const matcher of matchers) {
    const value = external.get(matcher.name);
    if (value === undefined) left.push(matcher);
    else if (!compileMatcher(matcher)(value)) return undefined;
  }
  return left;
}

/** Labels with the external ones put in, sorted by name; where both have a name, the external value wins. */
export function attachLabels(labels: Labels, external: ReadonlyMap<string, string>): Labels {
  if (external.size === 0) return labels;
  const all = new Map(labels);
  for (const [name, value] of external) all.set(name, value);
  return [...all].sort(([a], [b]) => compareText(a, b));
}

/** Order of label names and values: by UTF-8 bytes, which is by code points and not by UTF-16 units. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // Surrogates stand for code points above all others.
    const rank = (unit: number) => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
    return rank(x) - rank(y);
  }
  return a.length - b.length;
}

export function compareLabels(a: Labels, b: Labels): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const order = compareText(a[i]![0], b[i]![0]) || compareText(a[i]![1], b[i]![1]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}
