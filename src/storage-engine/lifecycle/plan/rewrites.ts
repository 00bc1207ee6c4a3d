import { createHash } from 'node:crypto';
import type { Coverage } from '../../retention/coverage.ts';
import type { Folded } from '../../retention/erasure-state.ts';
import { type BlockTime, hiddenTime, type Retention } from '../../retention/retention.ts';
import { type PlannedBlock, plannedCoverable } from './planned-block.ts';

/** A block out of which something may have to go; what it holds of it is seen in its index. */
export interface RewriteJob {
  readonly kind: 'rewrite';
  readonly group: string;
  readonly inputs: readonly [PlannedBlock];
  /** Ids of erasures that it has not gone through. */
  readonly erasures: readonly string[];
  /** Its `retentionStage`. */
  readonly stage: string;
}

/** What a look into the index of a block found that nothing had to go for: kept so that nobody looks twice. */
export interface Looked {
  /** Ids of erasures of which it holds no series. */
  readonly lacks: readonly string[];
  readonly stage: string;
}

/** Everything by which blocks are judged, as of one moment. */
export interface Judgement {
  readonly retentions: readonly Retention[];
  readonly coverage: Coverage<number>;
  readonly nowMs: number;
}

/**
 * Blocks out of which something has to go: series that an erasure may take, or those of a rule by which the whole of the
 * block is past. Pure. What is past in part goes when blocks are compacted, and is hidden until then: a block is rewritten
 * at most once for each rule.
 */
export function planRewrites(
  blocks: readonly PlannedBlock[],
  looked: ReadonlyMap<string, Looked>,
  judgement: Judgement,
): readonly RewriteJob[] {
  const jobs: RewriteJob[] = [];
  for (const block of blocks) {
    const { ulid, group, folded, marks, visibleMs } = block;
    if (marks.deletion || visibleMs > judgement.nowMs) continue;
    const concerned = retentionsOf(judgement.retentions, block);
    if (concerned.length === 0) continue;
    const known = looked.get(ulid);
    const done = new Set([...folded.erasures, ...(known?.lacks ?? [])]);
    const erasures = erasuresOf(concerned, block).filter((id) => !done.has(id));
    const stage = retentionStage(concerned, blockTime(block, judgement.coverage), judgement.nowMs);
    const isDue = stage !== '' && stage !== folded.stage && stage !== known?.stage;
    if (erasures.length > 0 || isDue) jobs.push({ kind: 'rewrite', group, inputs: [block], erasures, stage });
  }
  return jobs;
}

/** The documents that concern a block. */
export function retentionsOf(
  retentions: readonly Retention[],
  { labels }: PlannedBlock,
): readonly Retention[] {
  const external = Object.fromEntries(JSON.parse(labels) as [string, string][]);
  return retentions.filter((retention) => !retention.isEmpty && retention.concerns(external));
}

/** Ids of erasures that reach into the time of a block. */
export function erasuresOf(retentions: readonly Retention[], { minTime }: PlannedBlock): string[] {
  return retentions.flatMap(({ document }) =>
    document.erasures.filter(({ untilMs }) => minTime < untilMs).map(({ id }) => id),
  );
}

export function blockTime(block: PlannedBlock, coverage: Coverage<number>): BlockTime {
  const coverable = plannedCoverable(block);
  return {
    startMs: block.minTime,
    endMs: block.maxTime,
    resolutionMs: block.resolutionMs,
    coveredAt: (resolutionMs) => coverage.of(coverable, resolutionMs),
  };
}

/** Names the rules by which the whole of a block is past, with all that they say; '' where there are none. */
export function retentionStage(retentions: readonly Retention[], block: BlockTime, nowMs: number): string {
  const stages: string[] = [];
  for (const retention of retentions) {
    const whole = retention.answers.flatMap((_, at) =>
      isWhollyPast(retention, at, block, nowMs) ? [at] : [],
    );
    // A series goes only where every document lets it go.
    if (whole.length === 0) return '';
    stages.push(`${digest(retention)}:${whole.join()}`);
  }
  return stages.sort().join(' ');
}

/** Whether the whole of a block is past for series that get this answer. */
export function isWhollyPast(
  { answers }: Retention,
  answer: number,
  block: BlockTime,
  nowMs: number,
): boolean {
  const [range, ...more] = pastOf(answers[answer], block, nowMs);
  return more.length === 0 && range?.startMs === block.startMs && range.endMs === block.endMs;
}

export function pastOf(keep: Retention['answers'][number], block: BlockTime, nowMs: number) {
  const verdict = { keep, erasures: [], erasedUntilMs: Number.NEGATIVE_INFINITY, conflicts: [] };
  return hiddenTime(verdict, block, nowMs).past;
}

const digests = new WeakMap<Retention, string>();

function digest(retention: Retention): string {
  let found = digests.get(retention);
  if (found === undefined) {
    const { stack, defaultKeep, policies } = retention.document;
    const text = JSON.stringify([stack, defaultKeep, policies]);
    found = createHash('sha256').update(text).digest('hex').slice(0, 16);
    digests.set(retention, found);
  }
  return found;
}

/** What stands in a block that is written out of others: everything was left out of each that these documents ask for. */
export function foldedResult(
  inputs: readonly PlannedBlock[],
  judgement: Judgement | undefined,
  time: BlockTime,
  trims: boolean,
): Folded {
  const trimmed = trims || inputs.some(({ folded }) => folded.trimmed);
  if (judgement === undefined) {
    const [first, ...others] = inputs.map(({ folded }) => folded);
    const erasures = first!.erasures.filter((id) => others.every((other) => other.erasures.includes(id)));
    return { erasures, stage: '', trimmed };
  }
  const concerned = [...new Set(inputs.flatMap((block) => retentionsOf(judgement.retentions, block)))];
  const erasures = [
    ...new Set(inputs.flatMap((block) => erasuresOf(retentionsOf(judgement.retentions, block), block))),
  ];
  return {
    erasures,
    trimmed,
    stage: concerned.length === 0 ? '' : retentionStage(concerned, time, judgement.nowMs),
  };
}
