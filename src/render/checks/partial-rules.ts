import { limits } from '../../base/limits.ts';
import type { RuleGroup } from '../../crds/alert-rule-set.ts';
import { type Expr, typeOf, walk } from '../../storage-engine/promql/syntax/ast.ts';
import { parseExpr } from '../../storage-engine/promql/syntax/parse.ts';
import { PromqlSyntaxError } from '../../storage-engine/promql/syntax/syntax-error.ts';
import type { RuleDialect } from './rule-group.ts';

/** A rule whose result depends on series of more than one target. */
export interface PartialRule {
  readonly group: string;
  /** Name of the alert or of the recorded series. */
  readonly rule: string;
  readonly why: string;
}

/** Labels that keep the series of different targets apart: a target is scraped by one shard. */
const targetLabels = ['instance', 'pod'] as const;

/**
 * Rules that combine series of several targets. Each shard of a Prometheus scrapes its own targets and evaluates every rule
 * over those alone, so such a rule does not see what it was written for. Rules that look at one target at a time are
 * the same in any number of shards. What cannot be parsed is left out. At most `limits.objectFaults`.
 */
export function partialRules(groups: readonly RuleGroup[], dialect: RuleDialect): readonly PartialRule[] {
  const rules = groups.flatMap((group) =>
    (group.rules ?? []).flatMap(({ alert, record, expr }) => {
      const parsed = parse(expr, dialect);
      const rule = alert ?? record ?? '';
      return parsed === undefined ? [] : [{ group: group.name, rule, record, expr: parsed }];
    }),
  );
  const found = new Map<(typeof rules)[number], string>();
  for (const rule of rules) {
    const why = combinesTargets(rule.expr);
    if (why !== undefined) found.set(rule, why);
  }
  // What is recorded from a part is a part, and so is what reads it.
  const recorded = new Set([...found.keys()].flatMap(({ record }) => record ?? []));
  for (let known = -1; known !== recorded.size && recorded.size > 0; ) {
    known = recorded.size;
    for (const rule of rules) {
      const source = found.has(rule) ? undefined : namesOf(rule.expr).find((name) => recorded.has(name));
      if (source === undefined) continue;
      found.set(rule, `it reads ${source}, which is recorded of one shard's targets`);
      if (rule.record !== undefined) recorded.add(rule.record);
    }
  }
  return rules
    .flatMap((rule) => {
      const why = found.get(rule);
      return why === undefined ? [] : [{ group: rule.group, rule: rule.rule, why }];
    })
    .slice(0, limits.objectFaults);
}

function parse(text: string, { version, featureFlags }: RuleDialect): Expr | undefined {
  try {
    return parseExpr(text, { version, features: featureFlags }).expr;
  } catch (error) {
    if (error instanceof PromqlSyntaxError) return undefined;
    throw error;
  }
}

/** What in an expression brings series of several targets together; undefined where nothing does. */
function combinesTargets(root: Expr): string | undefined {
  let why: string | undefined;
  let reads = false;
  walk(root, (expr) => {
    if (expr.kind === 'vector') reads = true;
    why ??= reasonOf(expr);
  });
  if (!reads && typeOf(root) === 'vector') return 'it reads no series, so every shard yields it';
  return why;
}

function reasonOf(expr: Expr): string | undefined {
  if (expr.kind === 'aggregate') {
    const kept = expr.without
      ? !targetLabels.some((label) => expr.grouping.includes(label))
      : targetLabels.some((label) => expr.grouping.includes(label));
    return kept ? undefined : `${expr.op} combines the series of several targets`;
  }
  if (expr.kind === 'call') {
    const { name } = expr.func;
    if (name === 'absent' || name === 'absent_over_time')
      return `${name} holds in every shard that does not scrape the series`;
    return name === 'scalar' ? 'scalar needs the one series there is, wherever it is scraped' : undefined;
  }
  const matching = expr.kind === 'binary' ? expr.matching : undefined;
  if (matching === undefined || expr.kind !== 'binary') return undefined;
  // Joins by pod bring together what a pod exposes and what others expose about it.
  const byTarget = matching.labels.includes('instance') === matching.on;
  return byTarget ? undefined : `${expr.op} matches series of different targets`;
}

function namesOf(root: Expr): readonly string[] {
  const names: string[] = [];
  walk(root, (expr) => {
    if (expr.kind !== 'vector') return;
    const matcher = expr.matchers.find(({ name, op }) => name === '__name__' && op === '=');
    names.push(matcher?.value ?? expr.name);
  });
  return names;
}
