import { describe, expect, it } from 'vitest';
import { limits } from '../../base/limits.ts';
import type { Rule, RuleGroup } from '../../crds/alert-rule-set.ts';
import { formatPath } from '../../crds/fault.ts';
import { checkRuleGroup, duplicateRules, ruleGroupStatusFaults, templateWarnings } from './rule-group.ts';

const dialect = { version: 'v3.5.3', featureFlags: [] };
const group = (rules: readonly Rule[], rest: Partial<RuleGroup> = {}): RuleGroup => ({
  name: 'g',
  rules,
  ...rest,
});
const texts = (checked: RuleGroup, options = dialect) =>
  checkRuleGroup(checked, options).map(
    (fault) => `${formatPath(fault.path)}:${fault.line ?? ''}:${fault.column ?? ''} ${fault.code}`,
  );

describe('checkRuleGroup', () => {
  it.each<[string, Rule, string[]]>([
    ['a good alert', { alert: 'A', expr: 'up == 0', for: '5m', labels: { severity: 'page' } }, []],
    ['a good record', { record: 'job:up:sum', expr: 'sum by (job) (up)' }, []],
    ['a UTF-8 record name', { record: 'größe', expr: '1' }, []],
    ['a broken expression', { alert: 'A', expr: 'sum(up' }, ['rules[0].expr:1:7 InvalidExpression']],
    [
      'a broken expression on a later line, after a wide character',
      { alert: 'A', expr: 'up{a="ü"}\n  + 😀' },
      ['rules[0].expr:2:5 InvalidExpression'],
    ],
    ['a wrong type', { alert: 'A', expr: 'rate(up)' }, ['rules[0].expr:1:6 InvalidExpression']],
    ['braces in a record name', { record: 'a{b="c"}', expr: '1' }, ['rules[0].record:: InvalidMetricName']],
    [
      'a reserved label',
      { alert: 'A', expr: '1', labels: { promfleet_namespace: 'x' } },
      ['rules[0].labels.promfleet_namespace:: ReservedLabel'],
    ],
    [
      'the metric name as label',
      { alert: 'A', expr: '1', labels: { __name__: 'x' } },
      ['rules[0].labels.__name__:: InvalidLabel'],
    ],
    [
      'an empty label name',
      { alert: 'A', expr: '1', labels: { '': 'x' } },
      ['rules[0].labels[""]:: InvalidLabel'],
    ],
    [
      'a value that is no Unicode',
      { alert: 'A', expr: '1', labels: { a: '\ud800' } },
      ['rules[0].labels.a:: InvalidLabel'],
    ],
    ['quotes and newlines in values', { alert: 'A', expr: '1', labels: { a: '"\n\'`' } }, []],
    [
      'an empty annotation name',
      { alert: 'A', expr: '1', annotations: { '': 'x' } },
      ['rules[0].annotations[""]:: InvalidLabel'],
    ],
    ['a duration out of range', { alert: 'A', expr: '1', for: '300y' }, ['rules[0].for:: InvalidDuration']],
    [
      'a broken template on the second line, after a wide character',
      { alert: 'A', expr: '1', annotations: { summary: 'x\nü {{ $valu }}' } },
      ['rules[0].annotations.summary:2:12 InvalidTemplate'],
    ],
    [
      'a function that Prometheus lacks',
      { alert: 'A', expr: '1', labels: { a: '{{ nope 1 }}' } },
      ['rules[0].labels.a:1:4 InvalidTemplate'],
    ],
    [
      'a template in a recording rule, which is plain text there',
      { record: 'a', expr: '1', labels: { a: '{{' } },
      [],
    ],
  ])('%s', (_name, rule, faults) => {
    expect(texts(group([rule]))).toEqual(faults);
  });

  it('judges by version and feature flags', () => {
    const limited = group([{ alert: 'A', expr: 'limitk(1, up)' }]);
    expect(texts(limited)).toHaveLength(1);
    expect(
      texts(limited, { version: 'v3.5.3', featureFlags: ['promql-experimental-functions'] as never }),
    ).toEqual([]);
  });

  it('takes the labels of a group for templates where it holds an alert', () => {
    const labels = { a: '{{ nope }}' };
    expect(texts(group([{ record: 'a', expr: '1' }], { labels }))).toEqual([]);
    expect(texts(group([{ alert: 'A', expr: '1' }], { labels }))).toEqual(['labels.a:1:4 InvalidTemplate']);
  });

  it('takes only ASCII words as names before Prometheus 3', () => {
    const modern = group([{ record: 'größe', expr: '1', labels: { 'a.b': 'x' } }], { labels: { c: 'd' } });
    expect(texts(modern)).toEqual([]);
    expect(texts(modern, { version: 'v2.53.5', featureFlags: [] })).toEqual([
      'rules[0].record:: InvalidMetricName',
      'rules[0].labels["a.b"]:: InvalidLabel',
    ]);
  });

  it('checks the fields of the group itself', () => {
    expect(texts(group([], { labels: { promfleet_team: 'x' }, interval: '999y' }))).toEqual([
      'interval:: InvalidDuration',
      'labels.promfleet_team:: ReservedLabel',
    ]);
  });

  it('names a bounded number of faults of 5,000 bad rules, and none of 5,000 good ones', () => {
    const many = (expr: string) => Array.from({ length: 5000 }, (_, index) => ({ alert: `A${index}`, expr }));
    expect(texts(group(many('sum(')))).toHaveLength(limits.objectFaults);
    expect(texts(group(many('sum(rate(http_requests_total{code=~"5.."}[5m])) > 0.05')))).toEqual([]);
  });
});

it('ruleGroupStatusFaults names the group', () => {
  expect(ruleGroupStatusFaults(group([{ alert: 'A', expr: '1 + +' }]), dialect)).toMatchObject([
    { path: 'spec.groups[g].rules[0].expr', line: 1, column: 6, code: 'InvalidExpression' },
  ]);
});

it('duplicateRules finds equal names with equal labels, whatever their order', () => {
  const rules: Rule[] = [
    { alert: 'A', expr: '1', labels: { a: '1', b: '2' } },
    { alert: 'A', expr: '2', labels: { b: '2', a: '1' } },
    { alert: 'A', expr: '3' },
    { record: 'A', expr: '3' },
  ];
  expect(duplicateRules(group(rules))).toEqual([[1, 0]]);
});

it('templateWarnings names what loads but cannot work, which checkRuleGroup lets pass', () => {
  const suspicious = group([{ alert: 'A', expr: '1', annotations: { a: '{{ humanize }}' } }]);
  expect(checkRuleGroup(suspicious, dialect)).toEqual([]);
  expect(templateWarnings(suspicious, dialect)).toMatchObject([
    { path: ['rules', 0, 'annotations', 'a'], code: 'InvalidTemplate', line: 1 },
  ]);
});
