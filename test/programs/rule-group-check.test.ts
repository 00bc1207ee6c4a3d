import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import type { Rule, RuleGroup } from '../../src/crds/alert-rule-set.ts';
import { checkObject } from '../../src/crds/check-object.ts';
import { kindDefinition } from '../../src/crds/kinds.ts';
import { checkRuleGroup } from '../../src/render/checks/rule-group.ts';
import { renderGroup, renderRuleFile } from '../../src/render/prometheus/rule-file.ts';
import { realProgram } from '../support/programs.ts';

/** Whether a real promtool takes each group, rendered as it ships. */
const folder = mkdtempSync(join(tmpdir(), 'promfleet-rule-check-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function promtoolTakes(promtool: string, groups: readonly RuleGroup[]): boolean[] {
  const names = groups.map((group, index) => {
    const name = `g${index}.yaml`;
    const { content } = renderRuleFile({ namespace: 'shop', name: 'x' }, [renderGroup('shop', group)]);
    writeFileSync(join(folder, name), content);
    return name;
  });
  const { stdout, stderr } = spawnSync(promtool, ['check', 'rules', '--lint=none', ...names], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  const parts = `${stdout}`.split(/^Checking /m).slice(1);
  expect(parts, stderr).toHaveLength(groups.length);
  return parts.map((part) => part.includes('SUCCESS'));
}

/** Whether we take it: the schema, then the check of the group; reserved labels are our own rule. */
function weTake(group: RuleGroup, version: string): { readonly takes: boolean; readonly why: string } {
  const shape = checkObject(kindDefinition('AlertRuleSet')!, {
    apiVersion: 'promfleet.dev/v1alpha1',
    kind: 'AlertRuleSet',
    metadata: { name: 'x' },
    spec: { groups: [group] },
  });
  const faults = [
    ...shape,
    ...(shape.length > 0 ? [] : checkRuleGroup(group, { version, featureFlags: [] })),
  ];
  return { takes: faults.length === 0, why: faults.map((fault) => fault.message).join('; ') };
}

const name = fc.constantFrom('A', 'a:b', 'größe', 'with space', 'a{b="c"}', '{', 'x.y', '1a', ':');
const labelName = fc.constantFrom('a', 'a_b', 'ä', 'a.b', '1', '__name__', '', 'severity', 'a"b', '\n');
const expr = fc.constantFrom(
  'up',
  'up == 0',
  'sum(',
  'rate(up)',
  'rate(up[5m])',
  '1 +',
  '{__name__=~"a.*"}',
  '{}',
  'up{a=~"("}',
  '{"my.metric"}',
  'limitk(1, up)',
  '\n  up\n  +\n  1',
  '"text"',
  'up # comment',
  'up offset 5m',
  '(((((up)))))',
);
const span = fc.constantFrom('0', '5m', '1h30m', '1d', '999y', '1m1h', '90', '0s', '1ms', '292y');
const text = fc.constantFrom(
  'plain',
  '{{ $value }}',
  '{{ $labels.x | title }}',
  '{{ $nope }}',
  '{{ nope }}',
  '{{',
  '{{ if }}',
  '{{ range query "up" }}{{ .Value }}{{ end }}',
  '{{ define "x" }}{{ end }}{{ template "y" }}',
  '{{/* c */}}',
  '{{ printf "%f" }}',
  '"\n\'`\\',
  '{{ "a\nb" }}',
  '{{ $externalURL }}',
  '{{ with $x := 1 }}{{ $x }}{{ end }}{{ $x }}',
);
const labels = fc.dictionary(labelName, text, { maxKeys: 2 });
const rare = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const rule: fc.Arbitrary<Rule> = fc
  .record({
    kind: fc.constantFrom('alert', 'record'),
    name,
    expr,
    for: rare(span),
    keepFiringFor: rare(span),
    labels: rare(labels),
    annotations: rare(labels),
  })
  .map(({ kind, name: named, ...rest }) => JSON.parse(JSON.stringify({ [kind]: named, ...rest })) as Rule);
const group: fc.Arbitrary<RuleGroup> = fc
  .record({
    name: fc.constantFrom('g', 'ü', 'a b'),
    interval: rare(span),
    queryOffset: rare(span),
    limit: rare(fc.nat({ max: 3 })),
    labels: rare(labels),
    rules: fc.array(rule, { minLength: 0, maxLength: 2 }),
  })
  .map((value) => JSON.parse(JSON.stringify(value)) as RuleGroup);

/**
 * What we refuse although it never reaches promtool in a form that it refuses: fields of a recording rule that say
 * nothing (`for: 0`, no annotations), labels of a group that each rule overwrites, or that has no rule.
 */
function isStricterByDesign({ rules, labels: shared }: RuleGroup): boolean {
  return (
    rules.some(
      (one) => one.record !== undefined && (one.for ?? one.keepFiringFor ?? one.annotations) !== undefined,
    ) ||
    Object.keys(shared ?? {}).some((key) => rules.every((one) => one.labels?.[key] !== undefined)) ||
    Object.values(shared ?? {}).some((value) => value.includes('{{'))
  );
}

it('a rule group is taken by our checks exactly where a real promtool takes its rendered form, save for what is empty', async () => {
  const promtool = await realProgram('promtool');
  const version = /version (\d+\.\d+\.\d+)/.exec(
    spawnSync(promtool, ['--version'], { encoding: 'utf8' }).stdout,
  )![1]!;
  const groups = fc.sample(group, { numRuns: 4000, seed: 20261121 });
  const verdicts = promtoolTakes(promtool, groups);
  const different = groups.flatMap((one, index) => {
    const ours = weTake(one, version);
    if (ours.takes === verdicts[index] || (!ours.takes && isStricterByDesign(one))) return [];
    return [{ group: JSON.stringify(one), promtool: verdicts[index], ours }];
  });
  expect(different).toEqual([]);
  expect(verdicts.filter(Boolean).length).toBeGreaterThan(50);
});
