import type { Clock } from '../../base/clock.ts';
import { describeError } from '../../base/errors.ts';
import type { Fault } from '../../crds/selection-status.ts';
import type { Silence } from '../../crds/silence.ts';
import { type Matcher, parseMatchers, regexMatches } from '../../render/alertmanager/matcher.ts';
import { finalizer, reservedLabels } from '../../render/names.ts';
import { jsonEqual } from '../json.ts';
import type { KubeObject } from '../object.ts';
import type { EventSink, ObjectWriter } from '../ports.ts';
import type { Verdict } from '../selection.ts';
import { unselectedGraceMs } from '../stages.ts';
import { announceTransitions } from '../transitions.ts';
import { type AlertmanagerApi, type Owner, ownerOf, withMarker } from './alertmanager.ts';
import { SilenceBoard } from './board.ts';
import {
  type Action,
  type ClusterPlan,
  type Desired,
  isLive,
  newest,
  planCluster,
  type ReplicaView,
  settleMs,
} from './plan.ts';
import { type ClusterState, silenceStatus } from './status.ts';
import { planWindows, postAheadMs, type WindowPlan } from './windows.ts';

/** The Alertmanager cluster of one stack, and what the stack says to one Silence. */
export interface SilenceCluster {
  readonly namespace: string;
  readonly name: string;
  readonly verdict: Verdict;
  /** Members that should run; `url` of the web port, absent while the pod has no address. */
  readonly replicas: readonly { readonly name: string; readonly url: string | undefined }[];
}

export interface SilenceReconcilerParts {
  readonly silences: { get(key: string): Silence | undefined; list(): readonly Silence[] };
  /** Every stack with its verdict about this Silence, selected or not. */
  readonly clusters: (silence: Silence) => readonly SilenceCluster[];
  /** The cluster of every stack. */
  readonly allClusters: () => readonly Omit<SilenceCluster, 'verdict'>[];
  readonly api: AlertmanagerApi;
  readonly writer: Pick<ObjectWriter, 'setStatus' | 'setFinalizers'>;
  readonly events: EventSink;
  readonly clock: Clock;
  /** Namespaces whose Silences may mute alerts of every namespace. */
  readonly platformNamespaces: ReadonlySet<string>;
}

/** Drift is found within this time, and repaired at once. */
const checkIntervalMs = 12_000;
/** Time to look whether what was just posted has reached every member. */
const confirmDelayMs = 700;
/** What a deleted object left is looked for this long, often; after that `sweep` finds it. */
const deletionPatienceMs = 120_000;

/** Stacks that do not take the object now, but keep what they have of it. */
const handsOff: ReadonlySet<Verdict['reason']> = new Set(['StackSuspended', 'StackDeleting']);

/** Times by the clock that does not jump. */
interface Memory {
  /** By cluster. */
  readonly lastPostMs: Map<string, number>;
  unselectedSinceMs: number | undefined;
  /** When the object was first found to be gone. */
  goneSinceMs: number | undefined;
  /** Of the object that was looked after last. */
  uid: string | undefined;
}

/** Keeps one Silence in force in every Alertmanager cluster that should have it. */
export class SilenceReconciler {
  readonly #parts: SilenceReconcilerParts;
  readonly #board: SilenceBoard;
  readonly #memories = new Map<string, Memory>();
  /** A process that ended before this one may have posted until then; by the clock that does not jump. */
  readonly #startedMs: number;

  constructor(parts: SilenceReconcilerParts) {
    this.#parts = parts;
    this.#board = new SilenceBoard(parts.api, parts.clock);
    this.#startedMs = parts.clock.monotonicMs();
  }

  async reconcile(key: string): Promise<{ readonly requeueAfterMs?: number } | undefined> {
    const { silences, writer } = this.#parts;
    const object = silences.get(key);
    if (object === undefined) return this.#clearAfter(key);
    // Held back by somebody else's finalizer, or by one that early versions set.
    if (object.metadata.deletionTimestamp !== undefined) {
      const rest = object.metadata.finalizers?.filter((name) => name !== finalizer) ?? [];
      if (rest.length !== (object.metadata.finalizers ?? []).length)
        await writer.setFinalizers(object as unknown as KubeObject, rest);
      return this.#clearAfter(key);
    }
    if (object.spec.suspend === true) return undefined;
    return this.#keep(key, object);
  }

  async #keep(key: string, object: Silence): Promise<{ readonly requeueAfterMs?: number }> {
    const { clock, events, writer } = this.#parts;
    const memory = this.#memory(key);
    const { uid } = object.metadata;
    // Deleted and made again under the same name: the former object's silences are nobody's.
    if (memory.goneSinceMs !== undefined || (memory.uid !== undefined && memory.uid !== uid))
      await this.#sweep(this.#parts.allClusters());
    memory.goneSinceMs = undefined;
    memory.uid = uid;
    const { matchers, faults: matcherFaults } = this.#matchers(object);
    const createdAtMs = Date.parse(object.metadata.creationTimestamp ?? '') || clock.nowMs();
    const schedule = planWindows(object.spec, createdAtMs, clock.nowMs());
    const isSuspended = object.spec.suspend === true;
    const faults = isSuspended ? [] : [...matcherFaults, ...schedule.faults];
    const isLeft = isSuspended || faults.length > 0;
    const desired = desiredOf(object, matchers, schedule);
    const observed = await Promise.all(this.#parts.clusters(object).map((cluster) => this.#observe(cluster)));
    // Time has passed while the members were asked.
    const nowMs = clock.nowMs();
    // Nothing to look after: no window now or within the hour. What is surplus still counts.
    let soonest = desired.windows.some(({ endsAtMs }) => endsAtMs > nowMs)
      ? checkIntervalMs
      : Number.POSITIVE_INFINITY;
    const states: ClusterState[] = [];
    for (const { cluster, replicas } of observed) {
      const { namespace, name, verdict } = cluster;
      const clusterKey = `${namespace}/${name}`;
      // A faulty change leaves what is in force as it is, and so do suspension and a stack that goes anyway.
      const wanted = verdict.selected ? desired : { ...desired, windows: [] };
      const plan = planCluster(wanted, this.#view(object, replicas, memory, clusterKey), nowMs);
      const isHandsOff = verdict.selected ? isLeft : handsOff.has(verdict.reason);
      const actions = isHandsOff ? [] : plan.actions;
      const error = await this.#perform(actions, replicas, memory, clusterKey);
      if (actions.length > 0) soonest = Math.min(soonest, confirmDelayMs);
      // The status shows what is left of it.
      if (isLeft && plan.live.length > 0) soonest = Math.min(soonest, checkIntervalMs);
      if (plan.waitUntilMs !== undefined)
        // A member that does not answer now may do so before the wait is over, and shorten it.
        soonest = Math.min(soonest, Math.max(100, plan.waitUntilMs - nowMs), settleMs / 2);
      if (!isHandsOff && !isConfirmed(plan, replicas)) soonest = Math.min(soonest, settleMs / 2);
      states.push({
        namespace,
        name,
        verdict,
        replicas,
        ...(verdict.selected ? { plan } : {}),
        ...(error === undefined ? {} : { error }),
      });
    }
    const isSelected = states.some(({ verdict }) => verdict.selected);
    const monotonicMs = clock.monotonicMs();
    memory.unselectedSinceMs = isSelected ? undefined : (memory.unselectedSinceMs ?? monotonicMs);
    const status = silenceStatus(
      {
        object,
        faults,
        windows: desired.windows,
        next: schedule.next,
        clusters: states,
        unselectedForMs: memory.unselectedSinceMs === undefined ? 0 : monotonicMs - memory.unselectedSinceMs,
      },
      nowMs,
    );
    if (!jsonEqual(status, object.status)) {
      announceTransitions(
        events,
        object as unknown as KubeObject,
        object.status?.conditions,
        status.conditions,
      );
      await writer.setStatus(object as unknown as KubeObject, status);
    }
    const requeueAfterMs = Math.min(soonest, untilNextEdge(schedule, nowMs), graceLeft(memory, monotonicMs));
    return Number.isFinite(requeueAfterMs) ? { requeueAfterMs } : {};
  }

  /**
   * The object is gone, and what it left in Alertmanagers is expired: again and again until all members agree that nothing
   * is in force, for two minutes at most. No finalizer waits for that: it would hold a namespace back for as long as no
   * operator runs.
   */
  async #clearAfter(key: string): Promise<{ readonly requeueAfterMs: number } | undefined> {
    const { allClusters, clock } = this.#parts;
    const memory = this.#memories.get(key);
    if (memory === undefined) return undefined;
    memory.goneSinceMs ??= clock.monotonicMs();
    const { expired, isComplete } = await this.#sweep(allClusters());
    const nowMs = clock.monotonicMs();
    // What was posted a moment ago may still be on its way.
    const lastPostMs = Math.max(...memory.lastPostMs.values(), Number.NEGATIVE_INFINITY);
    const isSettled = nowMs >= lastPostMs + settleMs;
    const isDone = expired === 0 && isComplete && isSettled;
    if (!isDone && nowMs < memory.goneSinceMs + deletionPatienceMs) return { requeueAfterMs: 1_000 };
    this.#memories.delete(key);
    return undefined;
  }

  /**
   * Expires silences in these clusters whose object is gone: left behind by a deletion that could not wait. Call it now
   * and then, with every stack's cluster, when the cache of Silences is complete.
   */
  async sweep(clusters: readonly Omit<SilenceCluster, 'verdict'>[]): Promise<number> {
    const { expired } = await this.#sweep(clusters);
    this.#board.retain(new Set(clusters.flatMap(({ replicas }) => urlsOf(replicas))));
    return expired;
  }

  /** `isComplete`: every member answered. */
  async #sweep(
    clusters: readonly Omit<SilenceCluster, 'verdict'>[],
  ): Promise<{ readonly expired: number; readonly isComplete: boolean }> {
    const { api, clock, silences } = this.#parts;
    const kept = silences.list().filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const uids = new Set(kept.map(({ metadata }) => metadata.uid));
    let expired = 0;
    let isComplete = true;
    for (const cluster of clusters) {
      const { replicas } = await this.#observe(cluster);
      if (replicas.some((replica) => replica.silences === undefined)) isComplete = false;
      for (const silence of newest(replicas)) {
        const owner = ownerOf(silence.comment);
        if (owner === undefined || uids.has(owner.uid) || !isLive(silence, clock.nowMs())) continue;
        const url = replicas.find((replica) => replica.silences?.some(({ id }) => id === silence.id))?.url;
        if (url === undefined) continue;
        await api.expire(url, silence.id);
        expired++;
        this.#board.forget(urlsOf(replicas));
      }
    }
    return { expired, isComplete };
  }

  async #observe<C extends Pick<SilenceCluster, 'replicas'>>(
    cluster: C,
  ): Promise<{ cluster: C; replicas: readonly ReplicaView[] }> {
    const replicas = await Promise.all(
      cluster.replicas.map(async ({ name, url }): Promise<ReplicaView> => {
        const read = url === undefined ? {} : await this.#board.read(url);
        return { name, url, silences: 'silences' in read ? read.silences : undefined };
      }),
    );
    return { cluster, replicas };
  }

  #view(object: Silence, replicas: readonly ReplicaView[], memory: Memory, clusterKey: string) {
    const { clock } = this.#parts;
    const nowMs = clock.nowMs();
    const { uid } = object.metadata;
    const stack = object.status?.stacks?.find(({ namespace, name }) => `${namespace}/${name}` === clusterKey);
    return {
      replicas,
      isOwn: ({ comment }: { readonly comment: string }) => ownerOf(comment)?.uid === uid,
      knownIds: new Set((stack?.silences ?? []).map(({ id }) => id)),
      lastPostMs: nowMs - (clock.monotonicMs() - (memory.lastPostMs.get(clusterKey) ?? this.#startedMs)),
    };
  }

  /** Returns what the first refusal said. The rest is left for the next time, which looks first. */
  async #perform(
    actions: readonly Action[],
    replicas: readonly ReplicaView[],
    memory: Memory,
    clusterKey: string,
  ): Promise<string | undefined> {
    const { api, clock } = this.#parts;
    if (actions.length === 0) return undefined;
    try {
      for (const action of actions) {
        if (action.kind === 'expire') await api.expire(action.url, action.id);
        else {
          // Before the request: its answer may get lost.
          memory.lastPostMs.set(clusterKey, clock.monotonicMs());
          await api.post(action.url, action.draft);
          memory.lastPostMs.set(clusterKey, clock.monotonicMs());
        }
      }
      return undefined;
    } catch (error) {
      return describeError(error);
    } finally {
      this.#board.forget(urlsOf(replicas));
    }
  }

  #matchers(object: Silence): { readonly matchers: readonly Matcher[]; readonly faults: readonly Fault[] } {
    const { namespace = '' } = object.metadata;
    const faults: Fault[] = [];
    const own = object.spec.matchers.flatMap((text, index) => {
      const result = parseMatchers(text);
      if ('matchers' in result) return result.matchers;
      faults.push({ path: `spec.matchers[${index}]`, code: 'InvalidMatcher', ...result.fault });
      return [];
    });
    const isPlatform = this.#parts.platformNamespaces.has(namespace);
    const forced: Matcher = { name: reservedLabels.namespace, operator: '=', value: namespace };
    const matchers = isPlatform ? own : [...own, forced];
    if (faults.length === 0 && matchers.every(matchesEmpty)) {
      const message = 'at least one matcher must not match an absent label';
      faults.push({ path: 'spec.matchers', code: 'InvalidMatcher', message });
    }
    return { matchers, faults };
  }

  #memory(key: string): Memory {
    let memory = this.#memories.get(key);
    if (memory === undefined) {
      memory = {
        lastPostMs: new Map(),
        unselectedSinceMs: undefined,
        goneSinceMs: undefined,
        uid: undefined,
      };
      this.#memories.set(key, memory);
    }
    return memory;
  }
}

/** Alertmanager refuses silences that would match every alert there is. */
function matchesEmpty({ operator, value }: Matcher): boolean {
  if (operator === '=') return value === '';
  if (operator === '!=') return value !== '';
  return regexMatches(value, '') === (operator === '=~');
}

function desiredOf(object: Silence, matchers: readonly Matcher[], schedule: WindowPlan): Desired {
  const { namespace = '', name, uid = '' } = object.metadata;
  const owner: Owner = { namespace, name, uid };
  return {
    windows: schedule.windows,
    matchers,
    createdBy: object.spec.createdBy ?? `promfleet/${namespace}/${name}`,
    comment: withMarker(object.spec.comment, owner),
  };
}

function isConfirmed(plan: ClusterPlan, replicas: readonly ReplicaView[]): boolean {
  return (
    plan.surplus === 0 &&
    plan.kept.every(({ silence }) =>
      replicas.every(({ silences }) => silences?.some(({ id }) => id === silence.id) ?? true),
    )
  );
}

/** States change at the edges of windows, and a coming one is posted an hour before its start. */
function untilNextEdge({ next }: WindowPlan, nowMs: number): number {
  if (next === undefined) return Number.POSITIVE_INFINITY;
  const edges = [next.startsAtMs - postAheadMs, next.startsAtMs, next.endsAtMs].filter(
    (edge) => edge > nowMs,
  );
  return Math.max(100, Math.min(...edges, Number.POSITIVE_INFINITY) - nowMs);
}

/** The object counts as stalled when no stack has selected it for a while. */
function graceLeft({ unselectedSinceMs }: Memory, nowMs: number): number {
  const leftMs = (unselectedSinceMs ?? Number.NEGATIVE_INFINITY) + unselectedGraceMs - nowMs;
  return leftMs > 0 ? leftMs + 100 : Number.POSITIVE_INFINITY;
}

function urlsOf(replicas: readonly { readonly url: string | undefined }[]): readonly string[] {
  return replicas.flatMap(({ url }) => (url === undefined ? [] : [url]));
}
