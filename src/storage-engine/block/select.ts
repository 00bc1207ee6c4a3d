import type { LabelMatcher } from '../promql/syntax/ast.ts';
import { compileMatcher } from '../promql/syntax/matcher.ts';
import type { BlockIndex } from './block-index.ts';
import { intersect, subtract } from './postings-sets.ts';

/**
 * References of the series that all matchers take, ascending. An absent label counts as empty: a matcher that takes the
 * empty value is answered by leaving out the series whose value it refuses.
 */
export async function selectSeries(
  index: BlockIndex,
  matchers: readonly LabelMatcher[],
): Promise<Uint32Array> {
  const compiled = matchers.map((matcher) => ({ matcher, accepts: compileMatcher(matcher) }));
  const including = compiled.filter(({ accepts }) => !accepts(''));
  const excluding = compiled.filter(({ accepts }) => accepts(''));
  // Equality first: it reads one list and may end the work.
  including.sort((a, b) => Number(a.matcher.op !== '=') - Number(b.matcher.op !== '='));

  let selected: Uint32Array | undefined;
  for (const { matcher, accepts } of including) {
    const list =
      matcher.op === '='
        ? await index.postings(matcher.name, matcher.value)
        : await index.postingsWhere(matcher.name, accepts);
    selected = selected === undefined ? list : intersect(selected, list);
    if (selected.length === 0) return selected;
  }
  selected ??= await index.allSeries();
  for (const { matcher, accepts } of excluding) {
    if (selected.length === 0) return selected;
    selected = subtract(selected, await index.postingsWhere(matcher.name, (value) => !accepts(value)));
  }
  return selected;
}
