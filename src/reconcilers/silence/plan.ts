/**
 * What to do for one Silence in one Alertmanager cluster. The members gossip: a silence is posted to one of them and
 * looked for in each; it is posted again only when gossip has had its time and no member knows it. Pure.
 */
import { type Matcher, printMatcher, sortMatchers } from '../../render/alertmanager/matcher.ts';
import type { LiveSilence, SilenceDraft } from './alertmanager.ts';
import type { Window } from './windows.ts';

/** What one member says; absent `silences`: it does not answer. */
export interface ReplicaView {
  readonly name: string;
  readonly url: string | undefined;
  readonly silences: readonly LiveSilence[] | undefined;
}

export interface Desired {
  readonly windows: readonly Window[];
  readonly matchers: readonly Matcher[];
  readonly createdBy: string;
  /** With the owner's marker. */
  readonly comment: string;
}

export interface ClusterView {
  readonly replicas: readonly ReplicaView[];
  /** Silences with this object's marker are its own. */
  readonly isOwn: (silence: LiveSilence) => boolean;
  /** Ids that the status names: kept in preference where there are several. */
  readonly knownIds: ReadonlySet<string>;
  /** When a post was last tried, or may have been: what it brought may still be on its way. */
  readonly lastPostMs: number;
}

export type Action =
  | { readonly kind: 'post'; readonly url: string; readonly draft: SilenceDraft }
  | { readonly kind: 'expire'; readonly url: string; readonly id: string };

export interface ClusterPlan {
  readonly actions: readonly Action[];
  /** The silence of each desired window, where there is one. */
  readonly kept: readonly { readonly window: Window; readonly silence: LiveSilence }[];
  /** Silences of this object that should not be there (any more). */
  readonly surplus: number;
  /** Every silence of this object that is pending or active, wanted or not. */
  readonly live: readonly LiveSilence[];
  /** A post waits for gossip until then. */
  readonly waitUntilMs: number | undefined;
}

/** Gossip reaches every member within a second; a request may be on its way as long as it may take. */
export const settleMs = 5_000;
/** A member that does not answer may hold what was posted to it, and bring it back with its next exchange of all. */
export const settleUnreachableMs = 20_000;

/** Differences below this are rounding: Alertmanager shows milliseconds. */
const toleranceMs = 1_500;

export function planCluster(desired: Desired, view: ClusterView, nowMs: number): ClusterPlan {
  const target = view.replicas.find(({ url, silences }) => url !== undefined && silences !== undefined)?.url;
  const own = newest(view.replicas).filter((silence) => view.isOwn(silence) && isLive(silence, nowMs));
  const wanted = matcherKey(desired.matchers);
  const free = new Set(own);
  const kept: { window: Window; silence: LiveSilence }[] = [];
  const open: Window[] = [];
  for (const window of desired.windows.filter(({ endsAtMs }) => endsAtMs > nowMs)) {
    // Duplicates are not kept, and go below.
    const [best] = own
      .filter(
        (silence) =>
          free.has(silence) && matcherKey(silence.matchers) === wanted && fits(silence, window, nowMs),
      )
      .sort((a, b) => preference(a, b, view.knownIds, desired));
    if (best === undefined) open.push(window);
    else {
      kept.push({ window, silence: best });
      free.delete(best);
    }
  }
  const actions: Action[] = [];
  let waitUntilMs: number | undefined;
  for (const { window, silence } of kept) {
    if (target !== undefined && !isExact(silence, window, desired)) {
      actions.push({
        kind: 'post',
        url: target,
        draft: { ...draftOf(desired, window, silence), id: silence.id },
      });
    }
  }
  const answering = view.replicas.every(({ silences }) => silences !== undefined);
  const settledMs = view.lastPostMs + (answering ? settleMs : settleUnreachableMs);
  if (target !== undefined && open.length > 0) {
    if (nowMs >= settledMs) {
      for (const window of open) actions.push({ kind: 'post', url: target, draft: draftOf(desired, window) });
    } else waitUntilMs = settledMs;
  }
  // What is surplus still mutes what the new one will: it goes when every answering member has the new one.
  const isCovered = open.length === 0 && kept.every(({ silence }) => isEverywhere(silence, view.replicas));
  for (const silence of isCovered ? free : []) {
    const url = holder(silence, view.replicas);
    if (url !== undefined) actions.push({ kind: 'expire', url, id: silence.id });
  }
  return { actions, kept, surplus: free.size, live: own, waitUntilMs };
}

/** What the members know together: of each silence the latest version, as gossip will settle it. */
export function newest(replicas: readonly ReplicaView[]): readonly LiveSilence[] {
  const merged = new Map<string, LiveSilence>();
  for (const { silences } of replicas) {
    for (const silence of silences ?? []) {
      const known = merged.get(silence.id);
      if (known === undefined || known.updatedAtMs < silence.updatedAtMs) merged.set(silence.id, silence);
    }
  }
  return [...merged.values()];
}

export function isLive(silence: LiveSilence, nowMs: number): boolean {
  return silence.state !== 'expired' && silence.endsAtMs > nowMs;
}

export function matcherKey(matchers: readonly Matcher[]): string {
  return JSON.stringify([...new Set(sortMatchers(matchers).map(printMatcher))]);
}

/** A member that has the silence: others may not know it yet. */
export function holder({ id }: LiveSilence, replicas: readonly ReplicaView[]): string | undefined {
  return replicas.find(({ silences }) =>
    silences?.some((other) => other.id === id && other.state !== 'expired'),
  )?.url;
}

function isEverywhere(silence: LiveSilence, replicas: readonly ReplicaView[]): boolean {
  return replicas.every(
    ({ silences }) =>
      silences === undefined || silences.some(({ id, state }) => id === silence.id && state !== 'expired'),
  );
}

/**
 * Whether a silence is that of the window, exact or only out of place by hand. Windows of one object lie apart from each
 * other, so a start inside the window can belong to no other. A server sets a start in the past to its own now.
 */
function fits(silence: LiveSilence, window: Window, nowMs: number): boolean {
  if (silence.startsAtMs >= window.endsAtMs) return false;
  return window.startsAtMs <= nowMs || silence.startsAtMs >= window.startsAtMs - toleranceMs;
}

function isExact(silence: LiveSilence, window: Window, desired: Desired): boolean {
  return (
    Math.abs(silence.endsAtMs - window.endsAtMs) <= toleranceMs &&
    silence.comment === desired.comment &&
    silence.createdBy === desired.createdBy
  );
}

function preference(a: LiveSilence, b: LiveSilence, knownIds: ReadonlySet<string>, desired: Desired): number {
  const rank = (silence: LiveSilence) =>
    (knownIds.has(silence.id) ? 0 : 2) + (silence.comment === desired.comment ? 0 : 1);
  return rank(a) - rank(b) || a.startsAtMs - b.startsAtMs || (a.id < b.id ? -1 : 1);
}

function draftOf(desired: Desired, window: Window, existing?: LiveSilence): SilenceDraft {
  return {
    matchers: desired.matchers,
    // The start of a running silence is history: another one would make it a new silence.
    startsAtMs: existing?.startsAtMs ?? window.startsAtMs,
    endsAtMs: window.endsAtMs,
    createdBy: desired.createdBy,
    comment: desired.comment,
  };
}
