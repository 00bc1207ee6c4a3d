import { load } from 'js-yaml';
import type { Clock } from '../../base/clock.ts';
import { CodedError, describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { Labels } from '../promql/exec/labels.ts';
import type { SelectHints } from '../promql/exec/sample-source.ts';
import type { LabelMatcher } from '../promql/syntax/ast.ts';
import { parseDuration } from '../promql/syntax/durations.ts';
import { resolveMatchers } from '../promql/syntax/matcher.ts';
import { printMatcher } from '../promql/syntax/print.ts';
import type { Retention } from '../retention/retention.ts';
import type { RetentionStore } from '../retention/retention-store.ts';
import { decodeChunk, memoryOf, mergeColumns, sliceColumns } from '../samples/sample-columns.ts';
import { attachLabels } from './external-labels.ts';
import { LabelCache } from './label-cache.ts';
import type { LiveClient } from './live-client.ts';
import { type LiveTail, TailBuilder } from './live-tail.ts';
import { Patience } from './patience.ts';
import { hideLive } from './retention-hiding.ts';
import type { QueryScope, SeriesHolder, ServerAnswer, StoredSeries } from './source.ts';
import type { SelectionEstimate, SourceDescription } from './source-description.ts';

interface HeadStatus {
  readonly headStats: { readonly numSeries: number; readonly minTime: number; readonly maxTime: number };
}

/**
 * One live Prometheus as a holder of series, its external labels attached. One that is away or hangs costs a query no more
 * than its share of the time (`Patience`).
 */
export class LiveHolder implements SeriesHolder {
  readonly name: string;
  private readonly client: LiveClient;
  private readonly labels: LabelCache;
  private readonly patience: Patience;
  private readonly clock: Clock;
  private readonly retention: RetentionStore | undefined;
  /** For how long the server takes late samples, as its configuration said with the labels. */
  private outOfOrderMs = 0;

  /** `retention`: what of the server's samples is not to be shown. */
  constructor(client: LiveClient, clock: Clock, retention?: RetentionStore) {
    this.clock = clock;
    this.retention = retention;
    this.client = client;
    this.name = client.url;
    this.labels = new LabelCache(
      this.name,
      async (signal) => {
        const { external, outOfOrderMs } = await readConfig(client, signal);
        this.outOfOrderMs = outOfOrderMs;
        return external;
      },
      clock,
    );
    this.patience = new Patience(this.name, clock);
  }

  /** External labels as one text, where they are known and there are any: who this server is. */
  get identity(): string | undefined {
    return this.labels.lastKnown === undefined || this.labels.lastKnown.pairs.length === 0
      ? undefined
      : this.labels.lastKnown.key;
  }

  select(
    matchers: readonly LabelMatcher[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<readonly StoredSeries[]> {
    return this.ask(scope, async (signal, external) => {
      const left = resolveMatchers(matchers, external);
      if (left === undefined) return [];
      const found: StoredSeries[] = [];
      const retentions = await this.retentions(scope);
      // An empty selector is refused by nobody and means all series.
      const query = { startMs: hints.startMs, endMs: hints.endMs, matchers: left };
      for await (const series of this.client.read(query, signal)) {
        const parts = series.chunks.map((chunk) =>
          sliceColumns(decodeChunk(chunk.encoding, chunk.data), hints.startMs, hints.endMs),
        );
        const columns = mergeColumns(parts);
        scope.budget?.take({
          series: 1,
          chunks: series.chunks.length,
          samples: columns.timestamps.length,
          bytes: memoryOf(columns),
        });
        // The server lets a series' own label win over an external one: the external label is put in again.
        const labels = attachLabels(Labels.from(series.labels), external);
        const shown = hideLive(retentions, external, labels, columns, this.clock.nowMs());
        if (shown.timestamps.length > 0) found.push({ labels, columns: shown });
      }
      return found;
    });
  }

  selectTail(
    matchers: readonly LabelMatcher[],
    hints: SelectHints,
    scope: QueryScope,
    fromMs: number,
  ): Promise<LiveTail | undefined> {
    return this.ask(scope, async (signal, external) => {
      const builder = new TailBuilder(fromMs);
      const tail = () =>
        builder.finish(this.name, { minTimeMs: hints.startMs, maxTimeMs: hints.endMs + 1 }, [
          ...external.entries(),
        ]);
      const left = resolveMatchers(matchers, external);
      if (left === undefined) return tail();
      // What is hidden is judged series by series.
      const retentions = await this.retentions(scope);
      if (retentions.some((each) => !each.isEmpty)) return undefined;
      const query = { startMs: hints.startMs, endMs: hints.endMs, matchers: left };
      let takenBytes = 0;
      try {
        for await (const message of this.client.readMessages(query, signal)) {
          this.client.decoded(() => builder.add(message));
          if (!builder.isPlain) break;
          scope.budget?.take({ bytes: builder.sizeBytes - takenBytes });
          takenBytes = builder.sizeBytes;
        }
      } catch (error) {
        scope.budget?.take({ bytes: -takenBytes });
        throw error;
      }
      if (builder.isPlain) return tail();
      scope.budget?.take({ bytes: -takenBytes });
      return undefined;
    });
  }

  labelNames(
    selectors: readonly (readonly LabelMatcher[])[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<ReadonlySet<string>> {
    return this.ask(scope, async (signal, external) => {
      const query = metadataQuery(selectors, hints, external);
      if (query === undefined) return new Set();
      const names = (await this.client.json(`api/v1/labels?${query}`, signal)) as string[];
      return new Set([...names, ...[...external.entries()].map(([name]) => name)]);
    });
  }

  labelValues(
    name: string,
    selectors: readonly (readonly LabelMatcher[])[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<ReadonlySet<string>> {
    return this.ask(scope, async (signal, external) => {
      const query = metadataQuery(selectors, hints, external);
      if (query === undefined) return new Set();
      if (external.get(name) !== '') return new Set([external.get(name)]);
      const encoded = /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : `U__${escapeName(name)}`;
      const path = `api/v1/label/${encodeURIComponent(encoded)}/values?${query}`;
      return new Set((await this.client.json(path, signal)) as string[]);
    });
  }

  series(
    selectors: readonly (readonly LabelMatcher[])[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<readonly Labels[]> {
    return this.ask(scope, async (signal, external) => {
      const query = metadataQuery(selectors, hints, external);
      if (query === undefined) return [];
      const found = await this.client.json(`api/v1/series?${query}`, signal);
      return (found as Record<string, string>[]).map((labels) =>
        attachLabels(Labels.from(Object.entries(labels)), external),
      );
    });
  }

  fromServer(path: string, scope: QueryScope): Promise<ServerAnswer> {
    return this.ask(scope, async (signal, external) => ({
      data: await this.client.json(path, signal),
      external,
    }));
  }

  /** Late samples come without a sign, so an answer holds only where the server takes none; see `coverage`. */
  async stateOf(): Promise<string | undefined> {
    return this.outOfOrderMs > 0 ? undefined : this.labels.lastKnown?.key;
  }

  shipping(scope: QueryScope) {
    return this.ask(scope, async (_, external) => ({ external, outOfOrderMs: this.outOfOrderMs }));
  }

  check(scope: QueryScope): Promise<void> {
    return this.ask(scope, async () => undefined);
  }

  describe(scope: QueryScope): Promise<SourceDescription> {
    return this.ask(scope, async (signal, external) => {
      const [head, build] = await Promise.all([
        this.client.json('api/v1/status/tsdb', signal) as Promise<HeadStatus>,
        this.client.json('api/v1/status/buildinfo', signal) as Promise<{ version?: string }>,
      ]);
      const { numSeries, minTime, maxTime } = head.headStats;
      return {
        kind: 'prometheus',
        labelSets: [Object.fromEntries(external.entries())],
        // Of its head; its own blocks may reach further back.
        minTimeMs: minTime,
        maxTimeMs: maxTime,
        series: numSeries,
        ...(build.version !== undefined && { version: build.version }),
      };
    });
  }

  estimate(
    matchers: readonly LabelMatcher[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<SelectionEstimate> {
    return this.ask(scope, async (signal, external) => {
      const { name } = this;
      const query = metadataQuery([matchers], hints, external);
      if (query === undefined) return { source: name, path: 'not asked: external labels differ', series: 0 };
      const limit = limits.explainSeries;
      const found = (await this.client.json(`api/v1/series?${query}&limit=${limit}`, signal)) as unknown[];
      return { source: name, path: 'remote read', series: found.length, atLeast: found.length >= limit };
    });
  }

  /** Without the bucket what was last known of it applies on: a live server must be asked when a bucket is away. */
  private async retentions(scope: QueryScope): Promise<readonly Retention[]> {
    if (this.retention === undefined) return [];
    try {
      return await this.retention.current();
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      scope.partial(`${this.name}: what was erased of late may be shown: ${describeError(error)}`);
      return this.retention.lastKnown;
    }
  }

  close(): Promise<void> {
    this.labels.close();
    return this.client.close();
  }

  private async ask<T>(
    scope: QueryScope,
    work: (signal: AbortSignal, external: Labels) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.patience.run(scope, async (signal) => work(signal, await this.labels.get(signal)));
    } catch (error) {
      if (error instanceof CodedError && error.code === 'SourceFailed') this.labels.forget();
      throw error;
    }
  }
}

/** Selectors as the server is asked for them; undefined where its external labels exclude all of them. */
function metadataQuery(
  selectors: readonly (readonly LabelMatcher[])[],
  hints: SelectHints,
  external: Labels,
): string | undefined {
  const query = new URLSearchParams({ start: seconds(hints.startMs), end: seconds(hints.endMs) });
  let asked = 0;
  for (const matchers of selectors) {
    const left = resolveMatchers(matchers, external);
    if (left === undefined) continue;
    asked++;
    // A selector that only external labels decided means all series.
    query.append('match[]', left.length === 0 ? '{__name__!=""}' : `{${left.map(printMatcher).join(',')}}`);
  }
  return selectors.length > 0 && asked === 0 ? undefined : query.toString();
}

interface PrometheusConfig {
  readonly global?: { readonly external_labels?: Record<string, unknown> | null } | null;
  readonly storage?: { readonly tsdb?: { readonly out_of_order_time_window?: unknown } | null } | null;
}

async function readConfig(
  client: LiveClient,
  signal: AbortSignal,
): Promise<{ external: Labels; outOfOrderMs: number }> {
  const answer = (await client.json('api/v1/status/config', signal)) as { yaml?: unknown } | null;
  const text = typeof answer?.yaml === 'string' ? answer.yaml : '';
  if (text.trim() === '') return { external: Labels.empty, outOfOrderMs: 0 };
  let config: PrometheusConfig | null | undefined;
  try {
    config = load(text) as typeof config;
  } catch {
    throw new CodedError('SourceFailed', `source ${client.url}: its configuration is no YAML`);
  }
  const labels = Object.entries(config?.global?.external_labels ?? {});
  const window = parseDuration(String(config?.storage?.tsdb?.out_of_order_time_window ?? '0s'));
  return {
    external: Labels.from(labels.map(([name, value]) => [name, String(value)])),
    outOfOrderMs: 'ms' in window ? window.ms : 0,
  };
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** Prometheus's escaping of a UTF-8 name in a path: legal characters stay, `_` doubles, others become `_hex_`. */
function escapeName(name: string): string {
  return [...name]
    .map((char) =>
      char === '_' ? '__' : /[a-zA-Z0-9:]/.test(char) ? char : `_${char.codePointAt(0)!.toString(16)}_`,
    )
    .join('');
}
