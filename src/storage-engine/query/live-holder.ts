import { load } from 'js-yaml';
import { Labels } from '../promql/exec/labels.ts';
import type { SelectHints } from '../promql/exec/sample-source.ts';
import type { LabelMatcher } from '../promql/syntax/ast.ts';
import { printMatcher } from '../promql/syntax/print.ts';
import { attachLabels, resolveMatchers } from './external-labels.ts';
import type { LiveClient } from './live-client.ts';
import { decodeChunk, mergeColumns, sliceColumns } from './sample-columns.ts';
import type { QueryScope, SeriesHolder, StoredSeries } from './source.ts';

/** One live Prometheus as a holder of series, its external labels attached. */
export class LiveHolder implements SeriesHolder {
  readonly name: string;
  private readonly client: LiveClient;

  constructor(client: LiveClient) {
    this.client = client;
    this.name = client.url;
  }

  async select(
    matchers: readonly LabelMatcher[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<readonly StoredSeries[]> {
    const external = await this.externalLabels(scope);
    const left = resolveMatchers(matchers, external);
    if (left === undefined) return [];
    const found: StoredSeries[] = [];
    // An empty selector is refused by nobody and means all series.
    const query = { startMs: hints.startMs, endMs: hints.endMs, matchers: left };
    for await (const series of this.client.read(query, scope.signal)) {
      const parts = series.chunks.map((chunk) =>
        sliceColumns(decodeChunk(chunk.encoding, chunk.data), hints.startMs, hints.endMs),
      );
      const columns = mergeColumns(parts);
      if (columns.timestamps.length === 0) continue;
      // The server lets a series' own label win over an external one: the external label is put in again.
      found.push({ labels: attachLabels(Labels.from(series.labels), external), columns });
    }
    return found;
  }

  async labelNames(
    selectors: readonly (readonly LabelMatcher[])[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<ReadonlySet<string>> {
    const { external, query } = await this.metadataQuery(selectors, hints, scope);
    if (query === undefined) return new Set();
    const names = (await this.client.json(`api/v1/labels?${query}`, scope.signal)) as string[];
    return new Set([...names, ...[...external.entries()].map(([name]) => name)]);
  }

  async labelValues(
    name: string,
    selectors: readonly (readonly LabelMatcher[])[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<ReadonlySet<string>> {
    const { external, query } = await this.metadataQuery(selectors, hints, scope);
    if (query === undefined) return new Set();
    if (external.get(name) !== '') return new Set([external.get(name)]);
    const encoded = /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : `U__${escapeName(name)}`;
    return new Set(
      (await this.client.json(
        `api/v1/label/${encodeURIComponent(encoded)}/values?${query}`,
        scope.signal,
      )) as string[],
    );
  }

  async series(
    selectors: readonly (readonly LabelMatcher[])[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<readonly Labels[]> {
    const { external, query } = await this.metadataQuery(selectors, hints, scope);
    if (query === undefined) return [];
    const found = (await this.client.json(`api/v1/series?${query}`, scope.signal)) as Record<
      string,
      string
    >[];
    return found.map((labels) => attachLabels(Labels.from(Object.entries(labels)), external));
  }

  close(): Promise<void> {
    return this.client.close();
  }

  /** Selectors as the server is asked for them; undefined where its external labels exclude all of them. */
  private async metadataQuery(
    selectors: readonly (readonly LabelMatcher[])[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<{ external: Labels; query: string | undefined }> {
    const external = await this.externalLabels(scope);
    const query = new URLSearchParams({ start: seconds(hints.startMs), end: seconds(hints.endMs) });
    let asked = 0;
    for (const matchers of selectors) {
      const left = resolveMatchers(matchers, external);
      if (left === undefined) continue;
      asked++;
      // A selector that only external labels decided means all series.
      query.append('match[]', left.length === 0 ? '{__name__!=""}' : `{${left.map(printMatcher).join(',')}}`);
    }
    return { external, query: selectors.length > 0 && asked === 0 ? undefined : query.toString() };
  }

  /** Read anew for each query: a reload may change them, and a wrong label is worse than one small request. */
  private async externalLabels(scope: QueryScope): Promise<Labels> {
    const answer = (await this.client.json('api/v1/status/config', scope.signal)) as { yaml?: string };
    const config = load(answer.yaml ?? '') as
      | { global?: { external_labels?: Record<string, unknown> } }
      | undefined;
    return Labels.from(
      Object.entries(config?.global?.external_labels ?? {}).map(([name, value]) => [name, String(value)]),
    );
  }
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
