import { LRUCache } from 'lru-cache';
import { limits } from '../../../base/limits.ts';
import { type Metrics, silentMetrics } from '../../../base/metrics.ts';
import type { QueryResult } from '../../promql/exec/engine.ts';
import type { StepReach } from './cached-window.ts';
import { type Extent, extentBytes, extentOf, joined, resultOf, slice, stepsIn } from './extent.ts';

/** A range query on its way through the cache. */
export interface CachedQuery {
  /** All that decides an answer beside the times: tenant, text, lookback, labels of replicas, flags. */
  readonly identity: readonly unknown[];
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly reach: StepReach;
  /** Samples from here on may still change. */
  readonly freshMs: number;
  readonly monotonicMs: number;
  /** What the samples of a time come from; another text: they may have changed. Undefined: nobody can say. */
  readonly stateOf: (startMs: number, endMs: number) => Promise<string | undefined>;
  readonly evaluate: (startMs: number, endMs: number) => Promise<QueryResult>;
  /** Evaluates the asked range, to a text where that is the shorter way: of a text nothing can be kept. */
  readonly evaluateText?: () => Promise<QueryResult>;
  /** Whether a part of what was evaluated failed. */
  readonly isPartial: () => boolean;
}

interface Entry {
  readonly extent: Extent;
  readonly state: string;
  readonly storedMs: number;
  readonly bytes: number;
  /** What was said beside the answer; it holds for exactly these steps. */
  readonly told: Told;
}

type Told = Pick<QueryResult, 'annotations' | 'warnings' | 'infos'>;

/**
 * Answers of range queries by step. An entry holds one run of steps of a query; what it has of an asked range is used, the steps
 * before and after are evaluated, and the whole is kept. Steps are never moved: queries whose starts differ by a part of
 * the step have entries of their own. What can be answered as text is kept when it is asked the second time. An answer with
 * warnings or infos is given again for its own steps alone, as other steps may say other things. Nothing is kept of an answer
 * that is partial, or reads samples that may still change; an entry goes when the blocks or servers of its time do.
 */
export class RangeCache {
  readonly #entries: LRUCache<string, Entry>;
  /** Keys of queries that were asked before. */
  readonly #asked = new LRUCache<string, true>({
    maxSize: limits.rangeCacheAskedChars,
    sizeCalculation: (_, key) => key.length,
  });
  readonly #maxBytes: number;
  readonly #steps;
  readonly #held;

  constructor(maxBytes: number, metrics: Metrics = silentMetrics) {
    this.#maxBytes = maxBytes;
    this.#entries = new LRUCache({ maxSize: maxBytes, sizeCalculation: ({ bytes }) => Math.max(1, bytes) });
    this.#steps = metrics.counter('promfleet_query_range_cache_steps_total', 'Steps of range queries.', [
      'from',
    ]);
    this.#held = metrics.gauge('promfleet_query_range_cache_bytes', 'Memory of the range cache.');
  }

  async run(query: CachedQuery): Promise<QueryResult> {
    const { startMs, stepMs, reach } = query;
    const endMs = startMs + Math.floor((query.endMs - startMs) / stepMs) * stepMs;
    const key = JSON.stringify([...query.identity, stepMs, ((startMs % stepMs) + stepMs) % stepMs]);
    // The state is asked before the old entry is looked at, and that before anything is evaluated: a change in the midst
    // makes what is kept invalid, not wrong.
    const old = this.#entries.get(key)?.extent;
    const isNear = old !== undefined && overlap(old, startMs, endMs) !== undefined;
    const keptFromMs = isNear ? Math.min(startMs, old.startMs) : startMs;
    const keptToMs = lastSettled(query, isNear ? Math.max(endMs, old.endMs) : endMs);
    const state = await query.stateOf(keptFromMs - reach.beforeMs, keptToMs + reach.afterMs);
    const entry = isNear ? await this.#valid(key, query) : undefined;
    const isUsed =
      entry !== undefined && entry.extent === old && (!isTold(entry.told) || spans(old, startMs, endMs));
    const known = isUsed ? overlap(entry.extent, startMs, endMs) : undefined;
    const asked = (from: number, to: number) => (from > to ? undefined : query.evaluate(from, to));
    if (known === undefined) {
      const result = await this.#evaluateWhole(key, query, endMs);
      this.#count('evaluated', endMs - startMs, stepMs);
      if (result.text !== undefined) return result;
      if (this.#isSmall(result, startMs, endMs, stepMs))
        this.#keep(key, query, state, [result], [extentFrom(result, startMs, endMs, stepMs)]);
      return result;
    }
    const before = await asked(startMs, known.startMs - stepMs);
    const after = await asked(known.endMs + stepMs, endMs);
    const fresh = [before, after].filter((result) => result !== undefined);
    // Texts of parts cannot be made those of the whole: their order and number would differ.
    if (fresh.some(isTold)) return query.evaluate(startMs, endMs);
    this.#count('cached', known.endMs - known.startMs, stepMs);
    const parts = [
      ...(before === undefined ? [] : [extentFrom(before, startMs, known.startMs - stepMs, stepMs)]),
      known,
      ...(after === undefined ? [] : [extentFrom(after, known.endMs + stepMs, endMs, stepMs)]),
    ];
    if (fresh.length > 0) {
      this.#count('evaluated', endMs - startMs - (known.endMs - known.startMs) - stepMs, stepMs);
      const [first, last] = [parts[0]!, parts.at(-1)!];
      const whole = entry!.extent;
      const grown = [
        ...(before === undefined ? [] : [first]),
        whole,
        ...(after === undefined || whole.endMs >= last.startMs ? [] : [last]),
      ];
      this.#keep(key, query, state, fresh, grown);
    }
    return {
      value: { type: 'matrix', series: resultOf(joined(parts)) },
      ...entry!.told,
      samples: { queryable: 0, peak: 0 },
    };
  }

  /** What is asked for the first time may never be asked again: it goes the shorter way, and is kept the second time. */
  async #evaluateWhole(key: string, query: CachedQuery, endMs: number): Promise<QueryResult> {
    if (query.evaluateText === undefined || this.#asked.has(key)) return query.evaluate(query.startMs, endMs);
    this.#asked.set(key, true);
    return query.evaluateText();
  }

  /** The entry of a query, unless what it came from has changed since. */
  async #valid(key: string, { reach, stateOf, monotonicMs }: CachedQuery): Promise<Entry | undefined> {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const { extent, state, storedMs } = entry;
    const now = await stateOf(extent.startMs - reach.beforeMs, extent.endMs + reach.afterMs);
    if (now === state && monotonicMs - storedMs < limits.rangeCacheAgeMs) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  #keep(
    key: string,
    query: CachedQuery,
    state: string | undefined,
    results: readonly QueryResult[],
    parts: readonly Extent[],
  ): void {
    const [first, last] = [parts[0]!, parts.at(-1)!];
    const endMs = lastSettled(query, last.endMs);
    if (state === undefined || query.isPartial() || endMs < first.startMs) return;
    const [{ annotations, warnings, infos }] = results as [QueryResult];
    // Of steps that are left out nobody knows what was said.
    if (results.some(isTold) && (results.length > 1 || endMs < last.endMs)) return;
    if ((endMs - first.startMs) / query.stepMs > limits.rangeCacheSteps) return;
    const extent = slice(joined(parts), first.startMs, endMs);
    const told = { annotations, warnings, infos };
    const textBytes = [...warnings, ...infos].reduce((sum, text) => sum + text.length * 4, key.length * 2);
    const entry = {
      extent,
      state,
      storedMs: query.monotonicMs,
      told,
      bytes: extentBytes(extent) + textBytes,
    };
    this.#entries.set(key, entry);
    this.#held.set(this.#entries.calculatedSize);
  }

  /** A result that would fill a large part of the cache is not even copied for it. */
  #isSmall({ value }: QueryResult, startMs: number, endMs: number, stepMs: number): boolean {
    const series = value.type === 'matrix' ? value.series.length : 0;
    return series * stepsIn(startMs, endMs, stepMs) * 8 <= this.#maxBytes / 8;
  }

  #count(from: string, timeMs: number, stepMs: number): void {
    this.#steps.add(Math.max(0, Math.floor(timeMs / stepMs) + 1), { from });
  }
}

const spans = (extent: Extent, startMs: number, endMs: number) =>
  extent.startMs === startMs && extent.endMs === endMs;

const isTold = ({ warnings, infos }: Told) => warnings.length > 0 || infos.length > 0;

function extentFrom({ value }: QueryResult, startMs: number, endMs: number, stepMs: number): Extent {
  const series = value.type === 'matrix' ? value.series : [];
  return extentOf(series, { startMs, endMs, stepMs });
}

/** The last step up to `endMs` that reads nothing which may still change. */
function lastSettled({ startMs, stepMs, freshMs, reach }: CachedQuery, endMs: number): number {
  const settled = startMs + Math.floor((freshMs - reach.afterMs - startMs) / stepMs) * stepMs;
  return Math.min(endMs, settled);
}

/** The steps of an extent inside [startMs, endMs], where there are any. */
function overlap(extent: Extent, startMs: number, endMs: number): Extent | undefined {
  const [from, to] = [Math.max(startMs, extent.startMs), Math.min(endMs, extent.endMs)];
  return from > to ? undefined : slice(extent, from, to);
}
