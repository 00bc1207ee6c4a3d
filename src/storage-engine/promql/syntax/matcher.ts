import { RE2JS } from 're2js';
import { limits } from '../../../base/limits.ts';
import type { LabelMatcher } from './ast.ts';

/** Why a text is no regular expression in RE2's syntax, in Go's words; undefined when it is one. */
export function regexFault(pattern: string): string | undefined {
  if (pattern.length > limits.promqlRegexCharacters) {
    return `regular expression longer than ${limits.promqlRegexCharacters} characters`;
  }
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A predicate on label values (an absent label counts as empty). Regular expressions match the whole value. */
export function compileMatcher(matcher: LabelMatcher): (value: string) => boolean {
  const { op, value } = matcher;
  if (op === '=') return (text) => text === value;
  if (op === '!=') return (text) => text !== value;
  const matches = compileRegex(value);
  return op === '=~' ? matches : (text) => !matches(text);
}

/** All values that a positive matcher takes, where they can be listed: of `=` and of plain alternatives. */
export function listedValues({ op, value }: LabelMatcher): readonly string[] | undefined {
  if (op === '=') return [value];
  if (op !== '=~') return undefined;
  const inner = /^\((?:\?:)?([^()]*)\)$/.exec(value)?.[1] ?? value;
  return plainAlternatives.test(inner) ? [...new Set(inner.split('|'))] : undefined;
}

const plainAlternatives = /^[^\\.+*?()|[\]{}^$]*(?:\|[^\\.+*?()|[\]{}^$]*)*$/;

function compileRegex(pattern: string): (text: string) => boolean {
  if (pattern === '.*') return () => true;
  if (pattern === '.+') return (text) => text !== '';
  const listed = listedValues({ op: '=~', name: '', value: pattern });
  if (listed !== undefined) {
    const values = new Set(listed);
    return (text) => values.has(text);
  }
  const regex = RE2JS.compile(pattern, RE2JS.DOTALL);
  return (text) => regex.matches(text);
}

/**
 * What is left of matchers for a source whose series all get `external` labels: matchers on those labels are decided
 * here. Undefined where they refuse, so that the source has nothing to answer.
 */
export function resolveMatchers(
  matchers: readonly LabelMatcher[],
  external: { get(name: string): string | undefined },
): LabelMatcher[] | undefined {
  const left: LabelMatcher[] = [];
  for (const matcher of matchers) {
    const value = external.get(matcher.name) ?? '';
    if (value === '') left.push(matcher);
    else if (!compileMatcher(matcher)(value)) return undefined;
  }
  return left;
}
