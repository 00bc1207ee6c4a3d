import type { IndexColumns } from './index-columns.ts';
import type { SymbolMatcher } from './symbol-matcher.ts';

/** Series of one block that a selector takes: numbers in `columns`, ascending. */
export interface SelectedSeries {
  readonly columns: IndexColumns;
  readonly series: Uint32Array;
  /** Whether the columns were made for this selection. */
  readonly owned: boolean;
}

/** The index of one block, held whole or read by section. */
export interface BlockIndex {
  /** Bytes that it holds in memory; grows with use. */
  readonly sizeBytes: number;
  select(matchers: readonly SymbolMatcher[], signal?: AbortSignal): Promise<SelectedSeries>;
  /** Names and values in byte order. */
  labelNames(): readonly string[];
  labelValues(name: string): readonly string[];
}
