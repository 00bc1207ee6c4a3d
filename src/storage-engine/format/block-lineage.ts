import type { BlockMeta } from './block-meta.ts';

/**
 * What a block descends from, ascending and without repetition. A rewritten block is its own source, so that readers take it
 * for another than its original: what that one descended from stands in `thanos.rewrites`.
 */
export interface Lineage<T extends string | number> {
  /** `compaction.sources`; the block itself where it names none. */
  readonly sources: ArrayLike<T>;
  /** The sources, with those of the original in place of a rewritten block. */
  readonly roots: ArrayLike<T>;
  /** Sources, roots, and the rewritten blocks in between. */
  readonly all: ArrayLike<T>;
}

/** An entry of `thanos.rewrites`: what was rewritten, and what it became, which Thanos itself does not say. */
export interface BlockRewrite {
  readonly sources: readonly string[];
  readonly block?: string;
}

/** The rewrites that a block, or one that it was compacted from, went through; oldest first. */
export function rewritesOf(meta: BlockMeta): readonly BlockRewrite[] {
  const entries = (meta.thanos?.rewrites ?? []).flatMap((entry): BlockRewrite[] => {
    const { sources, block } = (entry ?? {}) as { sources?: unknown; block?: unknown };
    if (!Array.isArray(sources)) return [];
    return [
      { ...(entry as object), sources: sources.map(String), ...(typeof block === 'string' && { block }) },
    ];
  });
  const [only, ...more] = meta.compaction.sources ?? [];
  if (only !== meta.ulid || more.length > 0) return entries;
  // The newest made this block, and each what the next one read.
  let result: string | undefined = meta.ulid;
  const known: BlockRewrite[] = [];
  for (const entry of [...entries].reverse()) {
    const block: string | undefined = entry.block ?? result;
    known.unshift(block === undefined ? entry : { ...entry, block });
    result = entry.sources.length === 1 ? entry.sources[0] : undefined;
  }
  return known;
}

const known = new WeakMap<BlockMeta, Lineage<string>>();

export function lineageOf(meta: BlockMeta): Lineage<string> {
  let found = known.get(meta);
  if (found === undefined) {
    const named = meta.compaction.sources ?? [];
    found = traceLineage(named.length === 0 ? [meta.ulid] : named, rewritesOf(meta));
    known.set(meta, found);
  }
  return found;
}

export function traceLineage(named: readonly string[], rewrites: readonly BlockRewrite[]): Lineage<string> {
  const sources = [...new Set(named)].sort();
  if (rewrites.length === 0) return { sources, roots: sources, all: sources };
  const all = new Set(sources);
  const originals = new Map<string, readonly string[]>();
  for (const rewrite of rewrites) {
    for (const source of rewrite.sources) all.add(source);
    if (rewrite.block !== undefined) originals.set(rewrite.block, rewrite.sources);
  }
  const roots = new Set<string>();
  const seen = new Set<string>();
  const open = [...sources];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const from = originals.get(next);
    if (from === undefined || from.length === 0) roots.add(next);
    else open.push(...from);
  }
  return { sources, roots: [...roots].sort(), all: [...all].sort() };
}

/**
 * How a block stands to another whose samples it holds, as far as they live: it descends from `wider`, is a `later` rewrite
 * of the same, or its `equal`. Undefined where it does not hold them. Never true both ways but for equals.
 */
export function relation<T extends string | number>(
  block: Lineage<T>,
  to: Lineage<T>,
): 'wider' | 'later' | 'equal' | undefined {
  const held = isWithin(to.roots, block.roots);
  const holding = isWithin(block.roots, to.roots);
  if (held && !holding) return 'wider';
  if (holding && !held) return undefined;
  const onTheWay = isWithin(to.sources, block.all);
  if (!held && !onTheWay) return undefined;
  const back = isWithin(block.sources, to.all);
  if (onTheWay && !back) return 'later';
  return back && !onTheWay ? undefined : 'equal';
}

/** Whether all of `part` is in `whole`; both ascending. */
function isWithin<T extends string | number>(part: ArrayLike<T>, whole: ArrayLike<T>): boolean {
  if (part === whole) return true;
  if (part.length > whole.length) return false;
  let at = 0;
  for (let i = 0; i < part.length; i++) {
    while (at < whole.length && whole[at]! < part[i]!) at++;
    if (whole[at] !== part[i]) return false;
  }
  return true;
}
