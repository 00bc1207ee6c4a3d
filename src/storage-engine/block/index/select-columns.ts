import { ascending } from './ascending.ts';
import type { IndexColumns } from './index-columns.ts';
import { labelValueOf, type NamePostings } from './name-postings.ts';
import { intersect, unite } from './postings-sets.ts';
import type { SymbolMatcher } from './symbol-matcher.ts';

/** A matcher is tried on each series rather than on lists when at most one series in this many is left. */
const sparse = 4;

/**
 * Numbers of the series that all matchers take, ascending. An absent label counts as empty. `postings` gives the lists
 * of a name, undefined where no series has it.
 */
export function selectColumns(
  columns: IndexColumns,
  matchers: readonly SymbolMatcher[],
  postings: (name: number) => NamePostings | undefined,
): Uint32Array {
  const rank = (matcher: SymbolMatcher) => (matcher.listed !== undefined ? 0 : matcher.takesEmpty ? 2 : 1);
  let selected: Uint32Array | undefined;
  for (const matcher of [...matchers].sort((a, b) => rank(a) - rank(b))) {
    if (selected?.length === 0) break;
    const name = columns.symbols.find(matcher.matcher.name);
    const fromLists =
      !matcher.takesEmpty && (selected === undefined || selected.length * sparse > columns.count);
    if (!fromLists) {
      selected = filterSeries(columns, selected, name, matcher);
      continue;
    }
    const lists = name === undefined ? undefined : postings(name);
    const found = lists === undefined ? new Uint32Array(0) : listed(columns, lists, matcher);
    selected = selected === undefined ? found : intersect(selected, found);
  }
  return selected ?? ascending(columns.count);
}

/** Union of the lists of the values that a matcher takes. */
function listed(columns: IndexColumns, lists: NamePostings, matcher: SymbolMatcher): Uint32Array {
  const { symbols } = columns;
  const { values, start, list } = lists;
  if (matcher.listed === undefined) {
    const found: Uint32Array[] = [];
    values.forEach((value, i) => {
      if (matcher.takes(value)) found.push(list.subarray(start[i]!, start[i + 1]!));
    });
    return uniteIn(columns.count, found);
  }
  const found: Uint32Array[] = [];
  for (const text of matcher.listed) {
    const id = symbols.find(text);
    const at = id === undefined ? -1 : positionOf(values, id, symbols.orderKeys);
    if (at >= 0) found.push(list.subarray(start[at]!, start[at + 1]!));
  }
  return uniteIn(columns.count, found);
}

/** Union of lists that share no series: by marks where they are long, else by sorting. */
function uniteIn(count: number, lists: readonly Uint32Array[]): Uint32Array {
  const total = lists.reduce((sum, list) => sum + list.length, 0);
  if (lists.length <= 1 || total * 16 < count) return unite(lists);
  const marks = new Uint8Array(count);
  for (const list of lists) for (let i = 0; i < list.length; i++) marks[list[i]!] = 1;
  const out = new Uint32Array(total);
  let at = 0;
  for (let series = 0; series < count; series++) if (marks[series] === 1) out[at++] = series;
  return out.subarray(0, at);
}

function positionOf(values: Uint32Array, id: number, keys: Float64Array): number {
  let low = 0;
  let high = values.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const order = keys[values[middle]!]! - keys[id]!;
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/** Those of the selected series (all, where none is selected yet) whose value of the label the matcher takes. */
function filterSeries(
  { count, labels, labelStart }: IndexColumns,
  selected: Uint32Array | undefined,
  name: number | undefined,
  matcher: SymbolMatcher,
): Uint32Array {
  const length = selected?.length ?? count;
  const out = new Uint32Array(length);
  let kept = 0;
  for (let i = 0; i < length; i++) {
    const series = selected === undefined ? i : selected[i]!;
    const value =
      name === undefined ? -1 : labelValueOf(labels, labelStart[series]!, labelStart[series + 1]!, name);
    if (value < 0 ? matcher.takesEmpty : matcher.takes(value)) out[kept++] = series;
  }
  return out.subarray(0, kept);
}
