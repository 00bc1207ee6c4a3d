import { Environment } from '@marcbachmann/cel-js';
import type { CelRule } from './schema.ts';

/** Rules of our own schemas, compiled once each; their number is fixed. */
const compiled = new Map<string, (context: { self: unknown; oldSelf?: unknown }) => unknown>();
let environment: Environment | undefined;

function compile(rule: string) {
  let evaluate = compiled.get(rule);
  if (evaluate === undefined) {
    environment ??= new Environment().registerVariable('self', 'dyn').registerVariable('oldSelf', 'dyn');
    evaluate = environment.parse(unescapeNames(rule)) as unknown as (context: { self: unknown }) => unknown;
    compiled.set(rule, evaluate);
  }
  return evaluate;
}

/** Whether the rule speaks of a change and so needs the former value. */
export function isTransitionRule(rule: CelRule): boolean {
  return /\boldSelf\b/.test(rule.rule);
}

/** An API server escapes field names that CEL reserves (`__for__`); the evaluator here takes them as they are. */
function unescapeNames(rule: string): string {
  return rule.replace(/\b__([a-z]+)__\b/g, '$1');
}

/**
 * The message of a rule that `self` breaks, else undefined. As in an API server, a rule that cannot be evaluated is
 * broken, and a transition rule is left out where there is no former value.
 */
export function brokenRule(rule: CelRule, self: unknown, oldSelf?: unknown): string | undefined {
  if (isTransitionRule(rule) && oldSelf === undefined) return undefined;
  try {
    return compile(rule.rule)({ self, oldSelf }) === true ? undefined : rule.message;
  } catch {
    return rule.message;
  }
}
