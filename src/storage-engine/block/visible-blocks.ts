import { lineageOf, relation } from '../format/block-lineage.ts';
import { type BlockMeta, blockResolutionMs, externalLabels } from '../format/block-meta.ts';

/**
 * The blocks that readers see: without those whose samples another block of the same resolution, and of the same labels or
 * some of them, holds, as that one descends from more, and without those that a rewrite replaced.
 */
export function visibleBlocks(metas: readonly BlockMeta[]): BlockMeta[] {
  return [...Map.groupBy(metas, blockResolutionMs).values()].flatMap(withoutCovered);
}

function withoutCovered(group: readonly BlockMeta[]): BlockMeta[] {
  // Only blocks that share an ancestor can cover one another.
  const byAncestor = new Map<string, BlockMeta[]>();
  for (const meta of group) {
    for (const ancestor of Array.from(lineageOf(meta).all)) {
      const list = byAncestor.get(ancestor);
      if (list === undefined) byAncestor.set(ancestor, [meta]);
      else list.push(meta);
    }
  }
  return group.filter((meta) => {
    const { sources, roots } = lineageOf(meta);
    const near = [sources[0]!, roots[0]!];
    return !near.some((ancestor) => byAncestor.get(ancestor)!.some((other) => covers(other, meta)));
  });
}

function covers(other: BlockMeta, meta: BlockMeta): boolean {
  if (other === meta) return false;
  const related = relation(lineageOf(other), lineageOf(meta));
  if (related === undefined) return false;
  // Replicas that were deduplicated to one block, of more sources, lost the labels that told them apart.
  const labels = externalLabels(meta);
  const theirs = Object.entries(externalLabels(other));
  if (!theirs.every(([name, value]) => labels[name] === value)) return false;
  // With equal sources the older block stays, unless it is the same block.
  if (related === 'equal') return theirs.length === Object.keys(labels).length && other.ulid < meta.ulid;
  return true;
}
