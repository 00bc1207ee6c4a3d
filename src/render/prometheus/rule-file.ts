/** An AlertRuleSet as a rule file of Prometheus. */
import type { RuleGroup } from '../../crds/alert-rule-set.ts';
import type { BundleFile } from '../bundle/slot.ts';
import { reservedLabels, ruleFilePath } from '../names.ts';
import { compact } from '../workload/manifest.ts';
import { toYaml } from './config.ts';

/** A group as it stands in a rule file; also what is kept as the last good text of a group. */
export type RenderedGroup = Readonly<Record<string, unknown>> & { readonly name: string };

/**
 * One group in Prometheus's spelling. Labels of the group are written on its rules, which every version understands;
 * alerts carry the namespace that owns them, whatever the expression yields.
 */
export function renderGroup(namespace: string, group: RuleGroup): RenderedGroup {
  return compact({
    name: group.name,
    interval: group.interval,
    limit: group.limit === 0 ? undefined : group.limit,
    query_offset: group.queryOffset,
    rules: group.rules.map((rule) => {
      const labels = {
        ...group.labels,
        ...rule.labels,
        ...(rule.alert === undefined ? {} : { [reservedLabels.namespace]: namespace }),
      };
      return compact({
        record: rule.record,
        alert: rule.alert,
        expr: rule.expr,
        for: rule.for,
        keep_firing_for: rule.keepFiringFor,
        labels: Object.keys(labels).length === 0 ? undefined : labels,
        annotations: rule.annotations,
      });
    }),
  });
}

const head = 'groups:\n';
/** Ends a document whose last text ends in empty lines. Lines of content are indented. */
const documentEnd = '\n...\n';

/** One group as it stands in the text of a rule file: what takes longest of writing one, so that it can be done elsewhere. */
export function groupText(group: RenderedGroup): string {
  return toYaml({ groups: [group] }).slice(head.length);
}

/** The rule file with the given groups; `meta` is kept in the bundle only. */
export function renderRuleFile(
  set: { readonly namespace: string; readonly name: string },
  groups: readonly RenderedGroup[],
  meta?: Readonly<Record<string, string>>,
): BundleFile {
  return joinRuleFile(set, groups.map(groupText), meta);
}

/** As `renderRuleFile`, of groups that are text already. */
export function joinRuleFile(
  set: { readonly namespace: string; readonly name: string },
  groups: readonly string[],
  meta?: Readonly<Record<string, string>>,
): BundleFile {
  return {
    path: ruleFilePath(set.namespace, set.name),
    content: groups.length === 0 ? 'groups: []\n' : head + joined(groups),
    ...(meta === undefined ? {} : { meta }),
  };
}

function joined(groups: readonly string[]): string {
  const last = groups.length - 1;
  return groups
    .map((text, position) =>
      position < last && text.endsWith(documentEnd) ? text.slice(0, 1 - documentEnd.length) : text,
    )
    .join('');
}
