import { limits } from '../../base/limits.ts';
import { SymbolDictionary } from '../block/index/symbol-dictionary.ts';
import { MergedSeries } from '../block/merge/merged-series.ts';
import { narrow } from '../block/merge/narrow.ts';
import type { Selection } from '../block/selection.ts';
import type { LiveTail } from './live-tail.ts';

/** Makes one selection of what live servers streamed where no bucket stands beside them. */
export class TailJoiner {
  /** Kept over queries, as servers go on naming the same things. */
  private symbols = new SymbolDictionary();

  join(
    tails: readonly LiveTail[],
    dropLabels: readonly string[],
    { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
  ): Selection {
    if (this.symbols.sizeBytes > limits.staleSymbolsBytes) this.symbols = new SymbolDictionary();
    const { symbols } = this;
    const merged = new MergedSeries(
      symbols,
      tails.map((tail) => tail.answer(symbols)),
      dropLabels,
    );
    return narrow(merged, startMs, endMs);
  }
}
