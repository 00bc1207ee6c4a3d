import { CodedError, describeError } from '../../base/errors.ts';
import type { Labels } from '../promql/exec/labels.ts';
import type { SampleSource, SelectHints, SourceSeries } from '../promql/exec/sample-source.ts';
import type { WindowAnswer, WindowQuery } from '../promql/exec/window-source.ts';
import type { LabelMatcher } from '../promql/syntax/ast.ts';
import { dedupMarginMs, dedupReplicas, expectedReplicas } from '../samples/dedup.ts';
import { mergeColumns, type SampleColumns, sliceColumns } from '../samples/sample-columns.ts';
import { liveHints, mayHaveMoved } from './coverage.ts';
import type { FusedWindows } from './fused/fused-windows.ts';
import type { LiveTail } from './live-tail.ts';
import type { QueryScope, SeriesHolder, ServerAnswer, StoredSeries } from './source.ts';
import type { SelectionEstimate, SourceDescription } from './source-description.ts';
import type { SourceMonitor, SourceRecord } from './source-monitor.ts';
import { ordered } from './text-lists.ts';

/** How answers of several holders become one. */
export interface FederationOptions {
  readonly holders: readonly SeriesHolder[];
  /** Labels that tell HA replicas apart; series that differ in nothing else are one. None: no deduplication. */
  readonly replicaLabels: readonly string[];
  /** Hears how requests to live servers went, and refuses them for a while where they fail in a row. */
  readonly monitor?: SourceMonitor;
  /** Kernels for what they take; absent: all is evaluated generically. */
  readonly kernels?: FusedWindows;
  /** Wall clock: tells how old samples are that are read from a server. Absent: the end of the selection stands for it. */
  readonly nowMs?: () => number;
}

/**
 * All holders as one source for one query. Samples of equal series are joined by timestamp first, so that what both a
 * block and a live server have counts once; replicas are deduplicated after. A holder that fails is told to the scope.
 */
export class FederatedSource implements SampleSource {
  private readonly options: FederationOptions;
  private readonly scope: QueryScope;
  /** The same for the whole query, whatever comes and goes meanwhile. */
  private readonly holders: readonly SeriesHolder[];

  constructor(options: FederationOptions, scope: QueryScope) {
    this.options = options;
    this.scope = scope;
    this.holders = options.holders;
  }

  async select(matchers: readonly LabelMatcher[], hints: SelectHints): Promise<readonly SourceSeries[]> {
    const { replicaLabels } = this.options;
    const dedup = replicaLabels.length > 0;
    const margin = dedup ? dedupMarginMs(expectedReplicas) : 0;
    const wide = { ...hints, startMs: hints.startMs - margin, endMs: hints.endMs + margin };
    const answers = await this.selectAll(matchers, wide);
    const stored = new Map<string, { labels: Labels; parts: SampleColumns[] }>();
    for (const series of answers.flat()) {
      const entry = stored.get(series.labels.key);
      if (entry === undefined)
        stored.set(series.labels.key, { labels: series.labels, parts: [series.columns] });
      else entry.parts.push(series.columns);
    }
    const merged = [...stored.values()].map(({ labels, parts }) => ({
      labels,
      columns: mergeColumns(parts),
    }));
    // A selector that names a replica asks for that one as it is stored, label included.
    const asked = matchers.some(({ name }) => replicaLabels.includes(name));
    const series = dedup && !asked ? this.deduplicated(merged) : merged;
    return series
      .map(({ labels, columns }) => ({ labels, ...sliceColumns(columns, hints.startMs, hints.endMs) }))
      .filter(({ timestamps }) => timestamps.length > 0)
      .sort((a, b) => a.labels.compare(b.labels));
  }

  /**
   * The series of all holders. A live server that ships its blocks to the bucket is read for the time only that those do not
   * cover. Where it may have shipped and deleted some of it while it was read, the blocks are listed and read after
   * it: what it no longer had is there by then.
   */
  private async selectAll(
    matchers: readonly LabelMatcher[],
    hints: SelectHints,
  ): Promise<(readonly StoredSeries[])[]> {
    const plan = await this.livePlan(hints);
    if (plan === undefined) return this.ask((holder) => holder.select(matchers, hints, this.scope));
    const { bucket, live, hintsOf, lists } = plan;
    const read = (holder: SeriesHolder) => {
      const own = holder === bucket ? hints : hintsOf.get(holder);
      return own === undefined ? Promise.resolve([]) : holder.select(matchers, own, this.scope);
    };
    const asked = live.filter((holder) => hintsOf.get(holder) !== undefined);
    if (!lists) return this.ask(read, [bucket, ...asked]);
    const recent = await this.ask(read, asked);
    const stored = await this.ask(
      async (holder) => {
        await holder.listAgain?.();
        return read(holder);
      },
      [bucket],
    );
    return [...stored, ...recent];
  }

  /** What each live server is read for beside the blocks of a bucket; undefined where there is no such question. */
  private async livePlan(hints: SelectHints) {
    const bucket = this.holders.find(({ blockTimes }) => blockTimes !== undefined);
    if (bucket === undefined || this.holders.length === 1) return undefined;
    const live = this.holders.filter((holder) => holder !== bucket);
    const nowMs = this.options.nowMs?.() ?? hints.endMs;
    let lists = false;
    const plan = await this.ask(async (holder) => {
      if (holder.shipping === undefined) return { holder, own: hints };
      const server = await holder.shipping(this.scope);
      // Blocks without labels may be anybody's: only labels tell that a server wrote them.
      const isNamed = server.external.pairs.length > 0;
      const blocks = isNamed ? await bucket.blockTimes!(server.external).catch(() => []) : [];
      const own = liveHints(hints, blocks, { outOfOrderMs: server.outOfOrderMs, nowMs });
      lists ||= mayHaveMoved(own, blocks, nowMs);
      return { holder, own };
    }, live);
    return { bucket, live, hintsOf: new Map(plan.map(({ holder, own }) => [holder, own])), lists };
  }

  /**
   * The holder of blocks, and the live servers that are read beside it with the time of each; undefined where kernels cannot
   * have the series of all of them.
   */
  private async windowSources(hints: SelectHints) {
    const [bucket, ...others] = this.holders.filter(({ selectChunks }) => selectChunks !== undefined);
    const live = this.holders.filter((holder) => holder !== bucket);
    if (others.length > 0 || live.some(({ selectTail }) => selectTail === undefined)) return undefined;
    if (bucket === undefined || live.length === 0)
      return { bucket, live: live.map((holder) => ({ holder, own: hints })), lists: false };
    const plan = await this.livePlan(hints);
    if (plan === undefined) return undefined;
    const asked = live.flatMap((holder) => {
      const own = plan.hintsOf.get(holder);
      return own === undefined ? [] : [{ holder, own }];
    });
    return { bucket, live: asked, lists: plan.lists };
  }

  private deduplicated(
    all: readonly { labels: Labels; columns: SampleColumns }[],
  ): { labels: Labels; columns: SampleColumns }[] {
    const { replicaLabels } = this.options;
    const groups = Map.groupBy(
      all.map((series) => ({ ...series, shared: series.labels.without(replicaLabels) })),
      ({ shared }) => shared.key,
    );
    return [...groups.values()].map((group) => {
      // In a fixed order, so that the same replica is preferred in every query; what compaction has deduplicated, and so
      // has no replica label, before all.
      const ordered = group
        .map((series) => ({ series, replica: series.labels.keep(replicaLabels) }))
        .sort((a, b) => a.replica.compare(b.replica))
        .map(({ series }) => series);
      return { labels: ordered[0]!.shared, columns: dedupReplicas(ordered.map(({ columns }) => columns)) };
    });
  }

  /** On kernels: blocks, and what live servers have beside them as if it were one more block of each. */
  async windows(query: WindowQuery): Promise<WindowAnswer | undefined> {
    const { kernels, replicaLabels } = this.options;
    if (kernels === undefined) return undefined;
    const { matchers, firstMs, rangeMs, stepMs, steps } = query;
    const asked = matchers.some(({ name }) => replicaLabels.includes(name));
    const dedup = replicaLabels.length > 0 && !asked;
    // A replica's samples near the asked time may decide about another's inside.
    const marginMs = dedup ? dedupMarginMs(expectedReplicas) : 0;
    const hints: SelectHints = {
      startMs: firstMs - rangeMs + 1 - marginMs,
      endMs: firstMs + (steps - 1) * stepMs + marginMs,
      ...(query.function !== 'lookback' && { func: query.function }),
      stepMs: steps > 1 ? stepMs : 0,
      windowMs: rangeMs,
    };
    const dropped = dedup ? replicaLabels : [];
    const sources = await this.windowSources(hints);
    if (sources === undefined) return undefined;
    const { bucket, live, lists } = sources;
    const tails: LiveTail[] = [];
    try {
      // As in `selectAll`: blocks are listed after the servers were read.
      if (!(await this.readTails(live, matchers, hints, tails))) return undefined;
      if (lists) await bucket?.listAgain?.();
      const selection =
        bucket === undefined
          ? kernels.joiner.join(tails, dropped, hints)
          : await bucket.selectChunks!(matchers, hints, dropped, this.scope, tails);
      return await kernels.evaluate(query, selection, this.scope);
    } catch (error) {
      // The generic path meets the same fault, and tells it; what is too much for kernels is so for it.
      if (error instanceof CodedError && error.code !== 'LimitExceeded') return undefined;
      throw error;
    } finally {
      for (const { sizeBytes } of tails) this.scope.budget?.take({ bytes: -sizeBytes });
    }
  }

  /** Reads the tails of live servers; false where one has what kernels do not take. */
  private async readTails(
    live: readonly { readonly holder: SeriesHolder; readonly own: SelectHints }[],
    matchers: readonly LabelMatcher[],
    hints: SelectHints,
    tails: LiveTail[],
  ): Promise<boolean> {
    if (live.length === 0) return true;
    const ownOf = new Map(live.map(({ holder, own }) => [holder, own]));
    let isWhole = true;
    await this.ask(
      async (holder) => {
        const own = ownOf.get(holder)!;
        // Where its blocks end, nothing before counts: they may have been changed since.
        const fromMs = own.startMs > hints.startMs ? own.startMs : Number.NEGATIVE_INFINITY;
        const tail = await holder.selectTail!(matchers, own, this.scope, fromMs);
        if (tail === undefined) isWhole = false;
        else tails.push(tail);
      },
      [...ownOf.keys()],
    );
    return isWhole;
  }

  async labelNames(
    selectors: readonly (readonly LabelMatcher[])[],
    hints: SelectHints,
  ): Promise<readonly string[]> {
    const found = await this.ask((holder) => holder.labelNames(selectors, hints, this.scope));
    const { replicaLabels } = this.options;
    return ordered(found.flatMap((each) => [...each])).filter((name) => !replicaLabels.includes(name));
  }

  async labelValues(
    name: string,
    selectors: readonly (readonly LabelMatcher[])[],
    hints: SelectHints,
  ): Promise<readonly string[]> {
    if (this.options.replicaLabels.includes(name)) return [];
    const found = await this.ask((holder) => holder.labelValues(name, selectors, hints, this.scope));
    return ordered(found.flatMap((each) => [...each]));
  }

  async series(selectors: readonly (readonly LabelMatcher[])[], hints: SelectHints): Promise<Labels[]> {
    const found = await this.ask((holder) => holder.series(selectors, hints, this.scope));
    const unique = new Map(
      found
        .flat()
        .map((labels) => labels.without(this.options.replicaLabels))
        .map((labels) => [labels.key, labels]),
    );
    return [...unique.values()].sort((a, b) => a.compare(b));
  }

  /**
   * The same as JSON: objects with commas between, in parts, `limit` at most. Only where one selector asks one holder that
   * knows its series as columns; undefined elsewhere.
   */
  async seriesJson(
    selectors: readonly (readonly LabelMatcher[])[],
    hints: SelectHints,
    limit: number,
  ): Promise<{ readonly rows: Iterable<Uint8Array>; readonly cut: boolean } | undefined> {
    const { holders, replicaLabels } = this.options;
    const [selector, ...others] = selectors;
    if (selector === undefined || others.length > 0) return undefined;
    if (holders.length !== 1 || holders[0]!.selectChunks === undefined) return undefined;
    const [selection] = await this.ask(async (holder) =>
      holder.selectChunks!(selector, hints, replicaLabels, this.scope),
    );
    if (selection === undefined) return { rows: [], cut: false };
    const count = selection.present.reduce((sum, present) => sum + present, 0);
    return { rows: selection.jsonRows(limit), cut: count > limit };
  }

  get replicaLabels(): readonly string[] {
    return this.options.replicaLabels;
  }

  /** What all holders' answers for a time come from; see `SeriesHolder.stateOf`. Undefined where one cannot say. */
  async stateOf(startMs: number, endMs: number): Promise<string | undefined> {
    const states: string[] = [];
    for (const holder of this.holders) {
      const state = await holder.stateOf?.(startMs, endMs).catch(() => undefined);
      if (state === undefined) return undefined;
      states.push(`${holder.name}=${state}`);
    }
    return states.join('\n');
  }

  /** Names of the live servers. */
  get liveSources(): readonly string[] {
    return this.holders
      .filter(({ fromServer, isAbsent }) => fromServer !== undefined && isAbsent !== true)
      .map(({ name }) => name);
  }

  /** The same request to the HTTP API of every live server. */
  async askServers(path: string): Promise<readonly ServerAnswer[]> {
    const answers = await this.ask(async (holder) => holder.fromServer?.(path, this.scope));
    return answers.filter((answer) => answer !== undefined);
  }

  /** What each holder would read for a selection; a holder that fails is told to the scope. */
  async estimate(matchers: readonly LabelMatcher[], hints: SelectHints): Promise<SelectionEstimate[]> {
    const margin = this.options.replicaLabels.length > 0 ? dedupMarginMs(expectedReplicas) : 0;
    const wide = { ...hints, startMs: hints.startMs - margin, endMs: hints.endMs + margin };
    const answers = await this.ask(async (holder) => holder.estimate?.(matchers, wide, this.scope));
    return answers.filter((answer) => answer !== undefined);
  }

  /** Each holder by name: what it holds, or why it does not say, and how requests to it went. */
  async describe(): Promise<
    {
      readonly name: string;
      readonly description: SourceDescription | undefined;
      readonly error: string | undefined;
      readonly record: SourceRecord | undefined;
    }[]
  > {
    const { monitor } = this.options;
    return await Promise.all(
      this.holders.map(async (holder) => {
        const { name } = holder;
        const [description, error] = await this.watched(holder, async () =>
          holder.describe?.(this.scope),
        ).then(
          (found) => [found, undefined] as const,
          (fault: unknown) => [undefined, describeError(fault)] as const,
        );
        return { name, description, error, record: monitor?.recordOf(name) };
      }),
    );
  }

  private watched<T>(holder: SeriesHolder, question: (holder: SeriesHolder) => Promise<T>): Promise<T> {
    const { monitor } = this.options;
    return monitor === undefined || holder.fromServer === undefined || holder.isAbsent === true
      ? question(holder)
      : monitor.watch(holder.name, () => question(holder));
  }

  /** Asks every holder at once; an expected failure of one is told to the scope, its answer is empty. */
  private async ask<T>(
    question: (holder: SeriesHolder) => Promise<T>,
    holders: readonly SeriesHolder[] = this.holders,
  ): Promise<T[]> {
    const outcomes = await Promise.allSettled(holders.map((holder) => this.watched(holder, question)));
    const answers: T[] = [];
    outcomes.forEach((outcome) => {
      if (outcome.status === 'fulfilled') answers.push(outcome.value);
      else if (outcome.reason instanceof CodedError && outcome.reason.code !== 'LimitExceeded')
        this.scope.partial(describeError(outcome.reason));
      else throw outcome.reason;
    });
    return answers;
  }
}
