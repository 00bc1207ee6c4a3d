import type { BlockMeta } from '../../storage-engine/format/block-meta.ts';

/** Why a block stays on the disk for good, as far as the shipper is concerned. */
export type HeldReason = 'compacted' | 'empty' | 'going';

export interface ShipPlan {
  /** To be shipped, oldest first. */
  readonly ship: readonly BlockMeta[];
  /** In the bucket and still on the disk. */
  readonly uploaded: readonly string[];
  readonly held: readonly { readonly ulid: string; readonly reason: HeldReason }[];
}

/**
 * Which blocks of a data folder go into the bucket. Blocks cut from the head, out-of-order ones too, have level 1. One that
 * Prometheus compacted holds the samples of blocks that were shipped before; where they were not, as in a folder that was
 * filled before there was a shipper, `compacted` ships it too.
 */
export function planShipping(
  blocks: readonly BlockMeta[],
  uploaded: ReadonlySet<string>,
  options: { readonly compacted: boolean },
): ShipPlan {
  const ship: BlockMeta[] = [];
  const held: { ulid: string; reason: HeldReason }[] = [];
  for (const block of blocks) {
    if (uploaded.has(block.ulid)) continue;
    const reason = heldReason(block, options.compacted);
    if (reason === undefined) ship.push(block);
    else held.push({ ulid: block.ulid, reason });
  }
  return { ship, held, uploaded: blocks.map(({ ulid }) => ulid).filter((ulid) => uploaded.has(ulid)) };
}

function heldReason(block: BlockMeta, compacted: boolean): HeldReason | undefined {
  if (block.stats?.numSamples === 0) return 'empty';
  // Its samples are in the block that replaced it.
  if (block.compaction.deletable === true) return 'going';
  return block.compaction.level > 1 && !compacted ? 'compacted' : undefined;
}

/** Milliseconds that the bucket is behind the finished blocks; 0 where nothing is to be shipped. */
export function shippingLagMs(ship: readonly BlockMeta[], nowMs: number): number {
  return ship.reduce((lag, block) => Math.max(lag, nowMs - block.maxTime), 0);
}
