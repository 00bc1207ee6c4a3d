import { load } from 'js-yaml';
import type { Rule, RuleGroup } from '../../crds/alert-rule-set.ts';
import { type BundleFile, sha256Hex } from '../../render/bundle/slot.ts';
import { groupText, joinRuleFile, type RenderedGroup } from '../../render/prometheus/rule-file.ts';
import type { CompiledRuleSet } from './compile.ts';

/** The file that a rule set becomes in one stack's bundle. */
export interface AssembledFile {
  /** Absent when no group is left. */
  readonly file: BundleFile | undefined;
  /** Identifies the content. */
  readonly contentHash: string | undefined;
  /** Groups that have a fault and run on in their last good version. */
  readonly lastGoodGroups: readonly string[];
}

export interface FileOwner {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * Good groups in their new version, refused ones in the version that `previous` (the file as it lies in the bundle)
 * still holds, if the object is the same one and `isStillGood`. So the bundle itself is the memory of last good
 * versions: it survives restarts, and forgets with its object.
 */
export function assembleRuleFile(
  owner: FileOwner,
  compiled: CompiledRuleSet,
  previous: BundleFile | undefined,
  isStillGood: (group: RuleGroup) => boolean,
): AssembledFile {
  const refused = compiled.groups.filter((group) => group.rendered === undefined);
  const old = refused.length === 0 || previous?.meta?.uid !== owner.uid ? [] : groupsOf(previous.content);
  const lastGoodGroups: string[] = [];
  const groups = new Map<string, string>();
  for (const { name, rendered } of compiled.groups) {
    if (groups.has(name)) continue;
    if (rendered !== undefined) {
      groups.set(name, rendered);
      continue;
    }
    const lastGood = old.find((group) => group.name === name);
    if (lastGood === undefined || !isStillGood(specOf(lastGood))) continue;
    groups.set(name, groupText(lastGood));
    lastGoodGroups.push(name);
  }
  if (groups.size === 0) return { file: undefined, contentHash: undefined, lastGoodGroups };
  const file = joinRuleFile(owner, [...groups.values()], { uid: owner.uid });
  return { file, contentHash: sha256Hex(file.content).slice(0, 16), lastGoodGroups };
}

function groupsOf(content: string): readonly RenderedGroup[] {
  const value = load(content) as { readonly groups?: readonly RenderedGroup[] } | undefined;
  return value?.groups ?? [];
}

/** A rendered group in the spelling of the custom resource, to check it again. */
function specOf(group: RenderedGroup): RuleGroup {
  const { query_offset: queryOffset, rules, ...rest } = group as Record<string, unknown>;
  return {
    ...rest,
    ...(queryOffset === undefined ? {} : { queryOffset }),
    rules: ((rules ?? []) as Record<string, unknown>[]).map((rule) => {
      const { keep_firing_for: keepFiringFor, labels, ...others } = rule;
      const own = Object.entries((labels ?? {}) as Record<string, string>).filter(
        ([name]) => !name.startsWith('promfleet_'),
      );
      return {
        ...others,
        ...(keepFiringFor === undefined ? {} : { keepFiringFor }),
        ...(own.length === 0 ? {} : { labels: Object.fromEntries(own) }),
      } as Rule;
    }),
  } as unknown as RuleGroup;
}
