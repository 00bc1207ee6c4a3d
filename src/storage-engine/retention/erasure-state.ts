import type { BlockMeta } from '../format/block-meta.ts';
import type { Erasure } from '../format/retention-document.ts';

/** A block of the bucket that may hold erased samples. */
export interface ErasableBlock {
  readonly meta: BlockMeta;
  /** It waits for its deletion: readers leave it alone, its objects still exist. */
  readonly marked: boolean;
  /** Ids of erasures of which its index holds no series; empty where nobody has looked. */
  readonly lacks: ReadonlySet<string>;
}

/** A live server that may hold erased samples, and the erasures that it has deleted, out-of-order samples included. */
export interface ErasableServer {
  readonly name: string;
  readonly deleted: ReadonlySet<string>;
}

export interface ErasureProgress {
  readonly id: string;
  readonly state: 'Pending' | 'Hidden' | 'Rewritten' | 'Purged';
  /** ULIDs of blocks that readers use and that hold it. */
  readonly blocks: readonly string[];
  /** ULIDs of blocks that hold it and wait for their deletion. */
  readonly marked: readonly string[];
  /** Names of servers that have not deleted it. */
  readonly servers: readonly string[];
}

/** What was left out of a block when it was written, by its own meta.json (`thanos.extensions.promfleet`). */
export interface Folded {
  /** Ids of the erasures that its samples went through. */
  readonly erasures: readonly string[];
  /** How far its retention had gone: `retentionStage` of then. */
  readonly stage: string;
}

const nothingFolded: Folded = { erasures: [], stage: '' };

/** Counts for the block that it was written for alone: Thanos hands extensions on to blocks that it makes of others. */
export function foldedInto(meta: BlockMeta): Folded {
  const { promfleet } = (meta.thanos?.extensions ?? {}) as {
    readonly promfleet?: {
      readonly block?: unknown;
      readonly erasures?: unknown;
      readonly stage?: unknown;
    } | null;
  };
  const { block, erasures, stage } = promfleet ?? {};
  if (block !== meta.ulid) return nothingFolded;
  return {
    erasures: Array.isArray(erasures) ? erasures.filter((id) => typeof id === 'string') : [],
    stage: typeof stage === 'string' ? stage : '',
  };
}

/** The extensions of a block that is written as `ulid` out of one with `extensions`; what other writers put there stays. */
export function withFolded(
  extensions: unknown,
  ulid: string,
  { erasures, stage }: Folded,
): Readonly<Record<string, unknown>> {
  const others = (extensions ?? {}) as { readonly promfleet?: object };
  return {
    ...others,
    promfleet: {
      ...others.promfleet,
      block: ulid,
      erasures: [...new Set(erasures)].sort(),
      ...(stage !== '' && { stage }),
    },
  };
}

/** Whether a block may hold samples of an erasure. */
export function mayHold({ meta, lacks }: ErasableBlock, { id, untilMs }: Erasure): boolean {
  return meta.minTime < untilMs && !lacks.has(id) && !foldedInto(meta).erasures.includes(id);
}

/**
 * How far each erasure is. Hidden once every reader must know it (`hiddenFromMs`: readers refuse to answer on what they
 * knew before), Rewritten once no block in use and no server holds it, Purged once no block in the bucket does.
 */
export function erasureProgress(
  erasures: readonly Erasure[],
  found: {
    readonly blocks: readonly ErasableBlock[];
    readonly servers: readonly ErasableServer[];
    /** Since when all readers apply an erasure; Infinity where it is not in the bucket yet. */
    readonly hiddenFromMs: (erasure: Erasure) => number;
  },
  nowMs: number,
): readonly ErasureProgress[] {
  return erasures.map((erasure) => {
    const holding = found.blocks.filter((block) => mayHold(block, erasure));
    const ulids = (marked: boolean) =>
      holding.filter((block) => block.marked === marked).map(({ meta }) => meta.ulid);
    const blocks = ulids(false);
    const servers = found.servers.filter(({ deleted }) => !deleted.has(erasure.id)).map(({ name }) => name);
    const isHidden = nowMs >= found.hiddenFromMs(erasure);
    const isRewritten = blocks.length === 0 && servers.length === 0;
    const state = !isHidden
      ? 'Pending'
      : !isRewritten
        ? 'Hidden'
        : holding.length > 0
          ? 'Rewritten'
          : 'Purged';
    return { id: erasure.id, state, blocks, marked: ulids(true), servers };
  });
}
