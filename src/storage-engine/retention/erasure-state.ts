import type { BlockMeta } from '../format/block-meta.ts';
import type { Erasure } from '../format/retention-document.ts';

/** A block of the bucket that may hold erased samples. */
export interface ErasableBlock {
  readonly ulid: string;
  readonly minTime: number;
  /** Ids of erasures that it went through when it was written. */
  readonly erasures: readonly string[];
  /** It waits for its deletion: readers leave it alone, its objects still exist. */
  readonly marked: boolean;
  /** Ids of erasures of which its index holds no series; empty where nobody has looked. */
  readonly lacks: ReadonlySet<string>;
}

export interface ErasureProgress {
  readonly id: string;
  readonly isHidden: boolean;
  /** ULIDs of blocks that readers use and that may hold it. */
  readonly blocks: readonly string[];
  /** ULIDs of blocks that may hold it and wait for their deletion. */
  readonly marked: readonly string[];
  /** Live servers whose own retention has not ended for it. */
  readonly servers: number;
  /** Whether nothing that can be reached holds it. */
  readonly isClear: boolean;
}

/** What was left out of a block when it was written, by its own meta.json (`thanos.extensions.promfleet`). */
export interface Folded {
  /** Ids of the erasures that its samples went through. */
  readonly erasures: readonly string[];
  /** How far its retention had gone: `retentionStage` of then. */
  readonly stage: string;
  /** Samples went that a coarser resolution alone has: it can no more be made out of this block. */
  readonly trimmed: boolean;
}

const nothingFolded: Folded = { erasures: [], stage: '', trimmed: false };

/** Counts for the block that it was written for alone: Thanos hands extensions on to blocks that it makes of others. */
export function foldedInto(meta: BlockMeta): Folded {
  const { promfleet } = (meta.thanos?.extensions ?? {}) as {
    readonly promfleet?: {
      readonly block?: unknown;
      readonly erasures?: unknown;
      readonly stage?: unknown;
      readonly trimmed?: unknown;
    } | null;
  };
  const { block, erasures, stage, trimmed } = promfleet ?? {};
  if (block !== meta.ulid) return nothingFolded;
  return {
    erasures: Array.isArray(erasures) ? erasures.filter((id) => typeof id === 'string') : [],
    stage: typeof stage === 'string' ? stage : '',
    trimmed: trimmed === true,
  };
}

/** The extensions of a block that is written as `ulid` out of one with `extensions`; what other writers put there stays. */
export function withFolded(
  extensions: unknown,
  ulid: string,
  { erasures, stage, trimmed }: Folded,
): Readonly<Record<string, unknown>> {
  const others = (extensions ?? {}) as { readonly promfleet?: object };
  return {
    ...others,
    promfleet: {
      ...others.promfleet,
      block: ulid,
      erasures: [...new Set(erasures)].sort(),
      ...(stage !== '' && { stage }),
      ...(trimmed && { trimmed }),
    },
  };
}

/** Whether a block may hold samples of an erasure. */
export function mayHold({ minTime, erasures, lacks }: ErasableBlock, { id, untilMs }: Erasure): boolean {
  return minTime < untilMs && !lacks.has(id) && !erasures.includes(id);
}

/** Live servers, and for how long after its time one may still hold a sample: undefined where nothing bounds that. */
export interface LiveServers {
  readonly count: number;
  readonly holdMs: number | undefined;
}

/**
 * How far each erasure is. Hidden once every reader must know it (`hiddenFromMs`: readers refuse to answer on what they
 * knew before), rewritten once no block in use and no server holds it, clear once no block in the bucket does.
 */
export function erasureProgress(
  erasures: readonly Erasure[],
  found: {
    readonly blocks: readonly ErasableBlock[];
    readonly servers: LiveServers;
    /** Since when all readers apply an erasure; Infinity where it is not in the bucket yet. */
    readonly hiddenFromMs: (erasure: Erasure) => number;
  },
  nowMs: number,
): readonly ErasureProgress[] {
  const { count, holdMs = Number.POSITIVE_INFINITY } = found.servers;
  return erasures.map((erasure) => {
    const holding = found.blocks.filter((block) => mayHold(block, erasure));
    const ulids = (marked: boolean) =>
      holding.filter((block) => block.marked === marked).map(({ ulid }) => ulid);
    const servers = nowMs < erasure.untilMs + holdMs ? count : 0;
    const isHidden = nowMs >= found.hiddenFromMs(erasure);
    return {
      id: erasure.id,
      isHidden,
      blocks: ulids(false),
      marked: ulids(true),
      servers,
      isClear: isHidden && holding.length === 0 && servers === 0,
    };
  });
}
