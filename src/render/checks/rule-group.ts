import { limits } from '../../base/limits.ts';
import type { Rule, RuleGroup } from '../../crds/alert-rule-set.ts';
import { type FieldFault, type FieldPath, formatPath, statusFault } from '../../crds/fault.ts';
import type { Fault } from '../../crds/selection-status.ts';
import { parseDuration } from '../../storage-engine/promql/syntax/durations.ts';
import { checkExpr } from '../../storage-engine/promql/syntax/parse.ts';
import { checkTemplate } from '../gotemplate/check.ts';

/** What decides which rules a Prometheus accepts. */
export interface RuleDialect {
  /** Such as `v3.5.3`. */
  readonly version: string;
  readonly featureFlags: readonly string[];
}

/** Labels of this form belong to promfleet. */
const reservedPrefix = 'promfleet_';

/**
 * Everything for which a Prometheus of this version would refuse the group, and reserved labels. Paths begin in the
 * group (`rules`, 2, `expr`). Pure; the shape of the group is already checked. Source of the checks: Prometheus
 * `model/rulefmt` (RuleGroups.Validate, Rule.Validate). At most `limits.objectFaults` faults.
 */
export function checkRuleGroup(group: RuleGroup, dialect: RuleDialect): readonly FieldFault[] {
  const faults = new GroupFaults();
  for (const field of ['interval', 'queryOffset'] as const) checkDuration(group[field], [field], faults);
  checkLabels(group.labels, ['labels'], dialect, faults);
  // They are written on the rules, and the labels of an alert are templates.
  if ((group.rules ?? []).some((rule) => rule.alert !== undefined))
    for (const { fatal, ...fault } of templateFaults(group, dialect)) if (fatal) faults.add(fault);
  for (const [index, rule] of (group.rules ?? []).entries()) {
    if (faults.full) break;
    checkRule(rule, index, dialect, faults);
  }
  return faults.list;
}

/** The faults of a group in the form of a status, the group named instead of counted. */
export function ruleGroupStatusFaults(group: RuleGroup, dialect: RuleDialect): readonly Fault[] {
  return checkRuleGroup(group, dialect).map((fault) => {
    const inside = formatPath(fault.path);
    return { ...statusFault(fault), path: `spec.groups[${group.name}]${inside === '' ? '' : `.${inside}`}` };
  });
}

/** Rules of one group that say the same twice: allowed, but hardly meant. Pairs of the later and the earlier index. */
export function duplicateRules(group: RuleGroup): readonly (readonly [later: number, earlier: number])[] {
  const seen = new Map<string, number>();
  const pairs: [number, number][] = [];
  for (const [index, rule] of (group.rules ?? []).entries()) {
    const labels = Object.entries(rule.labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify([rule.alert, rule.record, labels]);
    const earlier = seen.get(key);
    if (earlier === undefined) seen.set(key, index);
    else pairs.push([index, earlier]);
  }
  return pairs;
}

/**
 * Templates of alerts that Prometheus loads, but that cannot yield what was meant: calls with a wrong number of
 * arguments, constant regular expressions that are none. Paths begin in the group.
 */
export function templateWarnings(group: RuleGroup, dialect: RuleDialect): readonly FieldFault[] {
  const warnings = new GroupFaults();
  for (const [index, rule] of (group.rules ?? []).entries())
    for (const { fatal, ...fault } of rule.alert === undefined ? [] : templateFaults(rule, dialect))
      if (!fatal) warnings.add({ ...fault, path: ['rules', index, ...fault.path] });
  return warnings.list;
}

/** Labels and annotations of an alert are Go templates. Paths begin in the rule or group. */
function* templateFaults(
  rule: Pick<Rule, 'labels' | 'annotations'>,
  { version }: RuleDialect,
): Generator<FieldFault & { fatal: boolean }> {
  for (const field of ['labels', 'annotations'] as const)
    for (const [name, text] of Object.entries(rule[field] ?? {})) {
      if (!text.includes('{{')) continue;
      for (const { message, line, column, fatal } of checkTemplate(text, {
        flavour: 'prometheus',
        version,
      })) {
        const place = { line, column: codePointColumn(text, line, column) };
        yield { path: [field, name], code: 'InvalidTemplate', message, ...place, fatal };
      }
    }
}

/** The column in code points of a column in UTF-8 bytes, both from 1. */
function codePointColumn(text: string, line: number, byteColumn: number): number {
  const bytes = Buffer.from(text.split('\n')[line - 1] ?? '').subarray(0, byteColumn - 1);
  return [...bytes.toString()].length + 1;
}

class GroupFaults {
  readonly list: FieldFault[] = [];

  get full(): boolean {
    return this.list.length >= limits.objectFaults;
  }

  add(fault: FieldFault): void {
    if (!this.full) this.list.push(fault);
  }
}

function checkRule(rule: Rule, index: number, dialect: RuleDialect, faults: GroupFaults): void {
  const at = (...rest: (string | number)[]): FieldPath => ['rules', index, ...rest];
  const what = rule.alert === undefined ? `record ${rule.record}` : `alert ${rule.alert}`;
  const [fault] = checkExpr(rule.expr, { version: dialect.version, features: dialect.featureFlags });
  if (fault !== undefined)
    faults.add({
      path: at('expr'),
      code: 'InvalidExpression',
      message: `${what}: ${fault.reason}`,
      ...positionAt(rule.expr, fault.span.start),
    });
  if (rule.record !== undefined) checkRecordName(rule.record, at('record'), dialect, faults);
  checkDuration(rule.for, at('for'), faults);
  checkDuration(rule.keepFiringFor, at('keepFiringFor'), faults);
  checkLabels(rule.labels, at('labels'), dialect, faults);
  if (rule.alert !== undefined)
    for (const { fatal, ...fault } of templateFaults(rule, dialect))
      if (fatal) faults.add({ ...fault, path: at(...fault.path), message: `${what}: ${fault.message}` });
  for (const name of Object.keys(rule.annotations ?? {}))
    if (!isLabelName(name, dialect))
      faults.add({
        path: at('annotations', name),
        code: 'InvalidLabel',
        message: `${what}: ${JSON.stringify(name)} cannot be the name of an annotation`,
        inKey: true,
      });
}

function checkRecordName(name: string, path: FieldPath, dialect: RuleDialect, faults: GroupFaults): void {
  if (/[{}]/.test(name))
    faults.add({
      path,
      code: 'InvalidMetricName',
      message: 'the name of the recorded series holds braces; labels belong in the field labels',
    });
  else if (isBefore3(dialect) ? !/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name) : !isLabelName(name, dialect))
    faults.add({
      path,
      code: 'InvalidMetricName',
      message: `${JSON.stringify(name)} cannot be the name of a series`,
    });
}

function checkLabels(
  labels: Readonly<Record<string, string>> | undefined,
  path: FieldPath,
  dialect: RuleDialect,
  faults: GroupFaults,
): void {
  for (const name of Object.keys(labels ?? {})) {
    const below = [...path, name];
    if (name.startsWith(reservedPrefix))
      faults.add({
        path: below,
        code: 'ReservedLabel',
        message: `labels that begin with ${reservedPrefix} are set by promfleet alone`,
        inKey: true,
      });
    else if (name === '__name__' || !isLabelName(name, dialect))
      faults.add({
        path: below,
        code: 'InvalidLabel',
        message: `${JSON.stringify(name)} cannot be the name of a label of a rule`,
        inKey: true,
      });
    else if (!labels![name]!.isWellFormed())
      faults.add({ path: below, code: 'InvalidLabel', message: 'the value is no valid Unicode text' });
  }
}

function checkDuration(text: string | undefined, path: FieldPath, faults: GroupFaults): void {
  if (text === undefined) return;
  const result = parseDuration(text);
  if ('reason' in result) faults.add({ path, code: 'InvalidDuration', message: result.reason });
}

/** Prometheus 3 takes any text as a name that is valid UTF-8 and not empty, older ones ASCII words only. */
function isLabelName(name: string, dialect: RuleDialect): boolean {
  return isBefore3(dialect) ? /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) : name !== '' && name.isWellFormed();
}

function isBefore3({ version }: RuleDialect): boolean {
  return /^v?[0-2]\./.test(version);
}

/** Line and column, both from 1, of a UTF-16 index; columns in code points. */
function positionAt(text: string, index: number): { line: number; column: number } {
  const before = text.slice(0, index);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: [...before.slice(lineStart)].length + 1 };
}
