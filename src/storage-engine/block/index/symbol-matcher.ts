import type { LabelMatcher } from '../../promql/syntax/ast.ts';
import { compileMatcher, listedValues } from '../../promql/syntax/matcher.ts';
import type { SymbolDictionary } from './symbol-dictionary.ts';

const [unknown, accepted, refused] = [0, 1, 2] as const;

/**
 * A label matcher on the symbols of a dictionary, for one query: every value is tried once, however many blocks and
 * series have it.
 */
export class SymbolMatcher {
  readonly matcher: LabelMatcher;
  /** Whether a series without the label is taken. */
  readonly takesEmpty: boolean;
  /** The only values that are taken, where they can be listed. */
  readonly listed: readonly string[] | undefined;
  readonly test: (value: string) => boolean;
  private readonly symbols: SymbolDictionary;
  private tried = new Uint8Array(0);

  constructor(matcher: LabelMatcher, symbols: SymbolDictionary) {
    this.matcher = matcher;
    this.symbols = symbols;
    this.test = compileMatcher(matcher);
    this.takesEmpty = this.test('');
    this.listed = this.takesEmpty ? undefined : listedValues(matcher);
  }

  takes(id: number): boolean {
    if (id >= this.tried.length) {
      const longer = new Uint8Array(Math.max(this.symbols.count, id + 1));
      longer.set(this.tried);
      this.tried = longer;
    }
    if (this.tried[id] === unknown) this.tried[id] = this.test(this.symbols.text(id)) ? accepted : refused;
    return this.tried[id] === accepted;
  }
}
