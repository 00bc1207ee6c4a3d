import { type BlockMeta, blockResolutionMs, externalLabels } from '../format/block-meta.ts';

/**
 * The blocks that readers see: without those whose samples another block of the same resolution, and of the same labels or
 * some of them, holds, as that one descends from more, and without those that a rewrite replaced.
 */
export function visibleBlocks(metas: readonly BlockMeta[]): BlockMeta[] {
  const rewrites = metas.flatMap(rewritesOf);
  const groups = Map.groupBy(
    metas.filter((meta) => !rewrites.some((rewrite) => replaces(rewrite, meta))),
    blockResolutionMs,
  );
  return [...groups.values()].flatMap(withoutCovered);
}

interface Rewrite {
  readonly by: BlockMeta;
  readonly sources: ReadonlySet<string>;
}

/** The rewrites that made a block, as Thanos notes them: each with the sources of what it read. */
function rewritesOf(by: BlockMeta): Rewrite[] {
  return (by.thanos?.rewrites ?? []).flatMap((rewrite) => {
    const sources = (rewrite as { sources?: unknown } | null)?.sources;
    return Array.isArray(sources) ? [{ by, sources: new Set(sources.map(String)) }] : [];
  });
}

/** An original is hidden as soon as its rewrite is there, whatever the age of their ULIDs says. */
function replaces({ by, sources }: Rewrite, meta: BlockMeta): boolean {
  if (by === meta || blockResolutionMs(by) !== blockResolutionMs(meta)) return false;
  const own = meta.compaction.sources ?? [];
  return sources.has(meta.ulid) || (own.length > 0 && own.every((source) => sources.has(source)));
}

function withoutCovered(group: readonly BlockMeta[]): BlockMeta[] {
  // Only blocks that share a source can cover one another.
  const bySource = new Map<string, BlockMeta[]>();
  for (const meta of group) {
    for (const source of meta.compaction.sources ?? []) {
      const list = bySource.get(source);
      if (list === undefined) bySource.set(source, [meta]);
      else list.push(meta);
    }
  }
  return group.filter((meta) => {
    const [first] = meta.compaction.sources ?? [];
    return first === undefined || !bySource.get(first)!.some((other) => covers(other, meta));
  });
}

function covers(other: BlockMeta, meta: BlockMeta): boolean {
  const sources = meta.compaction.sources ?? [];
  const wider = new Set(other.compaction.sources ?? []);
  if (other === meta || wider.size < sources.length) return false;
  // Replicas that were deduplicated to one block, of more sources, lost the labels that told them apart.
  const labels = externalLabels(meta);
  const theirs = Object.entries(externalLabels(other));
  if (!theirs.every(([name, value]) => labels[name] === value)) return false;
  if (theirs.length < Object.keys(labels).length && wider.size === sources.length) return false;
  if (!sources.every((source) => wider.has(source))) return false;
  // With equal sources the older block stays, unless it is the same block.
  return wider.size > sources.length || other.ulid < meta.ulid;
}
