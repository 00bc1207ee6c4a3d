import { type Lineage, lineageOf } from '../../format/block-lineage.ts';
import { type BlockMeta, blockResolutionMs, externalLabels } from '../../format/block-meta.ts';
import { type Coverable, Coverage } from '../../retention/coverage.ts';
import { type Folded, foldedInto } from '../../retention/erasure-state.ts';

/** What planning knows of a block: little, as a bucket may hold hundreds of thousands. */
export interface PlannedBlock {
  readonly ulid: string;
  readonly minTime: number;
  readonly maxTime: number;
  readonly resolutionMs: number;
  readonly level: number;
  /** Blocks of one group may become one: same resolution, same labels but for those that tell replicas apart. */
  readonly group: string;
  /** External labels, replica labels included, as JSON of sorted pairs. */
  readonly labels: string;
  /** Of hashes: 53 bits of each ULID, enough to plan by; the whole ones are compared before acting. */
  readonly lineage: Lineage<number>;
  /** Milliseconds since the epoch: from when on the block counts as whole. */
  readonly visibleMs: number;
  readonly failed: boolean;
  readonly tombstoneShare: number;
  /** What was left out when it was written. */
  readonly folded: Folded;
  readonly marks: BlockMarks;
}

export interface BlockMarks {
  readonly deletion: boolean;
  readonly noCompact: boolean;
  readonly noDownsample: boolean;
}

export interface PlanContext {
  readonly replicaLabels: readonly string[];
  readonly consistencyDelayMs: number;
  /** When the store says that the meta.json was written. */
  readonly modifiedMs: number;
  readonly marks: BlockMarks;
}

/** Writers whose blocks are whole as soon as they are seen: they verify what they wrote before meta.json. */
const ownSources = new Set(['compactor', 'compactor.repair', 'bucket.rewrite', 'promfleet']);

export function planBlock(meta: BlockMeta, context: PlanContext): PlannedBlock {
  const labels = Object.entries(externalLabels(meta)).sort(([a], [b]) => (a < b ? -1 : 1));
  const shared = labels.filter(([name]) => !context.replicaLabels.includes(name));
  const resolutionMs = blockResolutionMs(meta);
  const { numSeries = 0, numTombstones = 0 } = meta.stats ?? {};
  return {
    ulid: meta.ulid,
    minTime: meta.minTime,
    maxTime: meta.maxTime,
    resolutionMs,
    level: meta.compaction.level,
    group: `${resolutionMs}@${JSON.stringify(shared)}`,
    labels: JSON.stringify(labels),
    lineage: hashLineage(lineageOf(meta)),
    visibleMs: visibleFrom(meta, context),
    failed: meta.compaction.failed === true,
    tombstoneShare: numTombstones / (numSeries + 1),
    folded: foldedInto(meta),
    marks: context.marks,
  };
}

function visibleFrom(meta: BlockMeta, { consistencyDelayMs, modifiedMs }: PlanContext): number {
  if (ownSources.has(meta.thanos?.source ?? '')) return Number.NEGATIVE_INFINITY;
  const stated = Date.parse(meta.thanos?.upload_time ?? '');
  // A writer whose clock is ahead must not hide its blocks for longer than the store's own time allows.
  return Math.min(Number.isNaN(stated) ? modifiedMs : stated, modifiedMs) + consistencyDelayMs;
}

/** A planned block as far as its retention goes. */
export function plannedCoverable(block: PlannedBlock): Coverable<number> {
  const { minTime, maxTime, resolutionMs, labels, lineage } = block;
  return { startMs: minTime, endMs: maxTime, resolutionMs, labels, roots: lineage.roots };
}

/** What whole blocks that stay cover. */
export function plannedCoverage(blocks: readonly PlannedBlock[], nowMs: number): Coverage<number> {
  const covering = blocks.filter(
    ({ resolutionMs, marks, visibleMs }) => resolutionMs > 0 && !marks.deletion && visibleMs <= nowMs,
  );
  return new Coverage(covering.map(plannedCoverable));
}

export function hashLineage({ sources, roots, all }: Lineage<string>): Lineage<number> {
  const hashed = Float64Array.from(sources, hashUlid).sort();
  // Almost no block is a rewritten one.
  if (all === sources) return { sources: hashed, roots: hashed, all: hashed };
  return {
    sources: hashed,
    roots: Float64Array.from(roots, hashUlid).sort(),
    all: Float64Array.from(all, hashUlid).sort(),
  };
}

/** 53 bits of a ULID: FNV-1a over its characters in two halves (Fowler, Noll, Vo). */
export function hashUlid(ulid: string): number {
  let high = 0x811c9dc5;
  let low = 0x811c9dc5 ^ 0x5bd1e995;
  for (let i = 0; i < ulid.length; i++) {
    const code = ulid.charCodeAt(i);
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low ^ (code + i), 0x01000193);
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}
