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

const plainAlternatives = /^[^\\.+*?()|[\]{}^$]*(?:\|[^\\.+*?()|[\]{}^$]*)*$/;

function compileRegex(pattern: string): (text: string) => boolean {
  if (pattern === '.*') return () => true;
  if (pattern === '.+') return (text) => text !== '';
  if (plainAlternatives.test(pattern)) {
    const values = new Set(pattern.split('|'));
    return (text) => values.has(text);
  }
  const regex = RE2JS.compile(pattern, RE2JS.DOTALL);
  return (text) => regex.matches(text);
}
