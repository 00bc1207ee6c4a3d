import type { BlockIndex, SelectedSeries } from './block-index.ts';
import { columnsBytes, type IndexColumns } from './index-columns.ts';
import { collectPostings, type NamePostings } from './name-postings.ts';
import { selectColumns } from './select-columns.ts';
import type { SymbolMatcher } from './symbol-matcher.ts';

/** An index whose series are all held as columns; posting lists of a name are collected when it is first asked for. */
export class WholeIndex implements BlockIndex {
  private readonly columns: IndexColumns;
  private readonly postings = new Map<number, NamePostings>();
  private names: readonly string[] | undefined;
  private readonly columnBytes: number;
  private postingsBytes = 0;

  constructor(columns: IndexColumns) {
    this.columns = columns;
    this.columnBytes = columnsBytes(columns);
  }

  get sizeBytes(): number {
    return this.columnBytes + this.postingsBytes;
  }

  async select(matchers: readonly SymbolMatcher[]): Promise<SelectedSeries> {
    const { columns } = this;
    const series = selectColumns(columns, matchers, (name) => this.postingsOf(name));
    return { columns, series, owned: false };
  }

  labelNames(): readonly string[] {
    if (this.names === undefined) {
      const { labels, symbols } = this.columns;
      const found = new Set<number>();
      for (let i = 0; i < labels.length; i += 2) found.add(labels[i]!);
      this.names = [...found].sort((a, b) => symbols.compare(a, b)).map((id) => symbols.text(id));
    }
    return this.names;
  }

  labelValues(name: string): readonly string[] {
    const { symbols } = this.columns;
    const id = symbols.find(name);
    return id === undefined ? [] : Array.from(this.postingsOf(id).values, (value) => symbols.text(value));
  }

  private postingsOf(name: number): NamePostings {
    let found = this.postings.get(name);
    if (found === undefined) {
      found = collectPostings(this.columns, name);
      this.postings.set(name, found);
      this.postingsBytes += found.values.byteLength + found.start.byteLength + found.list.byteLength;
    }
    return found;
  }
}
