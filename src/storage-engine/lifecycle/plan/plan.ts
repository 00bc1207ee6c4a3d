import { relation } from '../../format/block-lineage.ts';
import type { PlannedBlock } from './planned-block.ts';
import { compactionRanges, downsamplings } from './ranges.ts';

/** Work on one group. Jobs of different groups may run at the same time. */
export type Job =
  | { readonly kind: 'compact'; readonly group: string; readonly inputs: readonly PlannedBlock[] }
  | {
      readonly kind: 'downsample';
      readonly group: string;
      readonly inputs: readonly [PlannedBlock];
      readonly resolutionMs: number;
    };

export interface Plan {
  /** At most one for each group, in the order of the groups. */
  readonly jobs: readonly Job[];
  /** Blocks all of whose samples another block holds: that one and this one. */
  readonly superseded: readonly { readonly block: PlannedBlock; readonly by: PlannedBlock }[];
}

export interface PlanOptions {
  readonly nowMs: number;
  readonly ranges?: readonly number[];
  readonly downsample?: boolean;
}

/** Share of series with deletions from which on a large block is rewritten without them. */
const tombstoneShare = 0.05;

/**
 * What to do with the blocks of a bucket. Pure. Blocks that are marked for deletion or not yet whole are left alone; what
 * another block holds is told; of each group the first overlap is merged, else the first range that is complete is
 * compacted, else a long block is downsampled.
 */
export function plan(blocks: readonly PlannedBlock[], options: PlanOptions): Plan {
  const whole = blocks.filter(({ marks, visibleMs }) => !marks.deletion && visibleMs <= options.nowMs);
  const groups = Map.groupBy(whole, ({ group }) => group);
  const superseded: { block: PlannedBlock; by: PlannedBlock }[] = [];
  const kept = new Map<string, PlannedBlock[]>();
  for (const [group, members] of groups) {
    const hidden = findSuperseded(members);
    superseded.push(...hidden);
    const gone = new Set(hidden.map(({ block }) => block));
    kept.set(
      group,
      members
        .filter((block) => !gone.has(block))
        .sort((a, b) => a.minTime - b.minTime || a.maxTime - b.maxTime || (a.ulid < b.ulid ? -1 : 1)),
    );
  }
  const jobs: Job[] = [];
  for (const group of [...kept.keys()].sort()) {
    const members = kept.get(group)!;
    const coarser = coarserOf(group, members, kept);
    const inputs = planCompaction(members, options.ranges ?? compactionRanges, coarser);
    if (inputs.length > 0) jobs.push({ kind: 'compact', group, inputs });
    else if (options.downsample !== false) {
      const job = planDownsampling(group, members, coarser);
      if (job !== undefined) jobs.push(job);
    }
  }
  return { jobs, superseded };
}

/** Blocks of one group that descend from no more than another does, or that another was rewritten from. */
function findSuperseded(members: readonly PlannedBlock[]): { block: PlannedBlock; by: PlannedBlock }[] {
  const byAncestor = new Map<number, PlannedBlock[]>();
  for (const block of members) {
    const { all } = block.lineage;
    for (let at = 0; at < all.length; at++) {
      const ancestor = all[at]!;
      const list = byAncestor.get(ancestor);
      if (list === undefined) byAncestor.set(ancestor, [block]);
      else list.push(block);
    }
  }
  return members.flatMap((block) => {
    const { sources, roots } = block.lineage;
    let by: PlannedBlock | undefined;
    // The one that no other supersedes is the one that stays.
    for (const ancestor of roots === sources ? [sources[0]!] : [sources[0]!, roots[0]!])
      for (const other of byAncestor.get(ancestor)!)
        if (supersedes(other, block) && (by === undefined || supersedes(other, by))) by = other;
    return by === undefined ? [] : [{ block, by }];
  });
}

/** Whether `other` holds all that `block` does. Of equals the older stays; replicas are no equals. */
export function supersedes(other: PlannedBlock, block: PlannedBlock): boolean {
  if (other === block) return false;
  const related = relation(other.lineage, block.lineage);
  if (related !== 'equal') return related !== undefined;
  // The deduplicated form of one replica alone has the same sources and fewer labels.
  if (other.labels.length !== block.labels.length) return other.labels.length < block.labels.length;
  return other.ulid < block.ulid;
}

/** Blocks to merge, in the order of time; none where nothing is to do. `members` are in the order of time. */
function planCompaction(
  members: readonly PlannedBlock[],
  ranges: readonly number[],
  coarser: Coarser | undefined,
): readonly PlannedBlock[] {
  const free = members.filter(({ marks }) => !marks.noCompact);
  const overlapping = selectOverlapping(free);
  // Aggregates cannot be merged by sample: overlapping downsampled blocks stay as they are.
  if (overlapping.length > 0 && overlapping[0]!.resolutionMs === 0) return overlapping;
  const newest = members.reduce(
    (best, block) => (best === undefined || block.minTime > best.minTime ? block : best),
    undefined as PlannedBlock | undefined,
  );
  const settled = members.filter((block) => block !== newest);
  const apart = overlapping.length === 0 ? settled : settled.filter((block) => !overlaps(block, members));
  const inRange = selectRange(apart, ranges, coarser);
  if (inRange.length > 0) return inRange;
  const deleted = free.findLast(
    (block) =>
      block !== newest &&
      block.resolutionMs === 0 &&
      block.maxTime - block.minTime >= ranges[Math.floor(ranges.length / 2)]! &&
      block.tombstoneShare > tombstoneShare,
  );
  return deleted === undefined ? [] : [deleted];
}

/** The first blocks that overlap one another, directly or through others. */
function selectOverlapping(members: readonly PlannedBlock[]): PlannedBlock[] {
  let cluster: PlannedBlock[] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const block of members) {
    if (block.minTime >= end) {
      if (cluster.length > 1) return cluster;
      cluster = [];
    }
    cluster.push(block);
    end = Math.max(end, block.maxTime);
  }
  return cluster.length > 1 ? cluster : [];
}

function overlaps(block: PlannedBlock, members: readonly PlannedBlock[]): boolean {
  return members.some(
    (other) => other !== block && other.minTime < block.maxTime && other.maxTime > block.minTime,
  );
}

/** The first aligned range that holds several blocks and is complete, or before which time has moved on. */
function selectRange(
  members: readonly PlannedBlock[],
  ranges: readonly number[],
  coarser: Coarser | undefined,
): readonly PlannedBlock[] {
  const newestStart = members.at(-1)?.minTime ?? 0;
  for (const range of ranges.slice(1)) {
    for (const part of splitByRange(members, range)) {
      if (part.length < 2 || part.some(({ failed }) => failed)) continue;
      const [minTime, maxTime] = [part[0]!.minTime, part.at(-1)!.maxTime];
      if (maxTime - minTime !== range && maxTime > newestStart) continue;
      // Of what is joined to a trimmed block nothing is downsampled any more.
      const trimmed = part.some(({ folded }) => folded.trimmed);
      if (trimmed && coarser !== undefined && !part.every((block) => coarser.has(block))) continue;
      const run = longestFreeRun(part);
      if (run.length > 1) return run;
    }
  }
  return [];
}

/** Blocks that lie wholly inside aligned ranges, by range; ranges begin at multiples of their length. */
function splitByRange(members: readonly PlannedBlock[], range: number): PlannedBlock[][] {
  const parts = new Map<number, PlannedBlock[]>();
  for (const block of members) {
    const start = Math.floor(block.minTime / range) * range;
    if (block.maxTime > start + range) continue;
    const part = parts.get(start);
    if (part === undefined) parts.set(start, [block]);
    else part.push(block);
  }
  return [...parts.values()];
}

/** The first run of two or more neighbours that may be compacted. */
function longestFreeRun(part: readonly PlannedBlock[]): PlannedBlock[] {
  let run: PlannedBlock[] = [];
  for (const block of part) {
    if (!block.marks.noCompact) {
      run.push(block);
      continue;
    }
    if (run.length > 1) return run;
    run = [];
  }
  return run;
}

/** The step to the next resolution, and whether that has all of a block. */
interface Coarser {
  readonly step: (typeof downsamplings)[number];
  readonly has: (block: PlannedBlock) => boolean;
}

function coarserOf(
  group: string,
  members: readonly PlannedBlock[],
  kept: ReadonlyMap<string, readonly PlannedBlock[]>,
): Coarser | undefined {
  const { resolutionMs = 0 } = members[0] ?? {};
  const step = downsamplings.find(({ fromMs }) => fromMs === resolutionMs);
  if (step === undefined) return undefined;
  let done: Set<number> | undefined;
  const known = () => {
    if (done !== undefined) return done;
    done = new Set();
    for (const { lineage } of kept.get(`${step.toMs}${group.slice(group.indexOf('@'))}`) ?? [])
      for (let at = 0; at < lineage.roots.length; at++) done.add(lineage.roots[at]!);
    return done;
  };
  // What was rewritten since is not downsampled a second time: its roots are those of its original.
  return { step, has: ({ lineage }) => Array.from(lineage.roots).every((root) => known().has(root)) };
}

/** The oldest block that is long enough and some of which is missing at the coarser resolution. */
function planDownsampling(
  group: string,
  members: readonly PlannedBlock[],
  coarser: Coarser | undefined,
): Job | undefined {
  if (coarser === undefined) return undefined;
  const { step, has } = coarser;
  const block = members.find(
    (each) =>
      !each.marks.noDownsample &&
      !each.folded.trimmed &&
      each.maxTime - each.minTime >= step.minRangeMs &&
      !has(each),
  );
  if (block === undefined) return undefined;
  return { kind: 'downsample', group, inputs: [block], resolutionMs: step.toMs };
}
