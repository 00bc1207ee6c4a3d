import type { ScannedBlock } from '../block/bucket-scan.ts';
import { lineageOf, relation } from '../format/block-lineage.ts';
import { type BlockMeta, blockResolutionMs, externalLabels } from '../format/block-meta.ts';

export interface RepairAction {
  readonly ulid: string;
  readonly mark: 'deletion' | 'no-compact';
  readonly why: string;
}

/** What reading whole blocks found out. */
export interface CheckedBlock {
  readonly ulid: string;
  readonly corrupt: boolean;
  readonly faults: readonly string[];
}

/**
 * Marks that make a bucket sound again without deleting a sample that lies nowhere else: a block is marked for deletion only
 * where another one, read and sound and not marked itself, descends from all that it descends from. A block that cannot be
 * read is kept from compaction, so that its group goes on without it.
 */
export function planRepair(
  blocks: readonly ScannedBlock[],
  checked: readonly CheckedBlock[],
): readonly RepairAction[] {
  const health = new Map(checked.map((block) => [block.ulid, block]));
  const live = blocks.filter(
    ({ meta, fault, marks }) =>
      meta !== undefined && fault === undefined && !marks.some(({ kind }) => kind === 'deletion'),
  );
  const sound = (block: ScannedBlock) => {
    const found = health.get(block.ulid);
    return found !== undefined && found.faults.length === 0 && block.missing.length === 0;
  };
  const actions: RepairAction[] = [];
  const groups = Map.groupBy(live, ({ meta }) =>
    JSON.stringify([blockResolutionMs(meta!), Object.entries(externalLabels(meta!)).sort()]),
  );
  for (const group of groups.values()) {
    for (const block of group) {
      const owner = group.find(
        (other) => other !== block && sound(other) && covers(other.meta!, block.meta!),
      );
      if (owner !== undefined)
        actions.push({ ulid: block.ulid, mark: 'deletion', why: `all of it is in ${owner.ulid}` });
    }
  }
  const going = new Set(actions.map(({ ulid }) => ulid));
  for (const block of live) {
    const found = health.get(block.ulid);
    const broken = found?.corrupt === true || block.missing.length > 0;
    if (!broken || going.has(block.ulid) || block.marks.some(({ kind }) => kind === 'no-compact')) continue;
    const why = block.missing.length > 0 ? `lacks ${block.missing.join(', ')}` : (found?.faults[0] ?? '');
    actions.push({ ulid: block.ulid, mark: 'no-compact', why });
  }
  return actions;
}

/** Whether `other` holds everything of `block`; of two that descend from the same the older one stays. */
function covers(other: BlockMeta, block: BlockMeta): boolean {
  const related = relation(lineageOf(other), lineageOf(block));
  return related === 'equal' ? other.ulid < block.ulid : related !== undefined;
}
