import { LimitExceededError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Keep, RetentionDocument, StoredMatcher } from '../format/retention-document.ts';
import { compileMatcher } from '../promql/syntax/matcher.ts';
import { intersectRanges, subtractRanges, type TimeRange, uniteRanges } from './time-ranges.ts';

/** Value of a label, '' where a series does not have it; external labels of its block included. */
export type LabelOf = (name: string) => string;

/** What applies to a class of series: how long each resolution lives, and until when they are erased. */
export interface Verdict {
  /** Undefined: every resolution for ever. Else one entry a kept resolution; others are not kept. */
  readonly keep: readonly Keep[] | undefined;
  /** Ids of the erasures that take these series. */
  readonly erasures: readonly string[];
  /** Samples before it are erased; -Infinity where nothing is. */
  readonly erasedUntilMs: number;
  /** Policies whose answers differ, of which the longest counts: told to their authors. */
  readonly conflicts: readonly string[];
}

/** A block as far as its retention goes. */
export interface BlockTime extends TimeRange {
  readonly resolutionMs: number;
  /** Time for which blocks of the same series exist at a coarser resolution. */
  readonly coveredAt: (resolutionMs: number) => readonly TimeRange[];
}

/**
 * Retention and erasure of one bucket as pure predicates: queries hide by them at once, rewrites leave out what they hide.
 * Within one policy the first rule that matches counts, over policies the longest time of each resolution, and an
 * erasure beats all. Series fall into few classes with one verdict each.
 */
export class Retention {
  readonly document: RetentionDocument;
  /** The matchers of every rule of every policy in order, then those of every erasure; whoever tells classes numbers them so. */
  readonly matcherSets: readonly (readonly StoredMatcher[])[];
  #compiled: readonly ((label: LabelOf) => boolean)[] | undefined;
  readonly #verdicts = new Map<string, Verdict>();

  constructor(document: RetentionDocument) {
    this.document = document;
    this.matcherSets = [
      ...document.policies.flatMap(({ rules }) => rules.map(({ matchers }) => matchers)),
      ...document.erasures.map(({ matchers }) => matchers),
    ];
  }

  /** Whether a block or server with these external labels is concerned at all. */
  concerns(external: Readonly<Record<string, string>>): boolean {
    return Object.entries(this.document.scope).every(([name, value]) => external[name] === value);
  }

  /** Whether nothing is ever hidden. */
  get isEmpty(): boolean {
    const { policies, erasures, defaultKeep } = this.document;
    return policies.length === 0 && erasures.length === 0 && defaultKeep === undefined;
  }

  /** Every list of resolutions that a rule, or none, may give a series; undefined: for ever. */
  get answers(): readonly (readonly Keep[] | undefined)[] {
    const { policies, defaultKeep } = this.document;
    return [defaultKeep, ...policies.flatMap(({ rules }) => rules.map(({ keep }) => keep))];
  }

  /** The class of a series of which `takes` tells whether the matchers of that number take it; equal for one class. */
  classBy(takes: (set: number) => boolean): string {
    const { policies, erasures } = this.document;
    let set = 0;
    let key = '';
    for (const { rules } of policies) {
      let first = -1;
      for (let at = 0; at < rules.length && first < 0; at++) if (takes(set + at)) first = at;
      key += `${first},`;
      set += rules.length;
    }
    key += ';';
    for (let at = 0; at < erasures.length; at++) if (takes(set + at)) key += `${at},`;
    return key;
  }

  /** The class of a series by its labels. */
  classOf(label: LabelOf): string {
    this.#compiled ??= this.matcherSets.map(compileMatchers);
    const compiled = this.#compiled;
    return this.classBy((set) => compiled[set]!(label));
  }

  /** The same object for all series of a class. Throws LimitExceededError beyond `limits.retentionClasses` classes. */
  verdictOf(key: string): Verdict {
    let verdict = this.#verdicts.get(key);
    if (verdict === undefined) {
      if (this.#verdicts.size >= limits.retentionClasses)
        throw new LimitExceededError(
          `retention of ${this.document.stack}: rules and erasures divide the series into more than ${limits.retentionClasses} classes`,
        );
      const [taken, erased] = key.split(';').map((list) => list.split(',').slice(0, -1).map(Number));
      verdict = this.#verdictOf(taken!, erased!);
      this.#verdicts.set(key, verdict);
    }
    return verdict;
  }

  verdict(label: LabelOf): Verdict {
    return this.verdictOf(this.classOf(label));
  }

  #verdictOf(taken: readonly number[], erased: readonly number[]): Verdict {
    const answers = this.document.policies.flatMap(({ name, rules }, at) => {
      const rule = rules[taken[at]!];
      return rule === undefined ? [] : [{ name, keep: rule.keep }];
    });
    const erasures = erased.map((at) => this.document.erasures[at]!);
    const texts = new Set(answers.map(({ keep }) => keepText(keep)));
    return {
      keep: answers.length === 0 ? this.document.defaultKeep : longest(answers.map(({ keep }) => keep)),
      erasures: erasures.map(({ id }) => id),
      erasedUntilMs: Math.max(Number.NEGATIVE_INFINITY, ...erasures.map(({ untilMs }) => untilMs)),
      conflicts: texts.size > 1 ? answers.map(({ name }) => name) : [],
    };
  }
}

/** Whether a series is taken by all matchers. */
export function compileMatchers(matchers: readonly StoredMatcher[]): (label: LabelOf) => boolean {
  const tests = matchers.map((matcher) => ({ name: matcher.name, accepts: compileMatcher(matcher) }));
  return (label) => tests.every(({ name, accepts }) => accepts(label(name)));
}

function keepText(keep: readonly Keep[]): string {
  return [...longest([keep])].map(({ resolutionMs, durationMs }) => `${resolutionMs}=${durationMs}`).join();
}

/** Per resolution the longest time, finest first. */
function longest(lists: readonly (readonly Keep[])[]): readonly Keep[] {
  const byResolution = new Map<number, number>();
  for (const { resolutionMs, durationMs } of lists.flat())
    byResolution.set(resolutionMs, Math.max(durationMs, byResolution.get(resolutionMs) ?? 0));
  return [...byResolution]
    .map(([resolutionMs, durationMs]) => ({ resolutionMs, durationMs }))
    .sort((a, b) => a.resolutionMs - b.resolutionMs);
}

/** What of a block's time no longer lives for series of one class. Ranges are in order without overlaps. */
export interface Hidden {
  /** Past its retention. */
  readonly past: readonly TimeRange[];
  /** Erased on request. */
  readonly erased: readonly TimeRange[];
  /** Past its retention, but visible until the next coarser resolution that is kept covers it. */
  readonly waiting: readonly TimeRange[];
}

const beginning = Number.NEGATIVE_INFINITY;

/**
 * Decides for one block and one class of series at `nowMs`. Time that a resolution no longer keeps, or never did, is
 * hidden where no coarser resolution is to keep it, and else where the next coarser one that is to keep it does cover it.
 */
export function hiddenTime(verdict: Verdict, block: BlockTime, nowMs: number): Hidden {
  const whole = { startMs: block.startMs, endMs: block.endMs };
  const erased = clip({ startMs: beginning, endMs: erasedUntil(verdict, block.resolutionMs) }, whole);
  const nothing: Hidden = { past: [], erased, waiting: [] };
  if (verdict.keep === undefined) return nothing;
  const cutoff = (resolutionMs: number) => {
    const keep = verdict.keep!.find((each) => each.resolutionMs === resolutionMs);
    return keep === undefined ? Number.POSITIVE_INFINITY : nowMs - keep.durationMs;
  };
  const old = clip({ startMs: beginning, endMs: cutoff(block.resolutionMs) }, whole);
  if (old.length === 0) return nothing;
  const free: TimeRange[] = [];
  // From the finest of the coarser resolutions on: each answers for the time that it keeps and no finer one does.
  let unanswered: readonly TimeRange[] = old;
  for (const { resolutionMs } of longest([verdict.keep])) {
    if (resolutionMs <= block.resolutionMs) continue;
    const kept = { startMs: cutoff(resolutionMs), endMs: Number.POSITIVE_INFINITY };
    const asked = intersectRanges(unanswered, [kept]);
    free.push(...intersectRanges(asked, uniteRanges(block.coveredAt(resolutionMs))));
    unanswered = unanswered.flatMap((range) => subtractRanges(range, [kept]));
  }
  const past = uniteRanges([...free, ...unanswered]);
  const gone = uniteRanges([...past, ...erased]);
  return { past, erased, waiting: old.flatMap((range) => subtractRanges(range, gone)) };
}

/** An aggregate with an erased sample in its window is erased whole; it stands at the end of its window at the latest. */
function erasedUntil({ erasedUntilMs }: Verdict, resolutionMs: number): number {
  return resolutionMs === 0 ? erasedUntilMs : Math.ceil(erasedUntilMs / resolutionMs) * resolutionMs;
}

/**
 * What is hidden of a block for one series by all documents that concern it: what any of them erased, and what is past
 * its retention by every one of them.
 */
export function hiddenByAll(
  retentions: readonly Retention[],
  label: LabelOf,
  block: BlockTime,
  nowMs: number,
): readonly TimeRange[] {
  return hiddenByVerdicts(
    retentions.map((retention) => retention.verdict(label)),
    block,
    nowMs,
  );
}

/** The same of the verdicts of all documents that concern a block on one series. */
export function hiddenByVerdicts(
  verdicts: readonly Verdict[],
  block: BlockTime,
  nowMs: number,
): readonly TimeRange[] {
  const each = verdicts.map((verdict) => hiddenTime(verdict, block, nowMs));
  const [first, ...others] = each;
  if (first === undefined) return [];
  const past = others.reduce((both, { past: own }) => intersectRanges(both, own), first.past);
  return uniteRanges([...past, ...each.flatMap(({ erased }) => erased)]);
}

function clip(range: TimeRange, bounds: TimeRange): readonly TimeRange[] {
  return intersectRanges([range], [bounds]);
}
